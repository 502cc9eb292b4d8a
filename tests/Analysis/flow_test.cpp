// Information flow: exact, sampled, and by brute force.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/Flow.h"

#include <gtest/gtest.h>

#include <random>

using namespace rnet;

namespace {

/// Which nodes are live where those of the set `up` are.
std::vector<bool> live(const FlowGraph &graph, uint64_t up) {
  std::vector<bool> live(graph.size());
  for (unsigned node = 0; node < graph.size(); ++node) {
    bool reached = graph.sources[node];
    for (const FlowGraph::Link &link : graph.links)
      reached |= link.to == node && live[link.from];
    if (node < graph.needs.size())
      for (unsigned need : graph.needs[node])
        reached = reached && live[need];
    live[node] = reached && (up >> node & 1);
  }
  return live;
}

std::vector<double> enumerate(const FlowGraph &graph, const std::vector<double> &up) {
  std::vector<double> result(graph.size());
  for (uint64_t set = 0; set < uint64_t(1) << graph.size(); ++set) {
    double probability = 1;
    for (unsigned node = 0; node < graph.size(); ++node)
      probability *= set >> node & 1 ? up[node] : 1 - up[node];
    const std::vector<bool> lives = live(graph, set);
    for (unsigned node = 0; node < graph.size(); ++node)
      result[node] += lives[node] ? probability : 0;
  }
  return result;
}

/// A chain with links that skip up to `reach` nodes, some sources besides the first node.
FlowGraph randomGraph(std::mt19937 &random, unsigned nodes, unsigned reach, double density) {
  std::uniform_real_distribution<> uniform;
  FlowGraph graph;
  graph.sources.resize(nodes);
  graph.sources[0] = true;
  graph.output = nodes - 1;
  for (unsigned to = 1; to < nodes; ++to) {
    graph.sources[to] = uniform(random) < 0.05;
    for (unsigned from = to - std::min(to, reach); from < to; ++from)
      if (uniform(random) < density)
        graph.links.push_back({from, to});
  }
  return graph;
}

std::vector<double> randomReliability(std::mt19937 &random, unsigned nodes, double least) {
  std::uniform_real_distribution<> between(least, 1);
  std::vector<double> up(nodes);
  for (double &probability : up)
    probability = random() % 5 == 0 ? 1 : between(random);
  return up;
}

TEST(Flow, EqualsTheSumOverAllFailurePatterns) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 60; ++trial) {
    const unsigned nodes = 2 + random() % 11;
    const FlowGraph graph = randomGraph(random, nodes, 1 + random() % nodes, 0.4);
    const std::vector<double> up = randomReliability(random, nodes, trial % 3 ? 0.5 : 0),
                              expected = enumerate(graph, up);
    const auto found = computeLive(graph, up);
    ASSERT_TRUE(found);
    for (unsigned node = 0; node < nodes; ++node)
      ASSERT_NEAR((*found)[node], expected[node], 1e-12) << "trial " << trial << ", node " << node;
  }
}

TEST(Flow, OfVerticesWithNeedsEqualsTheSumOverAllFailurePatterns) {
  std::mt19937 random(2);
  for (int trial = 0; trial < 60; ++trial) {
    const unsigned nodes = 4 + random() % 9;
    FlowGraph graph = randomGraph(random, nodes, 1 + random() % nodes, 0.6);
    graph.sources[1] = true; // a link, or a group: alone, and needed
    graph.needs.resize(nodes);
    for (unsigned node = 2; node < nodes; ++node)
      for (unsigned need = 0; need < node; ++need)
        if (random() % 5 == 0)
          graph.needs[node].push_back(need);
    const std::vector<double> up = randomReliability(random, nodes, trial % 3 ? 0.5 : 0),
                              expected = enumerate(graph, up);
    const auto found = computeLive(graph, up);
    ASSERT_TRUE(found);
    const std::vector<FlowEstimate> sampled = estimateLive(graph, up, 64'000, 1);
    for (unsigned node = 0; node < nodes; ++node) {
      ASSERT_NEAR((*found)[node], expected[node], 1e-12) << "trial " << trial << ", node " << node;
      ASSERT_NEAR(sampled[node].flow, expected[node], 0.02) << "trial " << trial;
    }
  }
}

TEST(Flow, OfTwoHundredNodesIsExactAndWithinTheIntervalOfSampling) {
  std::mt19937 random(3);
  const FlowGraph graph = randomGraph(random, 200, 8, 0.4);
  const std::vector<double> up = randomReliability(random, 200, 0.6);
  const auto exact = computeLive(graph, up);
  ASSERT_TRUE(exact);
  const std::vector<FlowEstimate> sampled = estimateLive(graph, up, 200'000, 7);
  unsigned outside = 0;
  for (unsigned node = 0; node < 200; ++node)
    outside += (*exact)[node] < sampled[node].low || (*exact)[node] > sampled[node].high;
  // Nineteen of twenty intervals hold the truth; neighbours' are not independent.
  EXPECT_LE(outside, 30u);
  EXPECT_GT(sampled[199].high - sampled[199].low, 0);
}

TEST(Flow, IsSampledWhereTooManyNodesFeedOthersAtATime) {
  std::mt19937 random(4);
  const FlowGraph wide = randomGraph(random, 300, 100, 0.05);
  EXPECT_FALSE(computeLive(wide, randomReliability(random, 300, 0.6), 1000));
  const FlowGraph wider = randomGraph(random, 300, 200, 0.5);
  EXPECT_FALSE(computeLive(wider, std::vector<double>(300, 1.0)));
}

TEST(Flow, OfAHundredThousandNodesTakesSeconds) {
  std::mt19937 random(5);
  const FlowGraph graph = randomGraph(random, 100'000, 8, 0.4);
  const std::vector<FlowEstimate> sampled =
      estimateLive(graph, randomReliability(random, 100'000, 0.9), 1024, 1);
  EXPECT_GE(sampled[graph.output].low, 0);
  EXPECT_LE(sampled[graph.output].high, 1);
  EXPECT_LE(sampled[graph.output].low, sampled[graph.output].high);
}

TEST(Flow, WithoutALinkIsThatOfTheRest) {
  const FlowGraph chain{{true, false, false}, {{0, 1}, {1, 2}, {0, 2}}, 2};
  const std::vector<double> up{1, 0.5, 1};
  EXPECT_DOUBLE_EQ((*computeLive(chain, up))[2], 1);
  EXPECT_DOUBLE_EQ((*computeLive(without(chain, 2), up))[2], 0.5);
  EXPECT_DOUBLE_EQ((*computeLive(without(without(chain, 2), 0), up))[2], 0);
}

} // namespace
