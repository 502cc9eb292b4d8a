// Training's kernels against naive loops and finite differences in float64; absent rows are neither
// read nor written. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/kernels.h"

#include "rnet/train/parameter_store.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>
#include <random>

using namespace rnet;
using namespace rnet::train;

namespace {

constexpr double kUntouched = 12345;
const double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Rows that own their memory.
template <std::size_t Width, class T = double> struct Batch {
  explicit Batch(std::size_t count, T value = 0) : data(count * row_stride(Width), value) {}
  Rows<Width, T> rows() { return {data.data()}; }
  T *row(std::size_t index) { return rows().row(index); }
  std::vector<T> data;
};

/// Normal numbers in present rows, NaN in absent ones.
template <std::size_t Width, class T = double>
Batch<Width, T> random_batch(Presence present, unsigned seed) {
  Batch<Width, T> batch(present.count, static_cast<T>(kNaN));
  std::mt19937 random(seed);
  std::normal_distribution<T> normal;
  for (std::size_t row = 0; row < present.count; ++row)
    for (std::size_t k = 0; k < Width; ++k)
      if (const T value = normal(random); present[row])
        batch.row(row)[k] = value;
  return batch;
}

/// Masks of 77 rows: all, none, every third, a run across blocks, random ones, the last one.
std::vector<std::vector<std::uint8_t>> masks() {
  constexpr std::size_t kRows = 77;
  std::vector<std::vector<std::uint8_t>> all(6, std::vector<std::uint8_t>(kRows, 0));
  std::mt19937 random(9);
  for (std::size_t row = 0; row < kRows; ++row) {
    all[0][row] = 1;
    all[2][row] = row % 3 == 0;
    all[3][row] = row >= 20 && row < 70;
    all[4][row] = random() % 2;
    all[5][row] = row == kRows - 1;
  }
  return all;
}

template <std::size_t Width, class T>
void expect_untouched(Presence present, Batch<Width, T> &batch) {
  for (std::size_t row = 0; row < present.count; ++row)
    for (std::size_t k = 0; k < Width; ++k)
      if (!present[row]) {
        ASSERT_EQ(batch.row(row)[k], static_cast<T>(kUntouched)) << row << " " << k;
      }
}

/// A dense layer's parameters.
template <std::size_t In, std::size_t Out, class T = double> struct Layer {
  Layer() {
    std::mt19937 random(5);
    std::normal_distribution<T> normal;
    for (const Parameter<T> &parameter : store.span())
      for (T &value : parameter.value)
        value = normal(random);
  }
  const Parameter<T> &weight() const { return store[0]; }
  const Parameter<T> &bias() const { return store[1]; }

  std::size_t weight_shape[2] = {Out, In}, bias_shape[1] = {Out};
  ParameterDescription descriptions[2] = {{"w", 0, weight_shape, Initializer::zeros, true},
                                          {"b", 0, bias_shape, Initializer::zeros, true}};
  ParameterStore<T> store{descriptions};
};

//===-- Dense ---------------------------------------------------------------------------------===//

template <std::size_t In, std::size_t Out> void check_dense() {
  ThreadPool threads(2);
  for (auto &mask : masks()) {
    const Presence present{mask.data(), mask.size()};
    StepContext step{threads, present.count, {}};
    Layer<In, Out> layer;
    const auto w = [&](std::size_t o, std::size_t k) { return layer.weight().value[o * In + k]; };
    auto x = random_batch<In>(present, 1);
    auto g = random_batch<Out>(present, 2);
    Batch<Out> y(present.count, kUntouched);
    Batch<In> dx(present.count, kUntouched);
    std::fill(layer.weight().gradient.begin(), layer.weight().gradient.end(), kNaN);
    std::fill(layer.bias().gradient.begin(), layer.bias().gradient.end(), kNaN);

    dense(step, present, x.rows(), layer.weight(), layer.bias(), y.rows());
    dense_adjoint_input(step, present, g.rows(), layer.weight(), dx.rows());
    dense_adjoint_parameters(step, present, x.rows(), g.rows(), layer.weight(), layer.bias());

    expect_untouched(present, y);
    expect_untouched(present, dx);
    for (std::size_t row = 0; row < present.count; ++row) {
      if (!present[row])
        continue;
      for (std::size_t o = 0; o < Out; ++o) {
        double sum = layer.bias().value[o];
        for (std::size_t k = 0; k < In; ++k)
          sum += w(o, k) * x.row(row)[k];
        ASSERT_NEAR(y.row(row)[o], sum, 1e-11) << row << " " << o;
      }
      for (std::size_t k = 0; k < In; ++k) {
        double sum = 0;
        for (std::size_t o = 0; o < Out; ++o)
          sum += g.row(row)[o] * w(o, k);
        ASSERT_NEAR(dx.row(row)[k], sum, 1e-11) << row << " " << k;
      }
    }
    for (std::size_t o = 0; o < Out; ++o) {
      double bias = 0;
      for (std::size_t row = 0; row < present.count; ++row)
        bias += present[row] ? g.row(row)[o] : 0;
      ASSERT_NEAR(layer.bias().gradient[o], bias, 1e-11) << o;
      for (std::size_t k = 0; k < In; ++k) {
        double sum = 0;
        for (std::size_t row = 0; row < present.count; ++row)
          sum += present[row] ? g.row(row)[o] * x.row(row)[k] : 0;
        ASSERT_NEAR(layer.weight().gradient[o * In + k], sum, 1e-11) << o << " " << k;
      }
    }
    if (!present.any()) {
      EXPECT_EQ(std::count(layer.weight().gradient.begin(), layer.weight().gradient.end(), 0.0),
                static_cast<std::ptrdiff_t>(In * Out));
    }
  }
}

// One column, a remainder beside full vectors, more units than one block.
TEST(TrainDense, FollowsItsDefinition) {
  check_dense<1, 1>();
  check_dense<23, 13>();
  check_dense<17, 130>();
  check_dense<64, 64>();
}

TEST(TrainDense, GivesTheSameBitsForAnyNumberOfThreads) {
  for (auto &mask : masks()) {
    const Presence present{mask.data(), mask.size()};
    auto x = random_batch<23, float>(present, 1);
    auto g = random_batch<130, float>(present, 2);
    std::vector<std::vector<float>> results;
    for (std::size_t count : {1u, 2u, 5u}) {
      ThreadPool threads(count);
      StepContext step{threads, present.count, {}};
      Layer<23, 130, float> layer;
      Batch<130, float> y(present.count);
      Batch<23, float> dx(present.count);
      dense(step, present, x.rows(), layer.weight(), layer.bias(), y.rows());
      dense_adjoint_input(step, present, g.rows(), layer.weight(), dx.rows());
      dense_adjoint_parameters(step, present, x.rows(), g.rows(), layer.weight(), layer.bias());
      std::vector<float> result = y.data;
      for (std::span<const float> values :
           {std::span<const float>(dx.data), std::span<const float>(layer.weight().gradient),
            std::span<const float>(layer.bias().gradient)})
        result.insert(result.end(), values.begin(), values.end());
      results.push_back(std::move(result));
    }
    for (const auto &result : results) {
      ASSERT_EQ(result.size(), results[0].size());
      EXPECT_EQ(std::memcmp(result.data(), results[0].data(), result.size() * sizeof(float)), 0);
    }
  }
}

//===-- Elementwise ---------------------------------------------------------------------------===//

TEST(TrainRelu, ZeroHasNoSlope) {
  std::uint8_t mask[] = {1, 0, 1};
  const Presence present{mask, 3};
  ThreadPool threads(1);
  StepContext step{threads, 3, {}};
  Batch<4> x(3, kNaN), g(3, kNaN), y(3, kUntouched), dx(3, kUntouched);
  std::copy_n(std::begin({-1.0, 0.0, 2.0, -0.0}), 4, x.row(0));
  std::copy_n(std::begin({1e-300, -1e-300, 5.0, -5.0}), 4, x.row(2));
  std::copy_n(std::begin({10.0, 20.0, 30.0, 40.0}), 4, g.row(0));
  std::copy_n(std::begin({-1.0, -2.0, -3.0, -4.0}), 4, g.row(2));
  activate<Relu>(step, present, x.rows(), y.rows());
  activate_adjoint<Relu>(step, present, y.rows(), g.rows(), dx.rows());
  expect_untouched(present, y);
  expect_untouched(present, dx);
  const double outputs[2][4] = {{0, 0, 2, 0}, {1e-300, 0, 5, 0}};
  const double gradients[2][4] = {{0, 0, 30, 0}, {-1, 0, -3, 0}};
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t row : {0u, 2u}) {
      EXPECT_EQ(y.row(row)[k], outputs[row / 2][k]) << row << " " << k;
      EXPECT_EQ(dx.row(row)[k], gradients[row / 2][k]) << row << " " << k;
    }
}

