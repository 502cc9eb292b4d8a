// Subcommands that are scripts: `rnet report`, `rnet experiment`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <vector>

namespace rnet::tools {

/// Becomes the Python program NAME.py of libexec/rnet beside this program's folder, with these
/// arguments; it finds this program in the environment variable RNET. Returns, with exit code 1 and
/// a message, only where that fails.
int runScript(const std::string &name, const std::vector<std::string> &arguments);

} // namespace rnet::tools
