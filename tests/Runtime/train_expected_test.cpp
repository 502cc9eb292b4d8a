// The expected loss: which failure patterns it sums over, its gradient, whole runs by it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "failout.h"
#include "failure_patterns.h"
#include "initialization.h"

#include "rnet/core/weights_file.h"
#include "rnet/train/training_run.h"

#include "small_network.h"
#include "toy_trainer.h"

#include <cmath>
#include <map>

using namespace rnet;
using namespace rnet::train;
using namespace rnet::test;

namespace {

//===-- Patterns ------------------------------------------------------------------------------===//

using Weights = std::map<std::vector<int>, double>;

std::vector<double> failures(const SettingDescription &setting) {
  std::vector<double> probabilities;
  for (double up : setting.reliability)
    probabilities.push_back(1 - up);
  return probabilities;
}
Weights weights_of(const NetworkDescription &network, const std::vector<double> &probabilities) {
  auto patterns = distinct_patterns(network, probabilities);
  EXPECT_TRUE(patterns.ok()) << patterns.message();
  Weights weights;
  for (const WeighedPattern &pattern : *patterns)
    weights[{pattern.alive.begin(), pattern.alive.end()}] += pattern.weight;
  EXPECT_EQ(weights.size(), patterns->size()) << "each is there once";
  return weights;
}
void expect_near(const Weights &weights, const Weights &expected) {
  ASSERT_EQ(weights.size(), expected.size());
  for (const auto &[alive, weight] : expected) {
    ASSERT_TRUE(weights.contains(alive)) << testing::PrintToString(alive);
    EXPECT_NEAR(weights.at(alive), weight, 1e-15) << testing::PrintToString(alive);
  }
}

/// a -> n1 -> ... -> z, all but the ends may fail, each is bypassed by a skip.
void make_chain(SmallNetwork &network, int failable, double reliability) {
  network.add(false, {{-1}});
  network.add(true, {{0}});
  for (int node = 2; node <= failable; ++node)
    network.add(true, {{node - 1}, {node - 2}});
  network.add(false, {{failable}, {failable - 1}});
  network.finish(reliability);
}

TEST(Patterns, AreThoseWithAFlowByTheirProbability) {
  // b fails with 0.1, c with 0.2; where both do, nothing flows.
  expect_near(
      weights_of(toy, failures(toy_settings[0])),
      {{{1, 1, 1, 1}, 0.72 / 0.98}, {{1, 0, 1, 1}, 0.08 / 0.98}, {{1, 1, 0, 1}, 0.18 / 0.98}});
}

TEST(Patterns, OfNodesThatNeverOrAlwaysFailAreFewer) {
  expect_near(weights_of(toy, failures(toy_settings[1])), {{{1, 1, 1, 1}, 1}});
  expect_near(weights_of(toy, {0, 1, 0.5, 0}), {{{1, 0, 1, 1}, 1}});
}

TEST(Patterns, DifferInWhichExitsHaveALoss) {
  // n0 -> n1 -> n2 -> n3, exits at n1 and n2. Each node that is down ends what comes after it.
  SmallNetwork exits;
  exits.add(false, {{-1}});
  for (int node = 0; node < 3; ++node)
    exits.add(true, {{node}});
  exits.exit(2, 1);
  exits.exit(1, 1);
  exits.finish(0.9);
  expect_near(weights_of(exits.description, {0, 0.5, 0.2, 0.1}),
              {{{1, 1, 1, 1}, 0.72}, {{1, 1, 1, 0}, 0.08}, {{1, 1, 0, 0}, 0.2}});
}

TEST(Patterns, AreOneWhereTheyDifferInNodesThatMakeNoDifference) {
  // n0 -> n1 -> n2 -> n3, and a skip from n0: without either of n1 and n2, n3 has the skip alone.
  SmallNetwork around;
  around.add(false, {{-1}});
  around.add(true, {{0}});
  around.add(true, {{1}});
  around.add(false, {{2}, {0, 1}});
  around.finish(0.9);
  expect_near(weights_of(around.description, {0, 0.1, 0.2, 0}),
              {{{1, 1, 1, 1}, 0.72}, {{1, 0, 0, 1}, 0.28}});
  // Under failover n3 hears n0 only where n2 is absent. That n1 is up is then for nothing.
  SmallNetwork failover;
  failover.add(false, {{-1}});
  failover.add(true, {{0}});
  failover.add(true, {{0}});
  failover.add(false, {{2}, {1}}, MuxKind::failover, {{0b1, 0b10, 1}});
  failover.finish(0.9);
  expect_near(weights_of(failover.description, {0, 0.1, 0.2, 0}),
              {{{1, 0, 1, 1}, 0.8 / 0.98}, {{1, 1, 0, 1}, 0.18 / 0.98}});
}

TEST(Patterns, OfHealthAreFive) {
  for (MuxKind kind : {MuxKind::failover, MuxKind::sum}) {
    SmallNetwork health;
    make_health(health, kind);
    EXPECT_EQ(weights_of(health.description, {0, 0.22, 0.2, 0.15, 0}).size(), 5u);
  }
}

TEST(Patterns, OfLinksAndGroupsHaveTheWeightsOfAllThatFailsAlike) {
  // By brute force: of all causes that may be down, what is used, and how probable that is.
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    SmallNetwork random;
    make_random(random, seed, /*domains=*/true);
    const NetworkDescription &network = random.description;
    const std::vector<double> probabilities = failures(network.settings[0]);
    std::map<UsedSet, double> expected;
    double flow = 0;
    for (std::uint64_t down = 0; down < std::uint64_t(1) << probabilities.size(); ++down) {
      double probability = 1;
      for (std::size_t k = 0; k < probabilities.size(); ++k)
        probability *= down >> k & 1 ? probabilities[k] : 1 - probabilities[k];
      const Usage usage = find_usage(network, down);
      if (probability == 0 || !usage.flow)
        continue;
      expected[usage.used] += probability;
      flow += probability;
    }
    const auto patterns = distinct_patterns(network, probabilities);
    if (flow == 0 || expected.size() > 64) {
      EXPECT_FALSE(patterns.ok());
      continue;
    }
    ASSERT_TRUE(patterns.ok()) << patterns.message();
    ASSERT_EQ(patterns->size(), expected.size());
    for (const WeighedPattern &pattern : *patterns) {
      // What a pattern's masks leave, as an input of the output's node sees it.
      UsedSet whole = ~pattern.cut;
      for (std::size_t k = 0; k < network.hyperconnections.size(); ++k)
        if (!pattern.alive[network.hyperconnections[k].from])
          whole &= ~(UsedSet(1) << k);
      const auto alike = std::ranges::count_if(expected, [&](const auto &entry) {
        return (entry.first & ~whole) == 0 &&
               std::abs(entry.second / flow - pattern.weight) < 1e-12;
      });
      EXPECT_GE(alike, 1);
    }
  }
}

