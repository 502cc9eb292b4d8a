// A network under all its failure patterns at once.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "PatternTable.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

using namespace rnet;

static constexpr unsigned kMostFailable = 16;
static constexpr float kNoWay = std::numeric_limits<float>::infinity();

std::optional<PatternTable> PatternTable::make(const PlacementProblem &problem) {
  const size_t nodes = problem.graph.size();
  std::vector<unsigned> failable;
  for (unsigned node = 0; node < nodes; ++node)
    if (problem.up[node] > 0 && problem.up[node] < 1)
      failable.push_back(node);
  const uint64_t layers =
      std::accumulate(problem.depths.begin(), problem.depths.end(), uint64_t(0));
  if (failable.size() > kMostFailable || layers > 30'000)
    return std::nullopt;
  PatternTable table(problem);
  table.probabilities.assign(size_t(1) << failable.size(), 1);
  table.upMasks.resize(nodes);
  for (unsigned node = 0; node < nodes; ++node)
    table.upMasks[node].assign(table.patterns(), problem.up[node] > 0 ? -1 : 0);
  for (auto [bit, node] : llvm::enumerate(failable))
    for (size_t pattern = 0; pattern < table.patterns(); ++pattern) {
      const bool isDown = pattern >> bit & 1;
      table.upMasks[node][pattern] = isDown ? 0 : -1;
      table.probabilities[pattern] *= isDown ? 1 - problem.up[node] : problem.up[node];
    }
  // What vertices need are causes alone, live where they are up.
  for (unsigned vertex = 0; vertex < problem.graph.needs.size(); ++vertex)
    for (unsigned need : problem.graph.needs[vertex])
      std::transform(table.upMasks[vertex].begin(), table.upMasks[vertex].end(),
                     table.upMasks[need].begin(), table.upMasks[vertex].begin(), std::bit_and<>());
  table.incoming.resize(nodes);
  table.depths.resize(nodes);
  table.costs.resize(nodes);
  table.heard.resize(nodes);
  // Nodes with inputs feed others, where they have not the output; causes do not.
  std::vector<bool> feeds(nodes);
  feeds[problem.graph.output] = true;
  for (const FlowGraph::Link &link : problem.graph.links)
    feeds[link.from] = true;
  for (const PlacementProblem::Candidate &candidate : problem.candidates)
    feeds[candidate.link.from] = true;
  for (unsigned node = 0; node < nodes; ++node)
    if (problem.graph.sources[node] && feeds[node])
      table.sources.push_back(node);
  return table;
}

void PatternTable::connect(llvm::ArrayRef<unsigned> members, llvm::ArrayRef<unsigned> rest) {
  for (auto &links : incoming)
    links.clear();
  for (const FlowGraph::Link &link : problem->graph.links)
    incoming[link.to].push_back({link.from, 0});
  for (unsigned candidate : members) {
    const FlowGraph::Link &link = problem->candidates[candidate].link;
    incoming[link.to].push_back({link.from, 0});
  }
  for (unsigned candidate : rest) {
    const auto &[link, bytes] = problem->candidates[candidate];
    incoming[link.to].push_back({link.from, problem->bytes ? static_cast<float>(bytes) : 1});
  }
}

void PatternTable::computeDepths(size_t begin, size_t end) {
  const size_t lanes = end - begin;
  for (unsigned node = 0; node < depths.size(); ++node) {
    int16_t *depth = depths[node].data();
    std::fill_n(depth, lanes, problem->graph.sources[node] ? 1 : 0);
    for (const Link &link : incoming[node]) {
      const int16_t *from = depths[link.from].data();
      for (size_t lane = 0; lane < lanes; ++lane)
        depth[lane] = std::max(depth[lane], from[lane]);
    }
    const auto own = static_cast<int16_t>(problem->depths[node]);
    const int16_t *up = upMasks[node].data() + begin;
    for (size_t lane = 0; lane < lanes; ++lane)
      depth[lane] = static_cast<int16_t>((depth[lane] > 0 ? depth[lane] + own : 0) & up[lane]);
  }
}

void PatternTable::computeCosts(size_t begin, size_t end) {
  const size_t lanes = end - begin;
  for (unsigned node = 0; node < costs.size(); ++node) {
    float *cost = costs[node].data();
    std::fill_n(cost, lanes, problem->graph.sources[node] ? 0 : kNoWay);
    for (const Link &link : incoming[node]) {
      const float *from = costs[link.from].data();
      for (size_t lane = 0; lane < lanes; ++lane)
        cost[lane] = std::min(cost[lane], from[lane] + link.cost);
    }
    const int16_t *up = upMasks[node].data() + begin;
    for (size_t lane = 0; lane < lanes; ++lane)
      cost[lane] = up[lane] ? cost[lane] : kNoWay;
  }
}

void PatternTable::computeHeard(size_t begin, size_t end) {
  const size_t lanes = end - begin;
  for (auto &lane : heard)
    std::fill_n(lane.data(), lanes, 0);
  std::fill_n(heard[problem->graph.output].data(), lanes, -1);
  for (size_t node = heard.size(); node-- > 0;) {
    int16_t *here = heard[node].data();
    const int16_t *up = upMasks[node].data() + begin;
    for (size_t lane = 0; lane < lanes; ++lane)
      here[lane] &= up[lane];
    for (const Link &link : incoming[node]) {
      int16_t *from = heard[link.from].data();
      for (size_t lane = 0; lane < lanes; ++lane)
        from[lane] |= here[lane];
    }
  }
}

template <class Counts>
void PatternTable::accumulate(Worth &worth, size_t begin, size_t end, Counts counts) {
  computeDepths(begin, end);
  if (sources.size() > 1)
    computeHeard(begin, end);
  const int16_t *depth = depths[problem->graph.output].data();
  for (size_t pattern = begin; pattern < end; ++pattern) {
    const size_t lane = pattern - begin;
    if (!counts(lane, depth[lane]))
      continue;
    worth.flow += probabilities[pattern];
    *worth.depth += probabilities[pattern] * (depth[lane] - 1);
    if (sources.size() > 1)
      for (unsigned source : sources)
        *worth.inputs -= probabilities[pattern] * heard[source][lane];
  }
}

Worth PatternTable::nothing() const {
  return {0, sources.size() > 1 ? std::optional(0.0) : std::nullopt, 0};
}

Worth PatternTable::evaluate(llvm::ArrayRef<unsigned> members) {
  connect(members, {});
  Worth worth = nothing();
  for (size_t begin = 0; begin < patterns(); begin += kLanes)
    accumulate(worth, begin, std::min(begin + kLanes, patterns()),
               [](size_t, int16_t depth) { return depth > 0; });
  worth.flow = std::min(worth.flow, 1.0); // a sum rounds
  return worth;
}

Worth PatternTable::bound(llvm::ArrayRef<unsigned> members, llvm::ArrayRef<unsigned> rest,
                          double budget) {
  connect(members, rest);
  // Costs are rounded sums.
  const auto most = static_cast<float>(budget * (1 + 1e-5));
  const float *cost = costs[problem->graph.output].data();
  Worth worth = nothing();
  for (size_t begin = 0; begin < patterns(); begin += kLanes) {
    const size_t end = std::min(begin + kLanes, patterns());
    computeCosts(begin, end);
    accumulate(worth, begin, end, [&](size_t lane, int16_t) { return cost[lane] <= most; });
  }
  worth.flow = std::min(worth.flow, 1.0); // a sum rounds
  return worth;
}
