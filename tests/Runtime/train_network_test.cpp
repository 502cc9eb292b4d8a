// All nodes of the toy network in one process: losses and gradients under every failure pattern.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/network_trainer.h"

#include "initialization.h"
#include "toy_trainer.h"

#include <numeric>

using namespace rnet;
using namespace rnet::train;
using namespace rnet::test;

namespace {

constexpr std::size_t kRows = 40, kCapacity = 24;
const NetworkDescription network = trained_toy();

struct NetworkTrainerTest : testing::Test {
  NetworkTrainerTest() {
    auto read = read_dataset(write_toy_data(folder, "data.npz", kRows), network);
    EXPECT_TRUE(read.ok()) << read.message();
    dataset = std::move(*read);
    for (std::int64_t row = 0; row < 20; ++row)
      rows.push_back(row * 2);
    initialize(trainer.parameters(), 1);
    fit_normalization(trainer.parameters(), network, dataset, std::span<const std::int64_t>(rows));
  }

  double loss(std::span<const std::uint8_t> alive) {
    return trainer.differentiate(dataset, rows, alive).loss;
  }
  std::vector<double> gradient(std::size_t p) {
    const auto &gradient = trainer.parameters()[p].gradient;
    return {gradient.begin(), gradient.end()};
  }

  Folder folder;
  Dataset dataset;
  std::vector<std::int64_t> rows;
  ThreadPool threads{2};
  NetworkTrainer<double> trainer{network, make_toy_trainers<double>(kCapacity), kCapacity, threads};
};

TEST_F(NetworkTrainerTest, GradientsAreThoseOfFiniteDifferencesInEveryPattern) {
  const std::uint8_t patterns[][4] = {{1, 1, 1, 1}, {1, 0, 1, 1}, {1, 1, 0, 1}};
  for (const auto &alive : patterns) {
    ASSERT_TRUE(std::isfinite(loss(alive)));
    std::vector<std::vector<double>> gradients;
    for (std::size_t p = 0; p < std::size(toy_described); ++p)
      gradients.push_back(gradient(p));
    for (std::size_t p = 2; p < std::size(toy_described); ++p) {
      SCOPED_TRACE(testing::Message()
                   << toy_described[p].name << ", b " << int(alive[1]) << " c " << int(alive[2]));
      const std::span<double> value = trainer.parameters()[p].value;
      double norm = 0;
      for (double g : gradients[p])
        norm += g * g;
      EXPECT_EQ(norm == 0, !alive[toy_described[p].node]) << "a node that is down learns nothing";
      for (std::size_t k = 0; k < value.size(); k += 3) {
        const double here = value[k], h = 1e-6;
        value[k] = here + h;
        const double above = loss(alive);
        value[k] = here - h;
        const double below = loss(alive);
        value[k] = here;
        ASSERT_NEAR(gradients[p][k], (above - below) / (2 * h), 1e-8) << k;
      }
    }
  }
}

TEST_F(NetworkTrainerTest, DistilledRowsLearnWhatTheNetworkAnswersWhileNothingFails) {
  // The gradient is that of the labels' loss and that of the answers' in turn, each by its share:
  // cross-entropy is linear in its target. Answers are taken from one row at a time: of the label's
  // loss over all possible labels, exp(-loss) is the probability of each.
  const std::uint8_t all[] = {1, 1, 1, 1}, alive[] = {1, 0, 1, 1};
  constexpr double share = 0.3;
  auto labelled = [&](std::int64_t row, std::size_t label) {
    dataset.labels[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(label);
  };
  for (std::int64_t row : {rows[0], rows[7]}) {
    const std::vector<std::int64_t> one = {row};
    const auto label = static_cast<std::size_t>(dataset.labels[static_cast<std::size_t>(row)]);
    std::vector<double> targets(kClasses);
    double expected_loss = 0;
    std::vector<std::vector<double>> expected(std::size(toy_described));
    for (std::size_t k = 0; k < kClasses; ++k) {
      labelled(row, k);
      targets[k] = share * std::exp(-trainer.differentiate(dataset, one, all).loss) +
                   (k == label ? 1 - share : 0);
      expected_loss += targets[k] * trainer.differentiate(dataset, one, alive).loss;
      for (std::size_t p = 0; p < expected.size(); ++p) {
        expected[p].resize(gradient(p).size());
        for (std::size_t e = 0; e < expected[p].size(); ++e)
          expected[p][e] += targets[k] * gradient(p)[e];
      }
    }
    labelled(row, label);
    trainer.distill(share);
    EXPECT_NEAR(trainer.differentiate(dataset, one, alive).loss, expected_loss, 1e-12);
    for (std::size_t p = 0; p < expected.size(); ++p)
      for (std::size_t e = 0; e < expected[p].size(); ++e)
        ASSERT_NEAR(gradient(p)[e], expected[p][e], 1e-12) << toy_described[p].name;

    // Where nothing is down, the network is told what it says: what is left is the labels' part.
    trainer.differentiate(dataset, one, all);
    std::vector<std::vector<double>> told;
    for (std::size_t p = 0; p < expected.size(); ++p)
      told.push_back(gradient(p));
    trainer.distill(0);
    trainer.differentiate(dataset, one, all);
    for (std::size_t p = 0; p < expected.size(); ++p)
      for (std::size_t e = 0; e < expected[p].size(); ++e)
        ASSERT_NEAR(told[p][e], (1 - share) * gradient(p)[e], 1e-12) << toy_described[p].name;
  }
}

TEST_F(NetworkTrainerTest, RowsWithMasksOfTheirOwnWeighTheGradientsOfTheirPatterns) {
  // Rows with b down, with c down, with both down, with all up: the loss is the mean over those
  // that reach the output, and so are the gradients.
  Batch<double> batch(network, rows.size());
  BatchLoader(network, dataset).load(rows, {}, batch);
  std::vector<std::uint8_t> masks(4 * rows.size(), 1);
  std::vector<std::vector<std::int64_t>> parts(4); // by which of b and c are down
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::size_t pattern = row * 7 % 4;
    masks[1 * rows.size() + row] = !(pattern & 1);
    masks[2 * rows.size() + row] = !(pattern & 2);
    parts[pattern].push_back(rows[row]);
  }
  const auto together = trainer.differentiate(batch, {masks, {}});
  std::vector<std::vector<double>> gradients;
  for (std::size_t p = 0; p < std::size(toy_described); ++p)
    gradients.push_back(gradient(p));

  const std::size_t reached = rows.size() - parts[3].size();
  EXPECT_EQ(together.rows, reached);
  double expected_loss = 0;
  std::vector<std::vector<double>> expected;
  for (const auto &own : gradients)
    expected.emplace_back(own.size());
  for (std::size_t pattern = 0; pattern < 3; ++pattern) {
    const std::uint8_t alive[] = {1, !(pattern & 1), !(pattern & 2), 1};
    const double share = static_cast<double>(parts[pattern].size()) / static_cast<double>(reached);
    expected_loss += share * trainer.differentiate(dataset, parts[pattern], alive).loss;
    for (std::size_t p = 0; p < expected.size(); ++p)
      for (std::size_t k = 0; k < expected[p].size(); ++k)
        expected[p][k] += share * gradient(p)[k];
  }
  EXPECT_NEAR(together.loss, expected_loss, 1e-12);
  for (std::size_t p = 0; p < expected.size(); ++p)
    for (std::size_t k = 0; k < expected[p].size(); ++k)
      ASSERT_NEAR(gradients[p][k], expected[p][k], 1e-12) << toy_described[p].name;
}

TEST_F(NetworkTrainerTest, IsWithoutACutHyperconnectionWhatItIsWithoutItsSender) {
  // d hears c_to_d, or where that is absent b_to_d. Where it is cut, c is for nothing, as if it
  // were down; where a_to_c is cut as well as b is down, c has no input.
  constexpr UsedSet a_to_c = 0b100, c_to_d = 0b1000;
  const std::uint8_t all[] = {1, 1, 1, 1}, without_b[] = {1, 0, 1, 1}, without_c[] = {1, 1, 0, 1};
  const auto gradients = [&] {
    std::vector<std::vector<double>> list;
    for (std::size_t p = 0; p < std::size(toy_described); ++p)
      list.push_back(gradient(p));
    return list;
  };
  const double lost = loss(without_c);
  const auto expected = gradients();
  EXPECT_EQ(trainer.differentiate(dataset, rows, all, c_to_d).loss, lost);
  EXPECT_EQ(gradients(), expected);
  EXPECT_NE(trainer.differentiate(dataset, rows, all, a_to_c).loss, loss(all));
  EXPECT_TRUE(std::isnan(trainer.differentiate(dataset, rows, without_b, a_to_c).loss));
}

TEST_F(NetworkTrainerTest, HasTheFiniteDifferencesOfALossWithACutHyperconnection) {
  const std::uint8_t all[] = {1, 1, 1, 1};
  constexpr UsedSet a_to_c = 0b100;
  trainer.differentiate(dataset, rows, all, a_to_c);
  std::vector<std::vector<double>> gradients;
  for (std::size_t p = 0; p < std::size(toy_described); ++p)
    gradients.push_back(gradient(p));
  for (std::size_t p = 2; p < std::size(toy_described); ++p) {
    const std::span<double> value = trainer.parameters()[p].value;
    for (std::size_t k = 0; k < value.size(); k += 7) {
      constexpr double step = 1e-5;
      const double before = value[k];
      value[k] = before + step;
      const double above = trainer.differentiate(dataset, rows, all, a_to_c).loss;
      value[k] = before - step;
      const double below = trainer.differentiate(dataset, rows, all, a_to_c).loss;
      value[k] = before;
      ASSERT_NEAR(gradients[p][k], (above - below) / (2 * step), 1e-6)
          << toy_described[p].name << ' ' << k;
    }
  }
}

TEST_F(NetworkTrainerTest, HasNeitherLossNorGradientWhereNothingReachesTheOutput) {
  const std::uint8_t all[] = {1, 1, 1, 1}, none[] = {1, 0, 0, 1};
  loss(all); // leaves gradients behind
  const auto result = trainer.differentiate(dataset, rows, none);
  EXPECT_TRUE(std::isnan(result.loss));
  EXPECT_EQ(result.rows, 0u);
  for (std::size_t p = 0; p < std::size(toy_described); ++p)
    for (double element : gradient(p))
      ASSERT_EQ(element, 0) << toy_described[p].name;
}

TEST_F(NetworkTrainerTest, LossIsTheMeanOverTheRows) {
  const std::uint8_t all[] = {1, 1, 1, 1};
  const double together = loss(all);
  double sum = 0;
  for (std::int64_t row : rows) {
    const auto result = trainer.differentiate(dataset, {&row, 1}, all);
    EXPECT_EQ(result.rows, 1u);
    sum += result.loss;
  }
  EXPECT_NEAR(together, sum / static_cast<double>(rows.size()), 1e-12);
}

TEST_F(NetworkTrainerTest, CountsRightAnswersInBatchesOfAnySize) {
  std::vector<std::int64_t> all(kRows);
  std::iota(all.begin(), all.end(), 0);
  std::size_t one_by_one = 0;
  for (std::int64_t row : all)
    one_by_one += trainer.count_right(dataset, {&row, 1});
  EXPECT_EQ(trainer.count_right(dataset, all), one_by_one); // 40 rows, batches of 24
  EXPECT_LT(one_by_one, kRows);
}

TEST_F(NetworkTrainerTest, DescendsAlongItsGradient) {
  const std::uint8_t all[] = {1, 1, 1, 1};
  const double before = loss(all);
  for (const Parameter<double> &parameter : trainer.parameters())
    for (std::size_t k = 0; k < parameter.gradient.size(); ++k)
      parameter.value[k] -= 1e-3 * parameter.gradient[k];
  EXPECT_LT(loss(all), before);
}

} // namespace
