// What an answer rests on while nodes, links and groups have failed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"

#include <cstdint>
#include <vector>

namespace rnet {

/// Which hyperconnections were used: bit k for hyperconnection k of the network. 64 at most.
using UsedSet = std::uint64_t;

/// What has failed: bit k for node k, and behind the nodes bit k for failure domain k.
using DownSet = std::uint64_t;

/// What that takes away. Bits are nodes and hyperconnections.
struct Outage {
  std::uint64_t nodes;
  UsedSet cut;
};
Outage find_outage(const NetworkDescription &network, DownSet down);

/// The hyperconnections that an answer uses: those whose tensors were taken, on a path to the head
/// that gives it. `flow` is false where that has no input at all.
struct Usage {
  UsedSet used;
  bool flow;
  std::size_t head = 0; ///< of output 0
};
/// Of the answers of all heads of output 0, while these have failed.
std::vector<Usage> find_usages(const NetworkDescription &network, DownSet down);
/// Of the answer that counts: that of the first head which has one. Where none has, there is no
/// flow.
Usage find_usage(const NetworkDescription &network, DownSet down);

} // namespace rnet
