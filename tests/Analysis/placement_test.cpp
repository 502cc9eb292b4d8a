// Which skips a network should have: the search against a look at every set.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/Placement.h"

#include <gtest/gtest.h>

#include <random>

using namespace rnet;

namespace {

/// Flow, expected inputs and expected depth of a graph, pattern by pattern, way by way.
Worth judgeByHand(const PlacementProblem &problem, const std::vector<FlowGraph::Link> &links) {
  const size_t nodes = problem.graph.size();
  // Causes are sources as well, which nothing is fed by.
  std::vector<bool> inputs = problem.graph.sources;
  for (const auto &needs : problem.graph.needs)
    for (unsigned cause : needs)
      inputs[cause] = false;
  const bool several = std::count(inputs.begin(), inputs.end(), true) > 1;
  Worth worth{0, several ? std::optional(0.0) : std::nullopt, 0.0};
  for (uint64_t up = 0; up < uint64_t(1) << nodes; ++up) {
    double probability = 1;
    for (unsigned node = 0; node < nodes; ++node)
      probability *= up >> node & 1 ? problem.up[node] : 1 - problem.up[node];
    if (probability == 0)
      continue;
    const auto isUp = [&](unsigned node) {
      bool all = up >> node & 1;
      if (node < problem.graph.needs.size())
        for (unsigned cause : problem.graph.needs[node])
          all = all && (up >> cause & 1);
      return all;
    };
    std::vector<int> depth(nodes, -1);
    for (unsigned node = 0; node < nodes; ++node) {
      int before = problem.graph.sources[node] ? 0 : -1;
      for (const FlowGraph::Link &link : links)
        if (link.to == node)
          before = std::max(before, depth[link.from]);
      if (before >= 0 && isUp(node))
        depth[node] = before + static_cast<int>(problem.depths[node]);
    }
    if (depth[problem.graph.output] >= 0) {
      worth.flow += probability;
      *worth.depth += probability * depth[problem.graph.output];
      std::vector<bool> heard(nodes);
      heard[problem.graph.output] = true;
      for (unsigned node = nodes; node-- > 0;)
        for (const FlowGraph::Link &link : links)
          if (link.from == node && heard[link.to] && isUp(node) && isUp(link.to))
            heard[node] = true;
      for (unsigned node = 0; several && node < nodes; ++node)
        *worth.inputs += inputs[node] && heard[node] ? probability : 0;
    }
  }
  return worth;
}

struct Best {
  std::vector<unsigned> members; ///< ascending
  Worth worth;
  int64_t bytes = 0;
};

/// The best of all sets within the budget, by the order of the documentation.
Best lookAtAll(const PlacementProblem &problem) {
  std::optional<Best> best;
  for (uint64_t set = 0; set < uint64_t(1) << problem.candidates.size(); ++set) {
    Best found;
    std::vector<FlowGraph::Link> links = problem.graph.links;
    std::vector<int64_t> mayStill = problem.mayStill;
    bool fits = true;
    for (unsigned k = 0; k < problem.candidates.size(); ++k)
      if (set >> k & 1) {
        const auto &[link, bytes] = problem.candidates[k];
        links.push_back(link);
        found.members.push_back(k);
        found.bytes += bytes;
        fits &= (mayStill[link.from] -= bytes) >= 0;
      }
    if (!fits || (problem.bytes && found.bytes > *problem.bytes) ||
        (problem.count && found.members.size() > static_cast<size_t>(*problem.count)))
      continue;
    found.worth = judgeByHand(problem, links);
    const int order = best ? Worth::compare(found.worth, best->worth) : 1;
    if (order > 0 || (order == 0 && (found.bytes < best->bytes || (found.bytes == best->bytes &&
                                                                   found.members < best->members))))
      best = found;
  }
  return *best;
}

/// A chain in which some nodes beside the first take input; any pair of nodes that are no
/// neighbours may be a candidate.
PlacementProblem randomProblem(std::mt19937 &random, unsigned nodes, unsigned candidates) {
  PlacementProblem problem;
  problem.graph.sources.assign(nodes, false);
  problem.graph.sources[0] = true;
  problem.graph.output = nodes - 1;
  problem.mayStill.assign(nodes, std::numeric_limits<int64_t>::max());
  std::uniform_real_distribution<> between(0.5, 1);
  for (unsigned node = 0; node < nodes; ++node) {
    problem.up.push_back(node == 0 || node + 1 == nodes ? 1 : between(random));
    problem.depths.push_back(random() % 4);
    if (node > 0)
      problem.graph.links.push_back({node - 1, node});
  }
  std::vector<FlowGraph::Link> pairs;
  for (unsigned from = 0; from < nodes; ++from)
    for (unsigned to = from + 2; to < nodes; ++to)
      pairs.push_back({from, to});
  std::shuffle(pairs.begin(), pairs.end(), random);
  pairs.resize(std::min<size_t>(pairs.size(), candidates));
  for (const FlowGraph::Link &link : pairs)
    problem.candidates.push_back({link, 4 * (1 + static_cast<int64_t>(random() % 100))});
  return problem;
}

void expectBest(const PlacementProblem &problem) {
  const std::optional<Placement> found = place(problem);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->isExact);
  const Best best = lookAtAll(problem);
  std::vector<unsigned> members = found->chosen;
  std::sort(members.begin(), members.end());
  EXPECT_EQ(members, best.members);
  EXPECT_NEAR(found->worths.back().flow, best.worth.flow, 1e-12);
  EXPECT_EQ(found->worths.back().inputs.has_value(), best.worth.inputs.has_value());
  EXPECT_NEAR(found->worths.back().inputs.value_or(0), best.worth.inputs.value_or(0), 1e-9);
  EXPECT_NEAR(*found->worths.back().depth, *best.worth.depth, 1e-9);
  EXPECT_EQ(found->worths.size(), found->chosen.size() + 1);
}

