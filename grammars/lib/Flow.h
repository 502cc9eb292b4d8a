// Paths through a network: order, cycles, reachability, single points of failure.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/Model.h"

namespace rnet {

/// Sets network.order; reports a cycle where there is one.
bool findOrder(model::Network &network, Diagnostics &diagnostics);

/// Puts exits in the order in which they answer: the last node on the way first.
void sortExits(model::Network &network);

/// Reports nodes and outputs that no input reaches, and warns of nodes that reach no output.
void checkReachability(const model::Network &network, Diagnostics &diagnostics);

/// Decides what each skip stands in for: `groups` are the skips that one item of the spec declares,
/// `named` what it names by `for`.
struct SkipGroup {
  std::vector<unsigned> members;
  const std::vector<ast::Name> *named;
  ast::Range range;
};
void findStandIns(model::Network &network, llvm::ArrayRef<SkipGroup> groups,
                  Diagnostics &diagnostics);

/// Warns of each node, link or group that may fail and through which all information flows.
void warnSinglePoints(const model::Network &network, bool skips, Diagnostics &diagnostics);

} // namespace rnet
