// Checks a layer of training: its adjoints against finite differences, float against double, bits
// against the number of threads, absent rows against reading and writing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/train/training.h"

#include "batch.h"

#include <cmath>
#include <memory>

namespace rnet::test {

/// A parameter that owns its memory, with random values.
template <class T> struct OwnParameter {
  OwnParameter(std::size_t count, unsigned seed) : gradient(count, T(kUntouched)) {
    for (double number : random_values<double>(count, seed))
      value.push_back(static_cast<T>(number));
  }
  train::Parameter<T> view() { return {nullptr, value, gradient}; }

  std::vector<T> value, gradient;
};

/// A layer under test derives from this and has
///   static constexpr std::size_t kIn, kOut;
///   void forward(StepContext &, Presence, Rows<kIn, const T> x, Rows<kOut, T> y);
///   void backward(StepContext &, Presence, Rows<kIn, const T> x, Rows<kOut, const T> y,
///                 Rows<kOut, const T> gradient, Rows<kIn, T> dx);
template <class T> struct TestedLayer {
  OwnParameter<T> &parameter(std::size_t count) {
    return *parameters.emplace_back(
        std::make_unique<OwnParameter<T>>(count, 50 + static_cast<unsigned>(parameters.size())));
  }
  std::vector<std::unique_ptr<OwnParameter<T>>> parameters;
};

/// One run of a layer over a batch with absent rows: the same numbers for float and double.
template <template <class> class Layer, class T> class LayerRun {
public:
  using L = Layer<T>;
  static constexpr std::size_t kRows = 7;

  LayerRun() : x(kRows), gradient(kRows), y(kRows, T(kUntouched)), dx(kRows, T(kUntouched)) {
    fill(x, 1);
    fill(gradient, 2);
    x.poison();
    gradient.poison();
  }

  void forward(std::size_t threads = 1) {
    train::ThreadPool pool(threads);
    train::StepContext step = context(pool);
    layer.forward(step, x.present(), x.const_rows(), y.rows());
  }
  void backward(std::size_t threads = 1) {
    train::ThreadPool pool(threads);
    train::StepContext step = context(pool);
    layer.backward(step, x.present(), x.const_rows(), y.const_rows(), gradient.const_rows(),
                   dx.rows());
  }
  /// The sum of gradient * y over present rows.
  double loss() {
    forward();
    double sum = 0;
    for (std::size_t row = 0; row < kRows; ++row)
      for (std::size_t k = 0; x.mask[row] && k < L::kOut; ++k)
        sum += static_cast<double>(gradient.row(row)[k] * y.row(row)[k]);
    return sum;
  }
  double slope(T &at) {
    constexpr T kStep = static_cast<T>(1e-5);
    const T before = at;
    at = before + kStep;
    const double above = loss();
    at = before - kStep;
    const double below = loss();
    at = before;
    return (above - below) / (2 * static_cast<double>(kStep));
  }

  L layer;
  Batch<L::kIn, T> x;
  Batch<L::kOut, T> gradient, y;
  Batch<L::kIn, T> dx;

private:
  static train::StepContext context(train::ThreadPool &pool) {
    train::StepContext step{pool, kRows, {}};
    step.training = true;
    step.seed = 5;
    step.number = 6;
    return step;
  }
  template <std::size_t Width> static void fill(Batch<Width, T> &batch, unsigned seed) {
    Batch<Width, double> values = random_batch<Width, double>(kRows, seed);
    for (std::size_t k = 0; k < batch.data.size(); ++k)
      batch.data[k] = static_cast<T>(values.data[k]);
  }
};

template <template <class> class Layer, class T> void expect_same_for_any_number_of_threads() {
  LayerRun<Layer, T> one;
  one.forward();
  one.backward();
  one.y.expect_untouched(one.x.mask, T(kUntouched));
  one.dx.expect_untouched(one.x.mask, T(kUntouched));
  for (std::size_t threads : {2u, 3u}) {
    LayerRun<Layer, T> more;
    more.forward(threads);
    more.backward(threads);
    EXPECT_EQ(one.y.data, more.y.data) << threads << " threads";
    EXPECT_EQ(one.dx.data, more.dx.data) << threads << " threads";
    for (std::size_t p = 0; p < one.layer.parameters.size(); ++p)
      EXPECT_EQ(one.layer.parameters[p]->gradient, more.layer.parameters[p]->gradient)
          << threads << " threads, parameter " << p;
  }
}

template <template <class> class Layer> void check_layer() {
  expect_same_for_any_number_of_threads<Layer, float>();
  expect_same_for_any_number_of_threads<Layer, double>();

  LayerRun<Layer, double> exact;
  exact.forward();
  exact.backward();
  const auto near = [](double a, double b, double tolerance) {
    return std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b)); // false for NaN
  };

  LayerRun<Layer, float> single;
  single.forward();
  single.backward();
  for (std::size_t k = 0; k < exact.y.data.size(); ++k)
    ASSERT_TRUE(near(single.y.data[k], exact.y.data[k], 1e-4)) << k;
  for (std::size_t k = 0; k < exact.dx.data.size(); ++k)
    ASSERT_TRUE(near(single.dx.data[k], exact.dx.data[k], 1e-4)) << k;
  for (std::size_t p = 0; p < exact.layer.parameters.size(); ++p)
    for (std::size_t k = 0; k < exact.layer.parameters[p]->gradient.size(); ++k)
      ASSERT_TRUE(near(single.layer.parameters[p]->gradient[k],
                       exact.layer.parameters[p]->gradient[k], 2e-4))
          << "parameter " << p << ", element " << k;

  // Some hundred elements spread over each tensor.
  LayerRun<Layer, double> moved;
  using L = Layer<double>;
  for (std::size_t row = 0; row < moved.kRows; ++row)
    for (std::size_t k = 0; moved.x.mask[row] && k < L::kIn; k += 1 + L::kIn / 50)
      ASSERT_TRUE(near(exact.dx.row(row)[k], moved.slope(moved.x.row(row)[k]), 1e-6))
          << "row " << row << ", element " << k << ": " << exact.dx.row(row)[k] << " expected "
          << moved.slope(moved.x.row(row)[k]);
  for (std::size_t p = 0; p < exact.layer.parameters.size(); ++p) {
    std::vector<double> &values = moved.layer.parameters[p]->value;
    const std::vector<double> &slopes = exact.layer.parameters[p]->gradient;
    for (std::size_t k = 0; k < values.size(); k += 1 + values.size() / 200)
      ASSERT_TRUE(near(slopes[k], moved.slope(values[k]), 1e-6))
          << "parameter " << p << ", element " << k << ": " << slopes[k] << " expected "
          << moved.slope(values[k]);
  }
}

} // namespace rnet::test