TEST(Placement, EqualsALookAtEverySetOfATwelveNodeNetworkWithinBytes) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 12; ++trial) {
    PlacementProblem problem = randomProblem(random, 12, 11);
    problem.bytes = 50 + static_cast<int64_t>(random() % 1000);
    expectBest(problem);
  }
}

TEST(Placement, EqualsALookAtEverySetWithinACount) {
  std::mt19937 random(2);
  for (int trial = 0; trial < 60; ++trial) {
    PlacementProblem problem = randomProblem(random, 4 + random() % 5, 10);
    problem.count = 1 + static_cast<int64_t>(random() % 4);
    if (trial % 3 == 0)
      problem.bytes = 200 + static_cast<int64_t>(random() % 400);
    // Equal costs and a node that never fails make equals among the sets.
    if (trial % 4 == 0)
      for (auto &candidate : problem.candidates)
        candidate.bytes = 100;
    problem.up[1] = trial % 2 ? 1 : problem.up[1];
    expectBest(problem);
  }
}

TEST(Placement, OfSeveralInputsPrefersToHearMoreOfThem) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 30; ++trial) {
    const unsigned nodes = 5 + random() % 4;
    PlacementProblem problem = randomProblem(random, nodes, 10);
    problem.count = 1 + static_cast<int64_t>(random() % 3);
    problem.graph.sources[1] = problem.graph.sources[1 + random() % (nodes - 2)] = true;
    problem.up[random() % nodes] = 1;
    expectBest(problem);
  }
  // Both skips keep information flowing, the cheaper one of them past the second input.
  PlacementProblem problem;
  problem.graph = {{true, false, true, false, false}, {{0, 1}, {1, 2}, {2, 3}, {3, 4}}, 4};
  problem.depths = {0, 1, 1, 1, 1};
  problem.up = {1, 0.5, 1, 0.5, 1};
  problem.mayStill.assign(5, 1000);
  problem.candidates = {{{0, 4}, 4}, {{2, 4}, 8}};
  problem.count = 1;
  const std::optional<Placement> found = place(problem);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->chosen, std::vector<unsigned>{1});
  EXPECT_EQ(found->worths.back().flow, 1);
  EXPECT_EQ(found->worths.back().inputs, 1.5);
}

TEST(Placement, CountsWithLinksAndGroupsThatFail) {
  std::mt19937 random(8);
  for (int trial = 0; trial < 30; ++trial) {
    // Two causes come before the chain; whatever may fail with them needs them.
    PlacementProblem problem = randomProblem(random, 5 + random() % 3, 8);
    constexpr unsigned causes = 2;
    const auto nodes = static_cast<unsigned>(problem.graph.size());
    problem.graph.sources[random() % (nodes - 1)] = true;
    problem.graph.sources.insert(problem.graph.sources.begin(), causes, true);
    problem.up.insert(problem.up.begin(), {0.9, 0.6});
    problem.depths.insert(problem.depths.begin(), causes, 0);
    problem.mayStill.insert(problem.mayStill.begin(), causes, 0);
    problem.graph.output += causes;
    problem.graph.needs.resize(nodes + causes);
    for (unsigned node = causes; node < nodes + causes; ++node)
      for (unsigned cause = 0; cause < causes; ++cause)
        if (random() % 3 == 0)
          problem.graph.needs[node].push_back(cause);
    for (FlowGraph::Link &link : problem.graph.links)
      link = {link.from + causes, link.to + causes};
    for (auto &candidate : problem.candidates)
      candidate.link = {candidate.link.from + causes, candidate.link.to + causes};
    problem.count = 1 + static_cast<int64_t>(random() % 3);
    expectBest(problem);
  }
}

