// Batch normalisation in training: statistics of the batch, running ones, rows that are cut off.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "train_layer.h"

using namespace rnet;
using namespace rnet::test;
using train::StepContext;

namespace {

StepContext step_in(bool training) {
  static train::ThreadPool threads(2);
  StepContext step{threads, 0, {}};
  step.training = training;
  return step;
}

constexpr std::size_t kChannels = 3, kPixels = 4, kBatch = 6, kWidth = kChannels * kPixels;

/// A batch normalisation over a batch with two absent rows.
struct BatchNormTest : testing::Test {
  BatchNormTest() {
    x.poison();
    gradient.poison();
    for (double &value : variance.value)
      value = 1 + value * value;
    for (std::size_t row = 0; row < kBatch; ++row)
      for (std::size_t k = 0; x.mask[row] && k < kWidth; ++k) {
        x.row(row)[k] += 1e6; // far from zero
        values[k % kChannels].push_back(x.row(row)[k]);
      }
    for (std::size_t c = 0; c < kChannels; ++c) {
      for (double value : values[c])
        batch_mean[c] += value / static_cast<double>(values[c].size());
      for (double value : values[c])
        batch_variance[c] += (value - batch_mean[c]) * (value - batch_mean[c]) /
                             static_cast<double>(values[c].size());
    }
  }
  void forward(StepContext &step) {
    train::batch_norm<kChannels>(step, x.present(), x.rows(), gamma.view(), beta.view(),
                                 mean.view(), variance.view(), state, 1e-3, 0.75, y.rows());
  }
  void backward(StepContext &step) {
    train::batch_norm_adjoint_parameters<kChannels>(step, x.present(), x.rows(), gradient.rows(),
                                                    gamma.view(), beta.view(), mean.view(),
                                                    variance.view(), state, 1e-3, 0.75);
  }
  void expect_normalized(const double *means, const double *variances) {
    y.expect_untouched(x.mask, kUntouched);
    for (std::size_t row = 0; row < kBatch; ++row)
      for (std::size_t k = 0; x.mask[row] && k < kWidth; ++k) {
        const std::size_t c = k % kChannels;
        const double expected =
            (x.row(row)[k] - means[c]) / std::sqrt(variances[c] + 1e-3) * gamma.value[c] +
            beta.value[c];
        EXPECT_NEAR(y.row(row)[k], expected, 1e-9 * std::max(1.0, std::abs(expected)));
      }
  }

  Batch<kWidth, double> x = random_batch<kWidth, double>(kBatch),
                        gradient = random_batch<kWidth, double>(kBatch, 2), y{kBatch, kUntouched};
  OwnParameter<double> gamma{kChannels, 3}, beta{kChannels, 4}, mean{kChannels, 5},
      variance{kChannels, 6};
  train::BatchStatistics<double, kChannels> state;
  std::vector<double> values[kChannels];
  double batch_mean[kChannels] = {}, batch_variance[kChannels] = {};
};

/// Behind the normalisation, a node is down for some rows: they have no gradient of their own, but
/// move the statistics of the others.
TEST_F(BatchNormTest, GivesAGradientToRowsThatEnteredTheStatisticsOnly) {
  std::vector<std::uint8_t> reached = x.mask;
  std::size_t cut = 0;
  for (std::size_t row = 0; row < kBatch; ++row)
    if (reached[row] && cut < 2) {
      reached[row] = 0;
      ++cut;
      std::fill_n(gradient.row(row), kWidth, NAN); // not to be read
    }
  for (double &value : x.data)
    value -= 1e6; // near zero, where differences are exact
  StepContext step = step_in(true);
  const auto loss = [&] {
    forward(step);
    double sum = 0;
    for (std::size_t row = 0; row < kBatch; ++row)
      for (std::size_t k = 0; reached[row] && k < kWidth; ++k)
        sum += gradient.row(row)[k] * y.row(row)[k];
    return sum;
  };
  loss();
  Batch<kWidth, double> dx{kBatch, kUntouched};
  train::batch_norm_adjoint<kChannels>(step, Presence{reached.data(), kBatch}, x.rows(),
                                       gradient.rows(), gamma.view(), beta.view(), mean.view(),
                                       variance.view(), state, 1e-3, 0.75, dx.rows());
  dx.expect_untouched(x.mask, kUntouched);
  double moved = 0;
  for (std::size_t row = 0; row < kBatch; ++row)
    for (std::size_t k = 0; x.mask[row] && k < kWidth; ++k) {
      double &at = x.row(row)[k];
      const double here = at, h = 1e-5;
      at = here + h;
      const double above = loss();
      at = here - h;
      const double below = loss();
      at = here;
      EXPECT_NEAR(dx.row(row)[k], (above - below) / (2 * h), 1e-7);
      moved += reached[row] ? 0 : std::abs(dx.row(row)[k]);
    }
  EXPECT_GT(moved, 1e-3) << "the rows that were cut off have gradients";
}

TEST_F(BatchNormTest, UsesTheStatisticsOfTheBatchInTraining) {
  StepContext step = step_in(true);
  forward(step);
  expect_normalized(batch_mean, batch_variance);
}

TEST_F(BatchNormTest, UsesTheRunningStatisticsElsewhere) {
  StepContext step = step_in(false);
  forward(step);
  expect_normalized(mean.value.data(), variance.value.data());
}

TEST_F(BatchNormTest, UpdatesTheRunningStatisticsWhereThereIsALoss) {
  const std::vector<double> old_mean = mean.value, old_variance = variance.value;
  StepContext step = step_in(true);
  forward(step);
  backward(step);
  EXPECT_EQ(mean.value, old_mean);
  EXPECT_EQ(variance.value, old_variance);
  step.loss_rows = 4;
  backward(step);
  for (std::size_t c = 0; c < kChannels; ++c) {
    const double n = static_cast<double>(values[c].size());
    EXPECT_NEAR(mean.value[c], 0.75 * old_mean[c] + 0.25 * batch_mean[c], 1e-6);
    EXPECT_NEAR(variance.value[c], 0.75 * old_variance[c] + 0.25 * batch_variance[c] * n / (n - 1),
                1e-9);
  }
}

TEST_F(BatchNormTest, LearnsNothingWithoutARow) {
  const std::vector<double> old_mean = mean.value, old_variance = variance.value;
  x.mask.assign(kBatch, 0);
  StepContext step = step_in(true);
  step.loss_rows = 4;
  forward(step);
  backward(step);
  y.expect_untouched(x.mask, kUntouched);
  EXPECT_EQ(mean.value, old_mean);
  EXPECT_EQ(variance.value, old_variance);
  EXPECT_EQ(gamma.gradient, std::vector<double>(kChannels));
  EXPECT_EQ(beta.gradient, std::vector<double>(kChannels));
}

} // namespace
