// Which nodes are absent in a step: how often, in which rows, from which seed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "failout.h"

#include "toy_trainer.h"

#include <cmath>
#include <map>

using namespace rnet;
using namespace rnet::train;
using namespace rnet::test;

namespace {

constexpr std::uint32_t kSteps = 50; // of an epoch
constexpr std::size_t kRows = 16;

struct Draw {
  std::optional<double> probability;
  std::uint64_t seed = 3;
  bool per_row = false, stratified = false;

  Failout failout(const NetworkDescription &network = toy) const {
    TrainingRecipe recipe;
    recipe.seed = seed;
    recipe.failout_per_row = per_row;
    recipe.failout_stratified = stratified;
    return Failout(network, probability, recipe);
  }
};

std::vector<std::uint8_t> alive(const Failout &failout, std::uint32_t step,
                                std::size_t rows = kRows) {
  return failout.draw({step, kSteps, rows}).alive;
}

/// How many rows each failure pattern has: which of b and c are up.
using Counts = std::map<std::pair<bool, bool>, std::size_t>;
Counts count(const std::vector<std::uint8_t> &alive, std::size_t rows = kRows) {
  Counts counts;
  for (std::size_t row = 0; row < rows; ++row)
    ++counts[{alive[rows + row], alive[2 * rows + row]}];
  return counts;
}

constexpr Draw kDraws[] = {
    {0.5, 3, false, false}, {0.5, 3, false, true}, {0.5, 3, true, false}, {0.5, 3, true, true}};

TEST(Failout, IsTheSameMaskForTheSameSeedAndStep) {
  for (Draw draw : kDraws) {
    SCOPED_TRACE(testing::Message() << draw.per_row << draw.stratified);
    const Failout one = draw.failout(), same = draw.failout();
    draw.seed = 4;
    const Failout other = draw.failout();
    std::size_t differing_steps = 0, differing_seeds = 0;
    for (std::uint32_t step = 0; step < 200; ++step) {
      EXPECT_EQ(alive(one, step), alive(same, step));
      differing_steps += alive(one, step) != alive(one, step + 1);
      differing_seeds += alive(one, step) != alive(other, step);
    }
    EXPECT_EQ(alive(one, 17), alive(same, 17)) << "whatever was asked before";
    // Two fair coins differ from two others three times out of four; even shares of four patterns
    // in sixteen rows never do.
    if (draw.per_row && draw.stratified)
      continue;
    EXPECT_GT(differing_steps, 120u);
    EXPECT_GT(differing_seeds, 120u);
  }
}

/// The draws of version 0.1: the same seed must go on to give the same weights.
TEST(Failout, DrawsEachNodeOncePerBatchByDefault) {
  const Failout failout = Draw{0.3}.failout();
  for (std::uint32_t step = 0; step < 100; ++step) {
    const auto mask = alive(failout, step);
    for (std::uint32_t node : {1u, 2u})
      for (std::size_t row = 0; row < kRows; ++row)
        ASSERT_EQ(mask[node * kRows + row],
                  Random(3, Stream::failout, step, node).uniform(0) >= 0.3);
  }
}

TEST(Failout, TakesEachFailableNodeAwayAsOftenAsItSays) {
  for (Draw draw : kDraws)
    for (double probability : {0.1, 0.5, 0.9}) {
      SCOPED_TRACE(testing::Message() << draw.per_row << draw.stratified << probability);
      draw.probability = probability;
      const Failout failout = draw.failout();
      const std::uint32_t steps = draw.per_row ? 2000 : 20000;
      const double draws = draw.per_row ? steps * kRows : steps;
      double down[4] = {}, both = 0;
      for (std::uint32_t step = 0; step < steps; ++step) {
        const auto mask = alive(failout, step);
        ASSERT_EQ(mask.size(), 4 * kRows);
        for (std::size_t row = 0; row < (draw.per_row ? kRows : 1); ++row) {
          for (std::size_t node = 0; node < 4; ++node)
            down[node] += !mask[node * kRows + row];
          both += !mask[kRows + row] && !mask[2 * kRows + row];
        }
      }
      EXPECT_EQ(down[0], 0) << "a may not fail";
      EXPECT_EQ(down[3], 0) << "d may not fail";
      auto error = [&](double p) { return 4 * std::sqrt(p * (1 - p) / draws); };
      EXPECT_NEAR(down[1] / draws, probability, error(probability));
      EXPECT_NEAR(down[2] / draws, probability, error(probability));
      const double square = probability * probability;
      EXPECT_NEAR(both / draws, square, error(square)) << "nodes fail independently";
    }
}

TEST(Failout, TakesTheNetworksProbabilitiesUnlessToldOtherwise) {
  EXPECT_EQ(Draw{}.failout().probabilities(), (std::vector<double>{0, 0.1, 0.1, 0}));
  EXPECT_EQ(Draw{0.4}.failout().probabilities(), (std::vector<double>{0, 0.4, 0.4, 0}));
  const std::vector<double> as_normal = Failout(toy, {}, {}, &toy_settings[0]).probabilities();
  ASSERT_EQ(as_normal.size(), 4u);
  EXPECT_EQ(as_normal[0], 0);
  EXPECT_DOUBLE_EQ(as_normal[1], 0.1);
  EXPECT_DOUBLE_EQ(as_normal[2], 0.2);
  EXPECT_EQ(as_normal[3], 0);
  for (Draw draw : kDraws) {
    draw.probability = 0.0;
    const Failout never = draw.failout();
    draw.probability = 1.0;
    const Failout always = draw.failout();
    for (std::uint32_t step = 0; step < 100; ++step) {
      EXPECT_EQ(alive(never, step, 2), (std::vector<std::uint8_t>{1, 1, 1, 1, 1, 1, 1, 1}));
      EXPECT_EQ(alive(always, step, 2), (std::vector<std::uint8_t>{1, 1, 0, 0, 0, 0, 1, 1}));
    }
  }
}

/// The toy with a link that carries a_to_c, and a group of a and b; c relays b_to_d.
struct Linked {
  Linked() {
    for (std::size_t node = 0; node < 4; ++node)
      nodes.push_back(toy_nodes[node]);
    nodes[2].relays = relayed;
    network.nodes = nodes;
    network.settings = settings;
    network.domains = domains;
  }
  static constexpr std::size_t members[] = {0, 1}, cut[] = {2}, relayed[] = {4};
  static constexpr double up[] = {1, 0.9, 0.8, 1, 0.5, 0.7};
  static constexpr SettingDescription settings[] = {{"s", up}};
  static constexpr DomainDescription domains[] = {{"radio", {}, cut, 0.25},
                                                  {"rack", members, {}, 0.125}};
  std::vector<NodeDescription> nodes;
  NetworkDescription network = toy;
};

TEST(Failout, OfLinksAndGroupsIsThatOfTheSettingOrTheNetworkButNotOneNumberForNodes) {
  const Linked linked;
  const auto near = [](const std::vector<double> &found, const std::vector<double> &expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t cause = 0; cause < found.size(); ++cause)
      EXPECT_NEAR(found[cause], expected[cause], 1e-15) << cause;
  };
  near(Failout(linked.network, {}, {}, linked.settings).probabilities(),
       {0, 0.1, 0.2, 0, 0.5, 0.3});
  near(Failout(linked.network, {}, {}).probabilities(), {0, 0.1, 0.1, 0, 0.25, 0.125});
  // The group alone takes a down.
  near(Failout(linked.network, 0.3, {}).probabilities(), {0.3, 0.3, 0.3, 0, 0, 0});
}

