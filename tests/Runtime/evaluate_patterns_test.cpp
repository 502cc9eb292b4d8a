// Samples of failure patterns: which they are, and what is concluded from them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/evaluate.h"

#include "small_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

using namespace rnet;
using namespace rnet::evaluate;
using namespace rnet::test;

namespace {

Evaluation run(SmallNetwork &network, const Dataset &data, const PatternSet &patterns) {
  std::vector<std::int64_t> rows(data.rows);
  std::iota(rows.begin(), rows.end(), 0);
  return evaluate::evaluate(network.description, network.programs, data, rows, {1, 1, 1, 1},
                            patterns, {});
}

double total(const PatternSet &set, std::size_t setting) {
  double sum = set.settings[setting].rest;
  for (std::size_t p = 0; p < set.patterns.size(); ++p)
    sum += set.settings[setting].weight(p);
  return sum;
}

TEST(Patterns, OfASampleAreTheMostProbableAndDrawnOnes) {
  SmallNetwork chain;
  make_chain(chain, 12, MuxKind::failover, {{0.97, 0.4, 0.8}, {0.9}});
  const PatternSet all = all_patterns(chain.description);
  const PatternSet set = sample_patterns(chain.description, 400, 7);
  EXPECT_FALSE(set.complete);
  EXPECT_EQ(std::set<DownSet>(set.patterns.begin(), set.patterns.end()).size(),
            set.patterns.size());
  EXPECT_EQ(set.patterns[0], 0u);
  for (std::size_t node = 1; node <= 12; ++node)
    EXPECT_EQ(set.patterns[node], DownSet(1) << node);
  for (std::size_t s = 0; s < 2; ++s) {
    const PatternWeights &weights = set.settings[s];
    EXPECT_NEAR(total(set, s), 1, 1e-12);
    EXPECT_NEAR(total(all, s), 1, 1e-12);
    EXPECT_EQ(weights.drawn, 200u);
    EXPECT_EQ(weights.drawn, std::accumulate(weights.draws.begin(), weights.draws.end(), 0u));
    // The 200 most probable of all are among those that count by their probability.
    std::vector<double> probabilities = all.settings[s].known;
    std::sort(probabilities.rbegin(), probabilities.rend());
    std::vector<double> known;
    for (std::size_t p = 0; p < set.patterns.size(); ++p) {
      const auto place = static_cast<std::size_t>(
          std::find(all.patterns.begin(), all.patterns.end(), set.patterns[p]) -
          all.patterns.begin());
      ASSERT_LT(place, all.patterns.size());
      if (weights.known[p] > 0) {
        EXPECT_EQ(weights.draws[p], 0u);
        EXPECT_EQ(weights.known[p], all.settings[s].known[place]);
        known.push_back(weights.known[p]);
      }
    }
    std::sort(known.rbegin(), known.rend());
    ASSERT_GE(known.size(), 200u);
    for (std::size_t k = 0; k < 200; ++k)
      EXPECT_NEAR(known[k], probabilities[k], 1e-15);
  }
}

TEST(Patterns, OfASampleFollowTheSeed) {
  SmallNetwork chain;
  make_chain(chain, 20, MuxKind::failover, {{0.8}});
  const PatternSet one = sample_patterns(chain.description, 200, 1),
                   again = sample_patterns(chain.description, 200, 1),
                   other = sample_patterns(chain.description, 200, 2);
  EXPECT_EQ(one.patterns, again.patterns);
  EXPECT_EQ(one.settings[0].draws, again.settings[0].draws);
  EXPECT_NE(one.patterns, other.patterns);
}

TEST(Patterns, OfASampleThatHasThemAllAreExact) {
  SmallNetwork chain;
  // Under the second setting few nodes fail, and none of the patterns left is worth drawing.
  make_chain(chain, 6, MuxKind::failover, {{0.7}, {1, 0.99, 1, 1, 1, 1}});
  const Dataset data = chain.make_data(30);
  const Evaluation exact = run(chain, data, all_patterns(chain.description)),
                   sampled = run(chain, data, sample_patterns(chain.description, 128, 1));
  for (std::size_t s = 0; s < 2; ++s) {
    EXPECT_NEAR(sampled.expected[s].score.accuracy, exact.expected[s].score.accuracy, 1e-12);
    EXPECT_NEAR(sampled.expected[s].score.balanced, exact.expected[s].score.balanced, 1e-12);
    EXPECT_NEAR(sampled.expected[s].test_rows.low, exact.expected[s].test_rows.low, 1e-12);
    EXPECT_NEAR(sampled.expected[s].test_rows.high, exact.expected[s].test_rows.high, 1e-12);
    EXPECT_NEAR(sampled.expected[s].patterns.high - sampled.expected[s].patterns.low, 0, 1e-12);
  }
}

TEST(Patterns, LeaveOutWhatIsTooImprobableAndSaySo) {
  SmallNetwork chain;
  make_chain(chain, 30, MuxKind::failover, {{0.9999}});
  const PatternSet set = sample_patterns(chain.description, 200, 1);
  EXPECT_EQ(set.settings[0].drawn, 0u);
  EXPECT_GT(set.settings[0].rest, 1e-7);
  EXPECT_LT(set.settings[0].rest, 1e-5);
  EXPECT_NEAR(total(set, 0), 1, 1e-12);
  const Evaluation result = run(chain, chain.make_data(20), set);
  const Expectation &expected = result.expected[0];
  EXPECT_NEAR(expected.patterns.high - expected.patterns.low, set.settings[0].rest, 1e-12);
  EXPECT_LE(expected.patterns.low, expected.score.accuracy);
  EXPECT_GE(expected.patterns.high, expected.score.accuracy);
}

/// Of a hundred seeds, about 95 intervals must hold what running every pattern gives; the mean of
/// the estimates is close to it.
TEST(Patterns, GiveIntervalsThatHold) {
  SmallNetwork chain;
  make_chain(chain, 12, MuxKind::failover, {{0.6, 0.9, 0.5}});
  const Dataset data = chain.make_data(20);
  const double truth = run(chain, data, all_patterns(chain.description)).expected[0].score.accuracy;
  int held = 0;
  double sum = 0, width = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Expectation expected =
        run(chain, data, sample_patterns(chain.description, 128, seed)).expected[0];
    held += expected.patterns.low <= truth && truth <= expected.patterns.high;
    sum += expected.score.accuracy;
    width += expected.patterns.high - expected.patterns.low;
  }
  EXPECT_GE(held, 88);
  EXPECT_GT(width / 100, 0.001); // or the test would show nothing
  EXPECT_NEAR(sum / 100, truth, width / 100 / 4);
  // Sixteen times as many draws of what is left: a quarter of the width at most.
  const Expectation more =
      run(chain, data, sample_patterns(chain.description, 2048, 1)).expected[0];
  EXPECT_LT(more.patterns.high - more.patterns.low, width / 100 / 3);
  EXPECT_LE(more.patterns.low, truth);
  EXPECT_GE(more.patterns.high, truth);
}

/// Test sets drawn from one source: about 95 of a hundred intervals hold the accuracy on a very
/// large one.
TEST(TestRows, GiveIntervalsThatHold) {
  SmallNetwork health;
  make_health(health, MuxKind::failover);
  const PatternSet patterns = all_patterns(health.description);
  const Evaluation large = run(health, health.make_data(40000, 12345), patterns);
  int held = 0;
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const Evaluation result = run(health, health.make_data(60, seed), patterns);
    const double truth = large.expected[1].score.accuracy;
    held += result.expected[1].test_rows.low <= truth && truth <= result.expected[1].test_rows.high;
  }
  EXPECT_GE(held, 88);
  EXPECT_LE(held, 99);
}

TEST(Interval, IsWilsons) {
  const Interval half = wilson(0.5, 10), all = wilson(1, 10), none = wilson(0, 10);
  EXPECT_NEAR(half.low, 0.2366, 1e-4); // as in any table
  EXPECT_NEAR(half.high, 0.7634, 1e-4);
  EXPECT_NEAR(all.low, 0.7225, 1e-4);
  EXPECT_EQ(all.high, 1);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.2775, 1e-4);
}

} // namespace