TEST(TrainNormalizeAndScale, FollowTheirDefinition) {
  const std::size_t shape[] = {5};
  const ParameterDescription descriptions[] = {{"mean", 0, shape, Initializer::zeros, false},
                                               {"deviation", 0, shape, Initializer::ones, false}};
  ParameterStore<double> store(descriptions);
  for (std::size_t k = 0; k < 5; ++k) {
    store[0].value[k] = static_cast<double>(k) - 2;
    store[1].value[k] = 0.5 + static_cast<double>(k);
  }
  ThreadPool threads(2);
  for (auto &mask : masks()) {
    const Presence present{mask.data(), mask.size()};
    StepContext step{threads, present.count, {}};
    auto x = random_batch<5>(present, 3);
    Batch<5> normalized(present.count, kUntouched), scaled(present.count, kUntouched);
    normalize(step, present, x.rows(), store[0], store[1], normalized.rows());
    scale(step, present, x.rows(), 0.25, scaled.rows());
    expect_untouched(present, normalized);
    expect_untouched(present, scaled);
    for (std::size_t row = 0; row < present.count; ++row)
      for (std::size_t k = 0; k < 5; ++k)
        if (present[row]) {
          const double mean = static_cast<double>(k) - 2, deviation = 0.5 + static_cast<double>(k);
          ASSERT_DOUBLE_EQ(normalized.row(row)[k], (x.row(row)[k] - mean) / deviation);
          ASSERT_DOUBLE_EQ(scaled.row(row)[k], x.row(row)[k] / 4);
        }
  }
}

