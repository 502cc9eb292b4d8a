// `rnet fmt`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <vector>

namespace rnet::tools {

struct FormatOptions {
  bool check = false; ///< write nothing, say which files are not formatted
};

/// Formats specs in place, each atomically; a file with syntax errors stays as it is. Returns the
/// exit code.
int format(const std::vector<std::string> &paths, const FormatOptions &options);

} // namespace rnet::tools
