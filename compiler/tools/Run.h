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
  std::string input;      ///< JSON lines or a dataset; empty: JSON lines from standard input
  std::string identity;   ///< what `rnet keys` wrote; empty: plain text over sockets
  std::string http, grpc; ///< addresses of doors for clients; empty: none
  std::string log = "plain";
  bool restart = false;
  unsigned deadlineMs = 1000;

  /// Until it is interrupted.
  bool serves() const { return !http.empty() || !grpc.empty(); }
};

void addRunOptions(CLI::App &command, RunOptions &options);

/// Starts the nodes, answers requests in turn, stops the nodes; where there are doors for clients,
/// not before it is interrupted. Returns the exit code; one that was interrupted before the end of
/// its input is 130.
int run(const RunOptions &options);

} // namespace rnet::tools