//===-- Loss ----------------------------------------------------------------------------------===//

constexpr std::size_t kClasses = 13;

struct Loss {
  double value;
  std::size_t rows;
  Batch<kClasses> probabilities, gradient;
};
Loss loss_of(Batch<kClasses> &logits, Presence present, std::span<const std::int32_t> labels,
             std::span<const float> weights = {}, std::span<const double> soft_targets = {}) {
  ThreadPool threads(2);
  StepContext step{threads, present.count, labels, weights, soft_targets};
  Loss loss{0, 0, Batch<kClasses>(present.count, kUntouched),
            Batch<kClasses>(present.count, kUntouched)};
  softmax_cross_entropy(step, present, logits.rows(), loss.probabilities.rows());
  softmax_cross_entropy_adjoint(step, present, loss.probabilities.rows(), loss.gradient.rows());
  loss.value = step.loss;
  loss.rows = step.loss_rows;
  return loss;
}
std::vector<std::int32_t> some_labels(Presence present) {
  std::vector<std::int32_t> labels;
  for (std::size_t row = 0; row < present.count; ++row)
    // The label of an absent row is never looked at.
    labels.push_back(present[row] ? static_cast<std::int32_t>(row * 5 % kClasses) : 1 << 30);
  return labels;
}

TEST(TrainLoss, IsTheMeanCrossEntropyOfThePresentRows) {
  for (auto &mask : masks()) {
    const Presence present{mask.data(), mask.size()};
    auto logits = random_batch<kClasses>(present, 4);
    const auto labels = some_labels(present);
    Loss loss = loss_of(logits, present, labels);
    expect_untouched(present, loss.probabilities);
    expect_untouched(present, loss.gradient);
    double sum = 0;
    std::size_t rows = 0;
    for (std::size_t row = 0; row < present.count; ++row) {
      if (!present[row])
        continue;
      double total = 0;
      for (std::size_t k = 0; k < kClasses; ++k)
        total += std::exp(logits.row(row)[k]);
      for (std::size_t k = 0; k < kClasses; ++k)
        ASSERT_NEAR(loss.probabilities.row(row)[k], std::exp(logits.row(row)[k]) / total, 1e-14);
      sum -= std::log(std::exp(logits.row(row)[static_cast<std::size_t>(labels[row])]) / total);
      ++rows;
    }
    EXPECT_EQ(loss.rows, rows);
    if (rows == 0)
      EXPECT_TRUE(std::isnan(loss.value));
    else
      EXPECT_NEAR(loss.value, sum / static_cast<double>(rows), 1e-13);
  }
}