TEST(Patterns, HaveLimits) {
  SmallNetwork eight, seventeen;
  make_chain(eight, 8, 0.9);
  auto patterns = distinct_patterns(eight.description, failures(eight.description.settings[0]));
  // Of 256, 2 in a row may not fail: Fibonacci's tenth, and no two of them are the same.
  ASSERT_TRUE(patterns.ok()) << patterns.message();
  EXPECT_EQ(patterns->size(), 55u);
  SmallNetwork nine;
  make_chain(nine, 9, 0.9);
  expect_error(distinct_patterns(nine.description, failures(nine.description.settings[0])),
               "the expected loss of network 'small' sums over 89 failure patterns; 64 are the "
               "most; 'setting(..., per: row, stratified: true)' samples them");
  make_chain(seventeen, 17, 0.9);
  expect_error(
      distinct_patterns(seventeen.description, failures(seventeen.description.settings[0])),
      "the expected loss of network 'small' has the failure patterns of 17 nodes that may fail; 16 "
      "are the most; 'setting(..., per: row, stratified: true)' samples them");
  expect_error(distinct_patterns(toy, std::vector<double>{0, 1, 1, 0}),
               "the expected loss of network 'toy' is none: nothing ever reaches the output");
}

//===-- Gradients -----------------------------------------------------------------------------===//

const NetworkDescription network = trained_toy();

struct ExpectedLoss : testing::Test {
  static constexpr std::size_t kRows = 24;

  ExpectedLoss() {
    auto read = read_dataset(write_toy_data(folder, "data.npz", kRows), network);
    EXPECT_TRUE(read.ok()) << read.message();
    dataset = std::move(*read);
    for (std::int64_t row = 0; row < static_cast<std::int64_t>(kRows); ++row)
      rows.push_back(row);
    initialize(trainer.parameters(), 1);
    fit_normalization(trainer.parameters(), network, dataset, std::span<const std::int64_t>(rows));
  }
  Batch<double> batch_of(std::span<const std::int64_t> some) {
    Batch<double> batch(network, some.size());
    BatchLoader(network, dataset).load(some, {}, batch);
    return batch;
  }
  /// Of all parameters, one after the other; those that are not trained, their values.
  std::vector<double> gradients() const {
    std::vector<double> all;
    for (const Parameter<double> &parameter : trainer.parameters()) {
      const auto &from = parameter.gradient.empty() ? parameter.value : parameter.gradient;
      all.insert(all.end(), from.begin(), from.end());
    }
    return all;
  }

