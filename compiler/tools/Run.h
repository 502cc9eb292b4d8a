// `rnet run`: all nodes of a built network as processes on this machine.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace rnet::tools {

struct RunOptions {
  std::string directory; ///< as `rnet build -o` wrote it
  std::string weights;
  std::string input;    ///< JSON lines or a dataset; empty: JSON lines from standard input
  std::string identity; ///< what `rnet keys` wrote; empty: plain text over sockets
  bool restart = false;
  unsigned deadlineMs = 1000;
};

void addRunOptions(CLI::App &command, RunOptions &options);

/// Starts the nodes, answers requests in turn, stops the nodes. Returns the exit code; one that was
/// interrupted is 130.
int run(const RunOptions &options);

} // namespace rnet::tools
