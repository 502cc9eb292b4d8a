// Whether information still flows from the inputs to the output while nodes fail: no data, no
// weights needed. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

#include <optional>

namespace rnet {

/// A network as far as the ways of information go. Nodes are numbered in topological order: links
/// lead from lower to higher numbers.
struct FlowGraph {
  struct Link {
    unsigned from, to;
  };
  std::vector<bool> sources; ///< of each node: it has an input of the network
  std::vector<Link> links;
  unsigned output = 0; ///< the node whose answer counts

  size_t size() const { return sources.size(); }
};

/// The graph of the hyperconnections that the network's scheme kept; nodes are in the order of the
/// IR, the output's is the first output's.
FlowGraph getFlowGraph(NetworkOp network);

/// The probability that each node of the graph is up in a reliability setting; nodes it does not
/// name are always up.
std::vector<double> getReliability(NetworkOp network, ReliabilityOp setting);

/// The probability that each node is live: up, and with a source or a live node before it. The
/// output's is the probability of information flow. Nodes fail independently; `up` has the
/// probability of each. Exact: goes through the nodes in order and keeps, as a decision diagram
/// does, one probability for each set of live nodes that still feed others. Time and memory grow
/// with the number of such sets, 2^width at most, where width is the number of nodes that feed
/// others at a time. Nothing where there would be more than `limit` sets, or the width is above 64.
std::optional<std::vector<double>> computeLive(const FlowGraph &graph, llvm::ArrayRef<double> up,
                                               size_t limit = size_t(1) << 18);

/// The same by sampling, for graphs of any width.
struct FlowEstimate {
  double flow;
  double low, high; ///< Wilson's 95 % interval
};
/// `samples` is rounded up to a multiple of 64; the same seed gives the same estimates.
std::vector<FlowEstimate> estimateLive(const FlowGraph &graph, llvm::ArrayRef<double> up,
                                       size_t samples, uint64_t seed);

/// The graph with one link less.
FlowGraph without(const FlowGraph &graph, unsigned link);

} // namespace rnet
