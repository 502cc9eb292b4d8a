// The optimizers against their formulas, in arithmetic of their own.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/optimizer.h"

#include "rnet/train/parameter_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace rnet;
using namespace rnet::train;

namespace {

constexpr std::size_t kShape[] = {2, 3}, kVector[] = {3};
constexpr ParameterDescription kParameters[] = {{"w", 0, kShape, Initializer::glorot_uniform, true},
                                                {"mean", 0, kVector, Initializer::zeros, false},
                                                {"b", 0, kVector, Initializer::zeros, true}};

/// Gradients that differ by element and step, small ones beside large ones, some zero.
double gradient(std::size_t parameter, std::size_t k, int step) {
  if (k == 2 && step > 1)
    return 0; // as of a node that was absent: moments still move the weight
  const double scale[] = {1, 1e-4, 3, 1e-7, 20, 0.3};
  return scale[k] * std::sin(1.0 + static_cast<double>(parameter) + 0.7 * step);
}

/// Runs `steps` updates; calls check(element, value, parameter, k) for every trained element.
template <class T, class Check>
void run(const TrainingRecipe &recipe, int steps, const Check &check) {
  ParameterStore<T> store(kParameters);
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t k = 0; k < store[p].value.size(); ++k)
      store[p].value[k] = static_cast<T>(0.5 - 0.1 * static_cast<double>(k));
  ThreadPool threads(2);
  OptimizerState<T> optimizer(recipe, store.span());
  for (int step = 1; step <= steps; ++step) {
    for (std::size_t p = 0; p < 3; ++p)
      for (std::size_t k = 0; k < store[p].gradient.size(); ++k)
        store[p].gradient[k] = static_cast<T>(gradient(p, k, step));
    optimizer.update(threads, store.span(), recipe.rate);
    EXPECT_EQ(optimizer.steps(), static_cast<std::uint64_t>(step));
  }
  for (std::size_t p : {0u, 2u})
    for (std::size_t k = 0; k < store[p].value.size(); ++k)
      check(p, k, static_cast<double>(store[p].value[k]));
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_EQ(store[1].value[k], static_cast<T>(0.5 - 0.1 * static_cast<double>(k)))
        << "a parameter that is not trained moved";
}

/// Algorithm 1 of Kingma & Ba, 2015, as printed there.
double adam(const TrainingRecipe &recipe, std::size_t p, std::size_t k, int steps) {
  long double w = 0.5L - 0.1L * k, m = 0, v = 0;
  for (int t = 1; t <= steps; ++t) {
    const long double g = gradient(p, k, t);
    m = recipe.beta1 * m + (1 - recipe.beta1) * g;
    v = recipe.beta2 * v + (1 - recipe.beta2) * g * g;
    const long double mhat = m / (1 - std::pow(static_cast<long double>(recipe.beta1), t));
    const long double vhat = v / (1 - std::pow(static_cast<long double>(recipe.beta2), t));
    w -= recipe.rate * mhat / (std::sqrt(vhat) + recipe.epsilon);
  }
  return static_cast<double>(w);
}

TEST(Adam, IsTheAlgorithmOfThePaper) {
  const TrainingRecipe recipe; // Keras' defaults
  EXPECT_EQ(recipe.epsilon, 1e-7);
  for (int steps : {1, 2, 7, 200}) {
    run<double>(recipe, steps, [&](std::size_t p, std::size_t k, double value) {
      EXPECT_NEAR(value, adam(recipe, p, k, steps), 1e-13) << p << " " << k << " " << steps;
    });
    run<float>(recipe, steps, [&](std::size_t p, std::size_t k, double value) {
      EXPECT_NEAR(value, adam(recipe, p, k, steps), 1e-7 * (1 + steps)) << p << " " << k;
    });
  }
}

TEST(Adam, FirstStepByHand) {
  // mhat = g and vhat = g^2, so the step is rate * g / (|g| + epsilon): half the rate where |g| is
  // epsilon, which tells 1e-7 from PyTorch's 1e-8.
  ParameterStore<double> store(kParameters);
  ThreadPool threads(1);
  OptimizerState<double> optimizer({}, store.span());
  const double gradients[] = {1e-7, -1e-7, 2, -2, 0, 1};
  std::copy_n(gradients, 6, store[0].gradient.begin());
  optimizer.update(threads, store.span(), TrainingRecipe().rate);
  const double expected[] = {-0.5e-3, 0.5e-3, -1e-3, 1e-3, 0, -1e-3};
  for (std::size_t k = 0; k < 6; ++k)
    EXPECT_NEAR(store[0].value[k], expected[k], 1e-9) << k;
}

TEST(Adam, TakesItsNumbersFromTheRecipe) {
  TrainingRecipe recipe;
  recipe.rate = 0.02;
  recipe.beta1 = 0.5;
  recipe.beta2 = 0.9;
  recipe.epsilon = 1e-3;
  run<double>(recipe, 9, [&](std::size_t p, std::size_t k, double value) {
    EXPECT_NEAR(value, adam(recipe, p, k, 9), 1e-12) << p << " " << k;
  });
}