TEST(Failout, TakesTheNodesOfAGroupTogetherAndCutsWhatLinksAndRelaysCarry) {
  const Linked linked;
  for (Draw draw : kDraws) {
    SCOPED_TRACE(testing::Message() << draw.per_row << draw.stratified);
    TrainingRecipe recipe;
    recipe.seed = 3;
    recipe.failout_per_row = draw.per_row;
    recipe.failout_stratified = draw.stratified;
    const Failout failout(linked.network, {}, recipe, linked.settings);
    const std::uint32_t steps = draw.per_row ? 2000 : 20000;
    double rows = 0, down[4] = {}, radio = 0, b_alone = 0;
    for (std::uint32_t step = 0; step < steps; ++step) {
      const Masks masks = failout.draw({step, kSteps, kRows});
      ASSERT_EQ(masks.whole.size(), 5 * kRows);
      for (std::size_t row = 0; row < (draw.per_row ? kRows : 1); ++row, ++rows) {
        const auto alive = [&](std::size_t node) { return masks.alive[node * kRows + row]; };
        const auto whole = [&](std::size_t k) { return masks.whole[k * kRows + row]; };
        for (std::size_t node = 0; node < 4; ++node)
          down[node] += !alive(node);
        radio += !whole(2);
        b_alone += alive(0) && !alive(1);
        ASSERT_TRUE(alive(0) || !alive(1)) << "a is down with the group only, and so is b";
        ASSERT_EQ(whole(4), alive(2)) << "c relays b_to_d";
        ASSERT_TRUE(whole(0) && whole(1) && whole(3)) << "nothing cuts these";
      }
    }
    const auto expect_share = [&](double count, double p) {
      EXPECT_NEAR(count / rows, p, 4 * std::sqrt(p * (1 - p) / rows));
    };
    expect_share(down[0], 0.3);
    expect_share(down[1], 1 - 0.9 * 0.7);
    expect_share(down[2], 0.2);
    EXPECT_EQ(down[3], 0);
    expect_share(radio, 0.5);
    expect_share(b_alone, 0.7 * 0.1);
  }
}

