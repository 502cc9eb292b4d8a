// The process of one node, NET-NODE.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/program.h"

#include <memory>

namespace rnet::net {

/// Serves node `node` of the network until SIGTERM or SIGINT. `make` makes a program of the node,
/// not loaded yet: one for each generation of weights. Returns the exit code; says on stderr what
/// went wrong.
int main(int argc, char **argv, const NetworkDescription &network, std::size_t node,
         std::unique_ptr<Program> (*make)());

/// The same, by the program's type.
template <class NodeProgram>
int main(int argc, char **argv, const NetworkDescription &network, std::size_t node) {
  return main(argc, argv, network, node,
              []() -> std::unique_ptr<Program> { return std::make_unique<NodeProgram>(); });
}

} // namespace rnet::net
