// Which skip hyperconnections a network should have, judged by what failures leave of it: no data,
// no weights needed. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Analysis/Flow.h"

namespace rnet {

/// Layers with a trained matrix or filter on the longest way through a node of a network whose
/// shapes are known; projections of hyperconnections do not count.
unsigned getDepth(NodeOp node);

/// What a network is worth in a reliability setting.
struct Worth {
  double flow = 0; ///< the probability of information flow
  /// The expected number of nodes with inputs from which information reaches the answer. Nothing
  /// where a single one has inputs (it is the flow), or where it is not computed: with more than 16
  /// nodes that may fail.
  std::optional<double> inputs;
  /// The expected number of layers on the deepest live way to the answer; 0 counts where there is
  /// none. Nothing where it is not computed, as with the inputs.
  std::optional<double> depth;

  /// Above 0 where `a` is worth more: more flow; where that is the same, more inputs; where those
  /// are, more depth.
  static int compare(const Worth &a, const Worth &b);
};

struct PlacementProblem {
  struct Candidate {
    FlowGraph::Link link;
    int64_t bytes; ///< an inference, on the wire
  };
  FlowGraph graph;               ///< what is there; vertices need such alone that nothing feeds
  std::vector<unsigned> depths;  ///< of each vertex: getDepth of a node, 0 of others
  std::vector<double> up;        ///< the probability that each vertex is up
  std::vector<int64_t> mayStill; ///< bytes that each may send beside what it sends already
  std::vector<Candidate> candidates;
  std::optional<int64_t> bytes, count; ///< the budget: of all that is chosen together
};

struct Placement {
  std::vector<unsigned> chosen; ///< candidates; each adds the most to those before it
  std::vector<Worth> worths;    ///< of the network as it is, then with each that is chosen
  /// For each that is chosen: other candidates that in its place, within the budget, would let as
  /// much information flow.
  std::vector<unsigned> equals;
  Worth bound;          ///< nothing within the budget is worth more
  bool isExact = false; ///< nothing within the budget is better
  uint64_t looked = 0;  ///< sets of candidates whose worth was computed
};

/// The best set of candidates within the budget: worth most; among equals, fewest bytes; among
/// those, the candidates that come first. Branch and bound; where it is not through after `work`
/// steps of a network under one failure pattern, the best found: no worse than greedy choice by
/// worth a byte, improved by swaps. Deterministic. Nothing where the flow of the graph cannot be
/// computed exactly (see computeLive).
std::optional<Placement> place(const PlacementProblem &problem, uint64_t work = 1000 * 1000 * 1000);

/// The candidates `chosen`, in this order, whatever they are worth and cost. Nothing as above.
std::optional<Placement> propose(const PlacementProblem &problem, std::vector<unsigned> chosen);

/// The worth of the problem's graph as it is.
std::optional<Worth> judge(const PlacementProblem &problem);

} // namespace rnet