  Folder folder;
  Dataset dataset;
  std::vector<std::int64_t> rows;
  ThreadPool threads{2};
  NetworkTrainer<double> trainer{network, make_toy_trainers<double>(kRows), kRows, threads};
};

TEST_F(ExpectedLoss, HasTheMeanOfThePatternsGradientsByTheirProbability) {
  const auto patterns = *distinct_patterns(network, failures(toy_settings[0]));
  ASSERT_EQ(patterns.size(), 3u);
  const Batch<double> batch = batch_of(rows);
  for (double distilled : {0.0, 0.5}) {
    trainer.distill(distilled);
    const auto together = trainer.differentiate(batch, patterns);
    const std::vector<double> mean = gradients();
    EXPECT_EQ(together.rows, kRows);
    double loss = 0;
    std::vector<double> expected(mean.size());
    for (const WeighedPattern &pattern : patterns) {
      loss += pattern.weight * trainer.differentiate(dataset, rows, pattern.alive).loss;
      const std::vector<double> own = gradients();
      for (std::size_t k = 0; k < own.size(); ++k)
        expected[k] += pattern.weight * own[k];
    }
    EXPECT_NEAR(together.loss, loss, 1e-12);
    for (std::size_t k = 0; k < mean.size(); ++k)
      ASSERT_NEAR(mean[k], expected[k], 1e-10) << k;
  }
}

TEST_F(ExpectedLoss, IsWhatStratifiedRowsAreWhereSharesAreWhole) {
  // b fails with 1/4, c with 1/2: of 16 copies of a row, 6 have all nodes, 2 no b, 6 no c, 2
  // neither: no rounding, whatever is drawn.
  const std::vector<double> probabilities = {0, 0.25, 0.5, 0};
  constexpr double reliability[] = {1, 0.75, 0.5, 1};
  const SettingDescription setting = {"quarters", reliability};
  TrainingRecipe recipe;
  recipe.failout_per_row = recipe.failout_stratified = true;
  const Failout failout(network, {}, recipe, &setting);
  const auto patterns = *distinct_patterns(network, probabilities);
  for (std::int64_t row : {3, 11}) {
    const auto expected = trainer.differentiate(batch_of({&row, 1}), patterns);
    const std::vector<double> mean = gradients();
    const std::vector<std::int64_t> copies(16, row);
    const auto sampled = trainer.differentiate(batch_of(copies), failout.draw({5, 50, 16}));
    EXPECT_EQ(sampled.rows, 14u);
    EXPECT_NEAR(expected.loss, sampled.loss, 1e-12);
    const std::vector<double> of_copies = gradients();
    for (std::size_t k = 0; k < mean.size(); ++k)
      ASSERT_NEAR(mean[k], of_copies[k], 1e-12) << k;
  }
}

TEST_F(ExpectedLoss, OfLinksAndGroupsIsTheMeanOverAllThatMayFail) {
  // A link carries a_to_c, b and c stand in a rack, and c relays b_to_d: four causes.
  const std::size_t members[] = {1, 2}, cut[] = {2}, relayed[] = {4};
  const DomainDescription domains[] = {{"radio", {}, cut, 0.25}, {"rack", members, {}, 0.125}};
  std::vector<NodeDescription> nodes(std::begin(toy_nodes), std::end(toy_nodes));
  nodes[2].relays = relayed;
  NetworkDescription linked = network;
  linked.nodes = nodes;
  linked.domains = domains;
  NetworkTrainer<double> linked_trainer{linked, make_toy_trainers<double>(kRows), kRows, threads};
  initialize(linked_trainer.parameters(), 1);
  fit_normalization(linked_trainer.parameters(), linked, dataset,
                    std::span<const std::int64_t>(rows));
  const auto gradients_of = [&] {
    std::vector<double> all;
    for (const Parameter<double> &parameter : linked_trainer.parameters())
      all.insert(all.end(), parameter.gradient.begin(), parameter.gradient.end());
    return all;
  };
  const std::vector<double> probabilities = {0, 0.1, 0.2, 0, 0.25, 0.125};
  const auto patterns = *distinct_patterns(linked, probabilities);
  const auto together = linked_trainer.differentiate(batch_of(rows), patterns);
  const std::vector<double> mean = gradients_of();

  double loss = 0, flow = 0;
  std::vector<double> expected(mean.size());
  for (std::uint64_t down = 0; down < 64; ++down) {
    double probability = 1;
    for (std::size_t k = 0; k < probabilities.size(); ++k)
      probability *= down >> k & 1 ? probabilities[k] : 1 - probabilities[k];
    if (probability == 0)
      continue;
    const bool b = !(down & 0b100010), c = !(down & 0b100100);
    const std::uint8_t alive[] = {1, b, c, 1};
    const UsedSet cuts = (down & 0b010000 ? 0b100u : 0u) | (c ? 0u : 0b10000u);
    const auto own = linked_trainer.differentiate(dataset, rows, alive, cuts);
    if (own.rows == 0)
      continue;
    flow += probability;
    loss += probability * own.loss;
    const std::vector<double> gradients = gradients_of();
    for (std::size_t k = 0; k < expected.size(); ++k)
      expected[k] += probability * gradients[k];
  }
  EXPECT_LT(flow, 0.9);
  EXPECT_NEAR(together.loss, loss / flow, 1e-12);
  for (std::size_t k = 0; k < mean.size(); ++k)
    ASSERT_NEAR(mean[k], expected[k] / flow, 1e-10) << k;
}

