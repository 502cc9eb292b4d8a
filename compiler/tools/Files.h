// Files that the driver writes: whole or not at all.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Target/Cpp/Project.h"

namespace rnet::tools {

/// Writes text atomically, or to standard output where `path` is empty. False, and a message, where
/// that fails.
bool writeText(const std::string &path, llvm::StringRef text);

/// Writes the files of a project below a folder. Those that did not change keep their time stamps;
/// generated files of an earlier run that the project no longer has are removed.
bool writeProject(const std::vector<target::GeneratedFile> &files, const std::string &folder);

} // namespace rnet::tools