TEST(Sgd, IsGradientDescentWithMomentum) {
  TrainingRecipe recipe;
  recipe.optimizer = Optimizer::sgd;
  recipe.rate = 0.01;
  for (double momentum : {0.0, 0.9}) {
    recipe.momentum = momentum;
    // Unrolled: w_n = w_0 - rate * sum over t of g_t * (1 + momentum + ... + momentum^(n - t)).
    run<double>(recipe, 6, [&](std::size_t p, std::size_t k, double value) {
      double expected = 0.5 - 0.1 * static_cast<double>(k);
      for (int t = 1; t <= 6; ++t) {
        double factor = 0;
        for (int power = 0; power <= 6 - t; ++power)
          factor += std::pow(momentum, power);
        expected -= 0.01 * gradient(p, k, t) * factor;
      }
      EXPECT_NEAR(value, expected, 1e-13) << p << " " << k << " momentum " << momentum;
    });
  }
}

TEST(WeightDecay, IsDecoupledAndOfWeightsOnly) {
  // AdamW, and the same for sgd: first the weight shrinks by rate * decay, then the step of its
  // gradient. In one step of sgd without momentum: w (1 - rate * decay) - rate * g.
  TrainingRecipe recipe;
  recipe.rate = 0.01;
  recipe.weight_decay = 0.3;
  run<double>(recipe, 1, [&](std::size_t p, std::size_t k, double value) {
    const double w = 0.5 - 0.1 * static_cast<double>(k), decay = p == 0 ? 0.003 * w : 0;
    EXPECT_NEAR(value, adam(recipe, p, k, 1) - decay, 1e-13) << p << " " << k;
  });
  recipe.optimizer = Optimizer::sgd;
  run<double>(recipe, 5, [&](std::size_t p, std::size_t k, double value) {
    double w = 0.5 - 0.1 * static_cast<double>(k);
    for (int t = 1; t <= 5; ++t)
      w = (p == 0 ? 0.997 * w : w) - 0.01 * gradient(p, k, t);
    EXPECT_NEAR(value, w, 1e-13) << p << " " << k;
  });
}

TEST(Optimizer, TakesTheRateOfEachStep) {
  for (Optimizer kind : {Optimizer::adam, Optimizer::sgd}) {
    TrainingRecipe recipe;
    recipe.optimizer = kind;
    recipe.weight_decay = 0.1;
    ParameterStore<double> store(kParameters);
    ThreadPool threads(1);
    OptimizerState<double> optimizer(recipe, store.span());
    std::fill(store[0].gradient.begin(), store[0].gradient.end(), 2.0);
    std::fill(store[0].value.begin(), store[0].value.end(), 1.0);
    optimizer.update(threads, store.span(), 0);
    EXPECT_EQ(store[0].value[3], 1);
    optimizer.update(threads, store.span(), 0.25);
    // Of a constant gradient adam's step is the rate itself.
    const double step = kind == Optimizer::adam ? 0.25 : 0.25 * 2;
    EXPECT_NEAR(store[0].value[3], 1 - 0.25 * 0.1 - step, 1e-6);
  }
}

/// Parameters of several blocks each.
TEST(Optimizer, GivesTheSameBitsForAnyNumberOfThreads) {
  static constexpr std::size_t kWide[] = {300, 201};
  constexpr ParameterDescription kMany[] = {{"w", 0, kWide, Initializer::glorot_uniform, true},
                                            {"b", 0, kVector, Initializer::zeros, true},
                                            {"v", 0, kWide, Initializer::glorot_uniform, true}};
  for (Optimizer kind : {Optimizer::adam, Optimizer::sgd}) {
    TrainingRecipe recipe;
    recipe.optimizer = kind;
    const auto updated = [&](std::size_t count) {
      ParameterStore<float> store(kMany);
      ThreadPool threads(count);
      OptimizerState<float> optimizer(recipe, store.span());
      for (int step = 1; step <= 3; ++step) {
        for (std::size_t p = 0; p < 3; ++p)
          for (std::size_t k = 0; k < store[p].gradient.size(); ++k)
            store[p].gradient[k] = static_cast<float>(std::sin(static_cast<double>(k + p) * step));
        optimizer.update(threads, store.span(), recipe.rate);
      }
      std::vector<float> values;
      for (std::size_t p = 0; p < 3; ++p)
        values.insert(values.end(), store[p].value.begin(), store[p].value.end());
      return values;
    };
    const std::vector<float> one = updated(1);
    EXPECT_EQ(std::count(one.begin(), one.end(), 0.0f), 1) << "all but w[0] have gradients";
    EXPECT_EQ(updated(3), one);
  }
}

TEST(Sgd, KeepsNoSecondMoment) {
  TrainingRecipe recipe;
  recipe.optimizer = Optimizer::sgd;
  ParameterStore<float> store(kParameters);
  OptimizerState<float> optimizer(recipe, store.span());
  EXPECT_EQ(optimizer.first(0).size(), 6u);
  EXPECT_EQ(optimizer.second(0).size(), 0u);
  EXPECT_EQ(optimizer.first(1).size(), 0u) << "the mean is not trained";
}

} // namespace