TEST_F(ExpectedLoss, LeavesTheNormalisationOfInputsAsItIs) {
  const auto patterns = *distinct_patterns(network, failures(toy_settings[0]));
  const std::span<const Parameter<double>> parameters = trainer.parameters();
  const std::vector<double> mean(parameters[0].value.begin(), parameters[0].value.end());
  trainer.differentiate(batch_of(rows), patterns);
  EXPECT_TRUE(std::ranges::equal(parameters[0].value, mean));
}

//===-- Runs ----------------------------------------------------------------------------------===//

struct ExpectedRun : testing::Test {
  ExpectedRun() {
    options.data = write_toy_data(folder, "data.npz", 250);
    options.out = folder.file("w");
    options.recipe = network.recipe;
    options.recipe.failout_expected = true;
    options.failout_as = "normal";
  }
  Expected<Outcome> try_run() {
    testing::internal::CaptureStderr();
    auto outcome = train::train(network, toy_factory(), options, never);
    testing::internal::GetCapturedStderr();
    return outcome;
  }
  std::vector<float> weight() {
    auto outcome = try_run();
    EXPECT_TRUE(outcome.ok()) << outcome.message();
    auto file = WeightsFile::open(options.out);
    EXPECT_TRUE(file.ok()) << file.message();
    settings = file->metadata("rnet.settings");
    std::vector<float> values(kWidth * kWidth);
    EXPECT_TRUE(file->read("b.dense1.weight", toy_square, std::span<float>(values)).ok());
    return values;
  }

  Folder folder;
  TrainingOptions options;
  std::string settings;
  const std::atomic<bool> never = false;
};

TEST_F(ExpectedRun, LearnsTheSameForAnyNumberOfThreadsAndOtherwiseThanByDraws) {
  const std::vector<float> expected = weight();
  EXPECT_NE(settings.find("\"failout_expected\":true"), std::string::npos) << settings;
  options.threads = 3;
  EXPECT_EQ(weight(), expected);
  options.recipe.failout_expected = false;
  EXPECT_NE(weight(), expected);
}

TEST_F(ExpectedRun, OfNodesThatNeverFailIsAPlainOne) {
  options.failout_as = "sure";
  const std::vector<float> expected = weight();
  options.recipe.failout_expected = false;
  EXPECT_EQ(weight(), expected);
}

TEST_F(ExpectedRun, TracesItsPatterns) {
  options.trace = folder.file("trace.npz");
  weight();
  auto arrays = read_npz(options.trace);
  ASSERT_TRUE(arrays.ok()) << arrays.message();
  EXPECT_FALSE(arrays->contains("masks"));
  const NpyArray &patterns = arrays->at("patterns"), &weights = arrays->at("pattern_weights");
  ASSERT_EQ(patterns.shape, (std::vector<std::size_t>{3, 2}));
  const double expected[] = {1, 1, 0, 1, 1, 0};
  for (std::size_t k = 0; k < 6; ++k)
    EXPECT_EQ(patterns.number(k), expected[k]);
  EXPECT_NEAR(weights.number(0), 0.72 / 0.98, 1e-15);
}

TEST_F(ExpectedRun, IsRefusedAtTheStartWhereNothingFlows) {
  options.failout_as.clear();
  options.failout = 1.0;
  expect_error(try_run(), "nothing ever reaches the output");
  EXPECT_FALSE(std::filesystem::exists(options.out));
}

} // namespace
