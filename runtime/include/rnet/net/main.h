// The process of one node, NET-NODE.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/program.h"

namespace rnet::net {

/// Serves node `node` of the network until SIGTERM or SIGINT. The executable has a make_program of
/// the node for one level of instructions or several; the highest that the processor has is taken,
/// or that which RNET_LEVEL names. Returns the exit code; says on stderr what went wrong.
int main(int argc, char **argv, const NetworkDescription &network, std::size_t node);

} // namespace rnet::net