TEST(Failout, CutsHyperconnectionsByThemselvesRowByRow) {
  for (Draw draw : kDraws) {
    TrainingRecipe recipe;
    recipe.seed = draw.seed;
    recipe.failout_per_row = draw.per_row;
    recipe.failout_stratified = draw.stratified;
    const Failout plain(toy, 0.5, recipe),
        failout(toy, 0.5, recipe, nullptr, {{"a_to_c", 0.75}, {"b_to_d", 0.5}, {"c_to_d", 0}});
    EXPECT_TRUE(plain.draw({0, kSteps, kRows}).whole.empty());
    double cut[5] = {}, both = 0;
    constexpr std::uint32_t steps = 2000;
    for (std::uint32_t step = 0; step < steps; ++step) {
      const Masks masks = failout.draw({step, kSteps, kRows});
      ASSERT_EQ(masks.alive, plain.draw({step, kSteps, kRows}).alive) << "nodes draw as they did";
      for (std::size_t row = 0; row < kRows; ++row) {
        for (std::size_t k = 0; k < 5; ++k)
          cut[k] += !masks.whole[k * kRows + row];
        both += !masks.whole[2 * kRows + row] && !masks.whole[4 * kRows + row];
      }
    }
    const double rows = steps * static_cast<double>(kRows);
    for (std::size_t k : {0u, 1u, 3u})
      EXPECT_EQ(cut[k], 0) << k;
    const auto expect_share = [&](double count, double p) {
      EXPECT_NEAR(count / rows, p, 4 * std::sqrt(p * (1 - p) / rows));
    };
    expect_share(cut[2], 0.75);
    expect_share(cut[4], 0.5);
    expect_share(both, 0.375);
  }
}

TEST(Failout, GivesRowsMasksOfTheirOwn) {
  const Failout failout = Draw{0.5, 3, true, false}.failout();
  std::size_t mixed = 0;
  Counts all;
  for (std::uint32_t step = 0; step < 200; ++step) {
    const auto mask = alive(failout, step);
    const Counts counts = count(mask);
    mixed += counts.size() > 1;
    for (auto [pattern, rows] : counts)
      all[pattern] += rows;
    // Rows of one pattern are neighbours: b changes once at most, c twice more.
    std::size_t changes = 0;
    for (std::size_t row = 1; row < kRows; ++row)
      changes += mask[kRows + row] != mask[kRows + row - 1] ||
                 mask[2 * kRows + row] != mask[2 * kRows + row - 1];
    ASSERT_LE(changes, 3u);
  }
  EXPECT_EQ(mixed, 200u) << "16 rows of one pattern come once in 10^9 steps";
  // Of 3200 draws, 800 of each: four standard deviations.
  for (auto [pattern, rows] : all)
    EXPECT_NEAR(static_cast<double>(rows), 800, 4 * std::sqrt(3200 * 0.25 * 0.75));
}

TEST(Failout, GivesEachPatternItsShareOfTheBatchWhereStratified) {
  const Failout failout = Draw{0.25, 3, true, true}.failout();
  for (std::uint32_t step = 0; step < 100; ++step)
    for (std::size_t rows : {kRows, std::size_t(5)})
      for (auto [pattern, got] : count(alive(failout, step, rows), rows)) {
        const double share = (pattern.first ? 0.75 : 0.25) * (pattern.second ? 0.75 : 0.25);
        EXPECT_LT(std::abs(static_cast<double>(got) - share * static_cast<double>(rows)), 1);
      }
}

TEST(Failout, GivesEachPatternItsShareOfTheEpochWhereStratified) {
  const Failout failout = Draw{0.25, 3, false, true}.failout();
  std::vector<std::vector<std::uint8_t>> orders;
  for (std::uint32_t epoch = 0; epoch < 20; ++epoch) {
    Counts counts;
    std::vector<std::uint8_t> order;
    for (std::uint32_t k = 0; k < kSteps; ++k) {
      const auto mask = alive(failout, epoch * kSteps + k);
      ASSERT_EQ(count(mask).size(), 1u) << "the batch is one";
      ++counts[count(mask).begin()->first];
      order.push_back(mask[kRows]);
    }
    for (auto [pattern, got] : counts) {
      const double share = (pattern.first ? 0.75 : 0.25) * (pattern.second ? 0.75 : 0.25);
      EXPECT_LT(std::abs(static_cast<double>(got) - share * kSteps), 1);
    }
    EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
    orders.push_back(order);
  }
  EXPECT_NE(orders[0], orders[1]);
}

} // namespace