TEST(TrainLoss, OfAnExitIsAddedByItsWeight) {
  const std::vector<std::vector<std::uint8_t>> present = {{1, 0, 1, 1}, {1, 1, 0, 0}, {0, 0, 0, 0}};
  const std::vector<std::int32_t> labels = {1, 2, 3, 4};
  std::vector<Loss> alone;
  std::vector<Batch<kClasses>> logits, gradients;
  ThreadPool threads(2);
  StepContext step{threads, 4, labels};
  step.exit_weight = 0.25;
  for (std::size_t head = 0; head < 3; ++head) {
    std::vector<std::uint8_t> mask = present[head];
    const Presence rows{mask.data(), mask.size()};
    logits.push_back(random_batch<kClasses>(rows, static_cast<unsigned>(head)));
    alone.push_back(loss_of(logits[head], rows, labels));
    Batch<kClasses> probabilities(4, kUntouched);
    // The first is the output, the others are exits.
    if (head == 0)
      softmax_cross_entropy(step, rows, logits[head].rows(), probabilities.rows());
    else
      softmax_cross_entropy<LossOf::exit>(step, rows, logits[head].rows(), probabilities.rows());
    gradients.emplace_back(4, kUntouched);
    if (head > 0)
      softmax_cross_entropy_adjoint<LossOf::exit>(step, rows, probabilities.rows(),
                                                  gradients[head].rows());
  }
  EXPECT_DOUBLE_EQ(step.loss, alone[0].value + 0.25 * alone[1].value);
  EXPECT_EQ(step.loss_rows, 5u);
  for (std::size_t row = 0; row < 4; ++row)
    for (std::size_t k = 0; k < kClasses; ++k)
      EXPECT_DOUBLE_EQ(gradients[1].row(row)[k],
                       present[1][row] ? 0.25 * alone[1].gradient.row(row)[k] : kUntouched);
}

std::vector<float> some_weights() {
  std::vector<float> weights;
  for (std::size_t k = 0; k < kClasses; ++k)
    weights.push_back(0.25f + 0.5f * static_cast<float>(k % 4));
  return weights;
}

TEST(TrainLoss, OfWeightedClassesIsTheWeightedMean) {
  const std::vector<float> weights = some_weights();
  for (auto &mask : masks()) {
    const Presence present{mask.data(), mask.size()};
    auto logits = random_batch<kClasses>(present, 4);
    const auto labels = some_labels(present);
    Loss loss = loss_of(logits, present, labels, weights);
    double sum = 0, total = 0;
    for (std::size_t row = 0; row < present.count; ++row) {
      if (!present[row])
        continue;
      const auto label = static_cast<std::size_t>(labels[row]);
      sum -= static_cast<double>(weights[label]) * std::log(loss.probabilities.row(row)[label]);
      total += static_cast<double>(weights[label]);
    }
    if (total == 0)
      EXPECT_TRUE(std::isnan(loss.value));
    else
      EXPECT_NEAR(loss.value, sum / total, 1e-13);
  }
}

TEST(TrainLoss, OfClassesThatAllWeighOneIsTheUnweightedOne) {
  const std::vector<float> ones(kClasses, 1);
  for (auto &mask : masks()) {
    const Presence present{mask.data(), mask.size()};
    auto logits = random_batch<kClasses>(present, 4);
    const auto labels = some_labels(present);
    Loss plain = loss_of(logits, present, labels),
         weighted = loss_of(logits, present, labels, ones);
    EXPECT_TRUE(plain.value == weighted.value || plain.rows == 0);
    for (std::size_t row = 0; row < present.count; ++row)
      for (std::size_t k = 0; present[row] && k < kClasses; ++k)
        ASSERT_EQ(plain.gradient.row(row)[k], weighted.gradient.row(row)[k]);
  }
}

/// Probabilities of a row add up to 1; those of an absent row are never looked at.
std::vector<double> some_targets(Presence present) {
  std::vector<double> targets;
  for (std::size_t row = 0; row < present.count; ++row)
    for (std::size_t k = 0; k < kClasses; ++k)
      targets.push_back(present[row] ? static_cast<double>(1 + (row + 3 * k) % kClasses) /
                                           (kClasses * (kClasses + 1) / 2)
                                     : std::nan(""));
  return targets;
}

TEST(TrainLoss, OfSoftTargetsIsTheirCrossEntropyWeightedByTheLabelsClass) {
  const std::vector<float> weights = some_weights();
  for (auto &mask : masks()) {
    const Presence present{mask.data(), mask.size()};
    auto logits = random_batch<kClasses>(present, 4);
    const auto labels = some_labels(present);
    const auto targets = some_targets(present);
    Loss loss = loss_of(logits, present, labels, weights, targets);
    double sum = 0, total = 0;
    for (std::size_t row = 0; row < present.count; ++row) {
      if (!present[row])
        continue;
      const double weight = static_cast<double>(weights[static_cast<std::size_t>(labels[row])]);
      for (std::size_t k = 0; k < kClasses; ++k)
        sum -= weight * targets[row * kClasses + k] * std::log(loss.probabilities.row(row)[k]);
      total += weight;
    }
    if (total == 0)
      EXPECT_TRUE(std::isnan(loss.value));
    else
      EXPECT_NEAR(loss.value, sum / total, 1e-13);
  }
}

