// What an answer rests on while some nodes are down.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"

#include <cstdint>

namespace rnet {

/// Which nodes are down: bit k for node k of the network. 64 at most.
using DownSet = std::uint64_t;

/// Which hyperconnections were used: bit k for hyperconnection k of the network. 64 at most.
using UsedSet = std::uint64_t;

/// The hyperconnections that an answer of output 0 uses while these nodes are down: those whose
/// tensors were taken, on a path to the output. `flow` is false where the output has no input at
/// all.
struct Usage {
  UsedSet used;
  bool flow;
};
Usage find_usage(const NetworkDescription &network, DownSet down);

} // namespace rnet
