// Many failure patterns at once: which states the nodes of a network can be in, and an order to run
// each of them once. Made from the network alone, before there are data or weights.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ownership and threads: plain data; any thread may read it.
#pragma once

#include "rnet/evaluate/forward.h"

#include <span>
#include <vector>

namespace rnet::evaluate {

/// What a node computes depends on the inputs that its mux takes, and on the states of the nodes
/// these come from: that is the node's *state*. It is absent where the node is down or nothing is
/// taken; so is what a cut hyperconnection would bring. Patterns in which the same head answers,
/// and its node has the same state, have the same *answer*, bit for bit, and use the same
/// hyperconnections. Of all
/// states, those are run that some answer rests on.
struct Plan {
  static constexpr std::size_t kNone = ~std::size_t(0);

  /// One state: the node's program is run once.
  struct Step {
    std::size_t node;
    std::vector<std::size_t> inputs;  ///< buffer of each input; kNone: absent, or not taken
    std::vector<std::size_t> results; ///< buffer of each result
    std::size_t answer = kNone;       ///< that the results hold, at the node of a head
  };

  std::vector<Step> steps;          ///< each after those that it takes inputs from
  std::vector<std::size_t> buffers; ///< elements a row of each; the network's inputs come first
  std::vector<std::size_t> answers; ///< the answer of each pattern; kNone where nothing flows
  std::vector<UsedSet> used;        ///< hyperconnections that each answer uses
  std::vector<std::size_t> heads;   ///< of output 0, that each answer comes from

  /// Bytes of all buffers, for each row of a batch.
  std::size_t row_bytes() const;
};

/// The order: of all states whose inputs are there, one of the last node. So what is computed is
/// used up before more is begun, and a buffer serves again as soon as no state needs what it holds.
///
/// What hyperconnections in `cut` would bring is absent in every pattern.
Plan make_plan(const NetworkDescription &network, std::span<const DownSet> patterns,
               UsedSet cut = 0);

} // namespace rnet::evaluate