TEST(TrainLoss, OfSureTargetsIsThatOfTheLabels) {
  for (auto &mask : masks()) {
    const Presence present{mask.data(), mask.size()};
    auto logits = random_batch<kClasses>(present, 4);
    const auto labels = some_labels(present);
    std::vector<double> sure(present.count * kClasses);
    for (std::size_t row = 0; row < present.count; ++row)
      if (present[row])
        sure[row * kClasses + static_cast<std::size_t>(labels[row])] = 1;
    Loss hard = loss_of(logits, present, labels), soft = loss_of(logits, present, labels, {}, sure);
    EXPECT_TRUE(hard.value == soft.value || hard.rows == 0);
    for (std::size_t row = 0; row < present.count; ++row)
      for (std::size_t k = 0; present[row] && k < kClasses; ++k)
        ASSERT_EQ(hard.gradient.row(row)[k], soft.gradient.row(row)[k]);
  }
}

TEST(TrainLoss, GradientIsThatOfFiniteDifferences) {
  for (auto &mask : masks()) {
    const Presence present{mask.data(), mask.size()};
    auto logits = random_batch<kClasses>(present, 6);
    const auto labels = some_labels(present);
    for (const auto &weights : {std::vector<float>(), some_weights()})
      for (const auto &targets : {std::vector<double>(), some_targets(present)}) {
        SCOPED_TRACE(testing::Message()
                     << weights.size() << " weights, " << targets.size() << " soft targets");
        Loss loss = loss_of(logits, present, labels, weights, targets);
        for (std::size_t row = 0; row < present.count; row += 4)
          for (std::size_t k = 0; present[row] && k < kClasses; ++k) {
            double &logit = logits.row(row)[k];
            const double here = logit, h = 1e-5;
            logit = here + h;
            const double above = loss_of(logits, present, labels, weights, targets).value;
            logit = here - h;
            const double below = loss_of(logits, present, labels, weights, targets).value;
            logit = here;
            ASSERT_NEAR(loss.gradient.row(row)[k], (above - below) / (2 * h), 1e-9)
                << row << " " << k;
          }
      }
  }
}

TEST(TrainLoss, StaysFiniteWithLargeLogits) {
  std::uint8_t mask[] = {1, 1};
  Batch<kClasses> logits(2);
  logits.row(0)[3] = 1e4;
  logits.row(1)[3] = -1e4;
  const std::int32_t labels[] = {3, 3};
  Loss loss = loss_of(logits, {mask, 2}, labels);
  EXPECT_NEAR(loss.value, (1e4 + std::log(12.0)) / 2, 1e-9);
  EXPECT_EQ(loss.probabilities.row(0)[3], 1);
  EXPECT_EQ(loss.gradient.row(0)[3], 0);
  EXPECT_EQ(loss.gradient.row(1)[3], -0.5);
}

TEST(TrainSoftmax, AdjointIsThatOfFiniteDifferences) {
  ThreadPool threads(1);
  for (auto &mask : masks()) {
    const Presence present{mask.data(), mask.size()};
    StepContext step{threads, present.count, {}};
    auto x = random_batch<kClasses>(present, 7);
    auto g = random_batch<kClasses>(present, 8);
    Batch<kClasses> y(present.count, kUntouched), dx(present.count, kUntouched);
    softmax(step, present, x.rows(), y.rows());
    softmax_adjoint(step, present, y.rows(), g.rows(), dx.rows());
    expect_untouched(present, y);
    expect_untouched(present, dx);
    auto product = [&](std::size_t row) { // <g, softmax(x)> of one row
      double total = 0, sum = 0;
      for (std::size_t k = 0; k < kClasses; ++k)
        total += std::exp(x.row(row)[k]);
      for (std::size_t k = 0; k < kClasses; ++k)
        sum += g.row(row)[k] * std::exp(x.row(row)[k]) / total;
      return sum;
    };
    for (std::size_t row = 0; row < present.count; row += 3)
      for (std::size_t k = 0; present[row] && k < kClasses; ++k) {
        double &element = x.row(row)[k];
        const double here = element, h = 1e-5;
        element = here + h;
        const double above = product(row);
        element = here - h;
        const double below = product(row);
        element = here;
        ASSERT_NEAR(dx.row(row)[k], (above - below) / (2 * h), 1e-9) << row << " " << k;
      }
  }
}

} // namespace
