// Whether information still flows while nodes fail.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/Flow.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace rnet;

//===-- From the IR ---------------------------------------------------------------------------===//

static llvm::StringMap<unsigned> numberNodes(NetworkOp network) {
  llvm::StringMap<unsigned> numbers;
  for (auto node : network.getOps<NodeOp>())
    numbers.try_emplace(node.getName(), numbers.size());
  return numbers;
}

FlowGraph rnet::getFlowGraph(NetworkOp network) {
  const llvm::StringMap<unsigned> numbers = numberNodes(network);
  FlowGraph graph;
  graph.sources.resize(numbers.size());
  for (auto input : network.getOps<InputOp>())
    graph.sources[numbers.lookup(input.getNode())] = true;
  for (auto connection : network.getOps<HyperconnectionOp>())
    graph.links.push_back({numbers.lookup(connection.getSender().getName()),
                           numbers.lookup(connection.getReceiver())});
  auto output = *network.getOps<OutputOp>().begin();
  graph.output = numbers.lookup(output.getValue().getDefiningOp<NodeOp>().getName());
  return graph;
}

std::vector<double> rnet::getReliability(NetworkOp network, ReliabilityOp setting) {
  const llvm::StringMap<unsigned> numbers = numberNodes(network);
  std::vector<double> up(numbers.size(), 1);
  for (NamedAttribute entry : setting.getNodes())
    up[numbers.lookup(entry.getName().getValue())] =
        cast<FloatAttr>(entry.getValue()).getValueAsDouble();
  return up;
}

//===-- Ways ----------------------------------------------------------------------------------===//

namespace {
/// What feeds each node, and the last node that it feeds; 0: it feeds none.
struct Ways {
  explicit Ways(const FlowGraph &graph) : incoming(graph.size()), lastUse(graph.size()) {
    for (const FlowGraph::Link &link : graph.links) {
      incoming[link.to].push_back(link.from);
      lastUse[link.from] = std::max(lastUse[link.from], link.to);
    }
  }

  std::vector<llvm::SmallVector<unsigned, 2>> incoming;
  std::vector<unsigned> lastUse;
};
} // namespace

FlowGraph rnet::without(const FlowGraph &graph, unsigned link) {
  FlowGraph rest = graph;
  rest.links.erase(rest.links.begin() + link);
  return rest;
}

std::optional<std::vector<double>> rnet::computeLive(const FlowGraph &graph,
                                                     llvm::ArrayRef<double> up, size_t limit) {
  const Ways ways(graph);
  std::vector<double> result(graph.size());
  // Bit `slot[node]` of a state says that the node is live, from its own turn to that of the last
  // node it feeds.
  std::vector<unsigned> slot(graph.size());
  std::vector<std::pair<uint64_t, double>> states{{0, 1}}, next;
  uint64_t taken = 0;
  for (unsigned node = 0; node < graph.size(); ++node) {
    uint64_t feeds = 0, ends = 0, own = 0;
    for (unsigned from : ways.incoming[node]) {
      feeds |= uint64_t(1) << slot[from];
      if (ways.lastUse[from] == node)
        ends |= uint64_t(1) << slot[from];
    }
    taken &= ~ends;
    if (ways.lastUse[node] > 0) {
      if (~taken == 0)
        return std::nullopt;
      slot[node] = llvm::countr_one(taken);
      own = uint64_t(1) << slot[node];
      taken |= own;
    }
    next.clear();
    for (const auto &[state, probability] : states) {
      const double live = graph.sources[node] || (state & feeds) ? up[node] : 0;
      result[node] += probability * live;
      if (live > 0)
        next.emplace_back((state & ~ends) | own, probability * live);
      if (live < 1)
        next.emplace_back(state & ~ends, probability * (1 - live));
    }
    // States that no later node can tell apart are one.
    llvm::sort(next, llvm::less_first());
    states.clear();
    for (const auto &[state, probability] : next)
      if (!states.empty() && states.back().first == state)
        states.back().second += probability;
      else
        states.emplace_back(state, probability);
    if (states.size() > limit)
      return std::nullopt;
  }
  return result;
}

//===-- Sampling ------------------------------------------------------------------------------===//

/// 64 independent bits, each 1 with this probability: bits of the probability against random ones,
/// from the highest down, until all 64 comparisons are decided.
static uint64_t drawBits(double probability, std::mt19937_64 &random) {
  if (probability >= 1)
    return ~uint64_t(0);
  uint64_t result = 0, open = ~uint64_t(0);
  for (double rest = probability; open != 0 && rest > 0;) {
    rest *= 2;
    const uint64_t bits = random();
    if (rest >= 1) {
      rest -= 1;
      result |= open & ~bits;
      open &= bits;
    } else {
      open &= ~bits;
    }
  }
  return result;
}

std::vector<FlowEstimate> rnet::estimateLive(const FlowGraph &graph, llvm::ArrayRef<double> up,
                                             size_t samples, uint64_t seed) {
  const Ways ways(graph);
  std::mt19937_64 random(seed);
  std::vector<uint64_t> live(graph.size());
  std::vector<size_t> hits(graph.size());
  size_t count = 0;
  for (; count < samples; count += 64) {
    for (unsigned node = 0; node < graph.size(); ++node) {
      uint64_t reached = graph.sources[node] ? ~uint64_t(0) : 0;
      for (unsigned from : ways.incoming[node])
        reached |= live[from];
      live[node] = reached ? reached & drawBits(up[node], random) : 0;
      hits[node] += llvm::popcount(live[node]);
    }
  }
  const double n = static_cast<double>(count), z = 1.959964;
  std::vector<FlowEstimate> estimates;
  for (size_t hit : hits) {
    const double p = static_cast<double>(hit) / n, middle = (p + z * z / (2 * n)) / (1 + z * z / n),
                 reach = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    estimates.push_back({p, middle - reach, middle + reach});
  }
  return estimates;
}
