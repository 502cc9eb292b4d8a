// `rnet interpret`: the reference interpreter over a dataset.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

#include <string>
#include <vector>

namespace rnet::tools {

struct InterpretOptions {
  std::string weights;
  std::string data;
  std::vector<std::string> down; ///< nodes that are down
  std::size_t rows = 0;          ///< the first rows only; 0: all
};

/// Prints one JSON line per row: {"row": k, "outputs": {"activity": [..] | null}}. The network must
/// have passed buildNetworkPipeline. Returns the process's exit code; errors are on stderr.
int interpret(NetworkOp network, const InterpretOptions &options);

} // namespace rnet::tools
