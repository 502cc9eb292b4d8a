// Whether information still flows from the inputs to the output while things fail: no data, no
// weights needed. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Analysis/Causes.h"

#include <optional>

namespace rnet {

/// A network as far as the ways of information go. Its vertices are numbered in topological order:
/// links and needs lead from lower to higher numbers.
struct FlowGraph {
  struct Link {
    unsigned from, to;
  };
  std::vector<bool> sources; ///< of each vertex: it has an input of the network
  std::vector<Link> links;
  unsigned output = 0; ///< the vertex whose answer counts
  /// Of each vertex: those that must be live for it to be; shorter where the last have none.
  std::vector<llvm::SmallVector<unsigned, 2>> needs = {};

  size_t size() const { return sources.size(); }
};

/// How a network's graph stands for it. Nodes are its vertices; what else may fail, and what it can
/// cut, are vertices only where they are needed, so that where only nodes fail, the graph has one
/// for each node and no needs.
struct NetworkFlow {
  /// The hyperconnections that the network's scheme kept: the first links are theirs, in the order
  /// of the IR. The output's vertex is the first output's; where that has exits, one that it and
  /// they feed.
  FlowGraph graph;
  size_t hyperconnections = 0;
  std::vector<FailureCause> causes;
  std::vector<unsigned> nodes; ///< the vertex that is each node's answer
  /// The one that fails with each cause; none for links and groups that never do.
  std::vector<std::optional<unsigned>> failures;
  /// Of each hyperconnection on standby: the vertex that is live while something comes along it,
  /// and so does something that its receiver takes rather. None for the others, and unless asked
  /// for.
  std::vector<std::optional<unsigned>> spared;
};
NetworkFlow getFlow(NetworkOp network, bool standbys = false);

/// The probability that each vertex is up in a reliability setting; those of causes that it does
/// not name always are.
std::vector<double> getReliability(const NetworkFlow &flow, ReliabilityOp setting);

/// The probability that each vertex is live: up, all that it needs live, and with a source or a
/// live vertex before it. The output's is the probability of information flow. Vertices fail
/// independently; `up` has the probability of each. Exact: goes through the vertices in order and
/// keeps, as a decision diagram does, one probability for each set of live ones that still feed
/// others. Time and memory grow with the number of such sets, 2^width at most, where width is the
/// number of vertices that feed others, or are needed by them, at a time. Nothing where there would
/// be more than `limit` sets, or the width is above 64.
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