TEST(Placement, ProposesWhatItIsToldInThatOrder) {
  std::mt19937 random(9);
  PlacementProblem problem = randomProblem(random, 7, 8);
  problem.count = 1;
  const std::optional<Placement> told = propose(problem, {5, 2, 3});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->chosen, (std::vector<unsigned>{5, 2, 3}));
  EXPECT_FALSE(told->isExact);
  ASSERT_EQ(told->worths.size(), 4u);
  std::vector<FlowGraph::Link> links = problem.graph.links;
  for (size_t k = 0; k < told->worths.size(); ++k) {
    const Worth worth = judgeByHand(problem, links);
    EXPECT_NEAR(told->worths[k].flow, worth.flow, 1e-12);
    EXPECT_NEAR(*told->worths[k].depth, *worth.depth, 1e-9);
    if (k < told->chosen.size())
      links.push_back(problem.candidates[told->chosen[k]].link);
  }
}

TEST(Placement, KeepsToWhatEachNodeMayStillSend) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 20; ++trial) {
    PlacementProblem problem = randomProblem(random, 7, 10);
    problem.bytes = 1000;
    for (int64_t &bytes : problem.mayStill)
      bytes = static_cast<int64_t>(random() % 400);
    expectBest(problem);
  }
}

TEST(Placement, OfAllPairsOfTwelveNodesIsExact) {
  std::mt19937 random(4);
  PlacementProblem problem = randomProblem(random, 12, 100);
  ASSERT_EQ(problem.candidates.size(), 55u);
  problem.bytes = 500;
  const std::optional<Placement> found = place(problem);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->isExact);
  EXPECT_EQ(found->bound.flow, found->worths.back().flow);
}

TEST(Placement, OutOfWorkIsBetweenTheGreedyChoiceAndTheBound) {
  std::mt19937 random(5);
  for (int trial = 0; trial < 20; ++trial) {
    PlacementProblem problem = randomProblem(random, 8, 10);
    problem.bytes = 300;
    const std::optional<Placement> hasty = place(problem, 1);
    ASSERT_TRUE(hasty);
    EXPECT_FALSE(hasty->isExact);
    const Best best = lookAtAll(problem);
    EXPECT_GE(Worth::compare(best.worth, hasty->worths.back()), 0);
    EXPECT_GE(Worth::compare(hasty->bound, best.worth), 0);
    // Greedy choice takes what is best alone, where nothing else does more.
    int64_t bytes = 0;
    for (unsigned candidate : hasty->chosen)
      bytes += problem.candidates[candidate].bytes;
    EXPECT_LE(bytes, 300);
    for (const auto &candidate : problem.candidates)
      if (candidate.bytes <= 300) {
        std::vector<FlowGraph::Link> links = problem.graph.links;
        links.push_back(candidate.link);
        EXPECT_GE(Worth::compare(hasty->worths.back(), judgeByHand(problem, links)), 0);
      }
  }
}

TEST(Placement, OfFortyNodesThatMayFailGoesByFlowAlone) {
  std::mt19937 random(6);
  PlacementProblem problem = randomProblem(random, 42, 30);
  problem.count = 2;
  const std::optional<Placement> found = place(problem, 1 << 26);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->worths.back().depth);
  FlowGraph graph = problem.graph;
  double before = (*computeLive(graph, problem.up))[graph.output];
  for (size_t k = 0; k < found->chosen.size(); ++k) {
    EXPECT_NEAR(found->worths[k].flow, before, 1e-12);
    graph.links.push_back(problem.candidates[found->chosen[k]].link);
    const double after = (*computeLive(graph, problem.up))[graph.output];
    EXPECT_GT(after, before);
    before = after;
  }
  EXPECT_EQ(found->chosen.size(), 2u);
  EXPECT_GE(found->bound.flow, before - 1e-12);
}

TEST(Placement, ChoosesNothingWhereNothingIsGained) {
  PlacementProblem problem;
  problem.graph = {{true, false, false}, {{0, 1}, {1, 2}}, 2};
  problem.depths = {0, 1, 1};
  problem.up = {1, 1, 1};
  problem.mayStill.assign(3, 1000);
  problem.candidates = {{{0, 2}, 4}};
  problem.count = 1;
  const std::optional<Placement> found = place(problem);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->isExact);
  EXPECT_TRUE(found->chosen.empty());
  EXPECT_EQ(found->worths.front().flow, 1);
  EXPECT_EQ(found->worths.front().depth, 2);
}

} // namespace
