// Kernels of training in the shapes of the examples, on one thread.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A linear layer y = W x and its adjoints dx and dW, of any gradient g, fit where
// g . y = dx . x = dW . W; and y itself is that of inference.
#include "rnet/train/training.h"
#include "rnet/core/inference.h"
#include "rnet/train/optimizer.h"

#include "kernels.h"

using namespace rnet;
using namespace rnet::test;

namespace {

constexpr std::size_t kRows = 8;

struct Step {
  Step() { context.training = true; }
  train::ThreadPool threads{1};
  train::StepContext context{threads, kRows, {}};
};

struct Tensor {
  Tensor(std::size_t count, std::size_t first) : value(numbers(count, first)), gradient(count) {}
  train::Parameter<float> view() { return {nullptr, value, gradient}; }
  std::vector<float> value, gradient;
};

double dot(const std::vector<float> &a, const std::vector<float> &b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k)
    sum += static_cast<double>(a[k]) * static_cast<double>(b[k]);
  return sum;
}
template <std::size_t Width> double dot(const Batch<Width> &a, const Batch<Width> &b) {
  double sum = 0;
  for (std::size_t row = 0; row < a.count(); ++row)
    for (std::size_t k = 0; k < Width; ++k)
      sum += static_cast<double>(a.row(row)[k]) * static_cast<double>(b.row(row)[k]);
  return sum;
}

/// The three passes of a linear layer without a bias, counted one by one.
template <std::size_t In, std::size_t Out, class Infer, class Forward, class Input,
          class Parameters>
void check(const std::string &name, Tensor &weight, const Infer &infer, const Forward &forward,
           const Input &input, const Parameters &parameters) {
  const Batch<In> x(kRows, 1), dx(kRows);
  const Batch<Out> g(kRows, 2), y(kRows), expected(kRows);
  count((name + ", forward").c_str(), [&] { forward(x.present(), x.rows(), y.rows()); });
  count((name + ", input").c_str(), [&] { input(x.present(), g.rows(), dx.rows()); });
  count((name + ", parameters").c_str(), [&] { parameters(x.present(), x.rows(), g.rows()); });
  infer(x.present(), x.rows(), expected.rows());
  for (std::size_t row = 0; row < kRows; ++row)
    for (std::size_t k = 0; k < Out; ++k)
      expect_near(name.c_str(), static_cast<double>(y.row(row)[k]),
                  static_cast<double>(expected.row(row)[k]));
  // Sums of many numbers that nearly cancel: as a part of what is summed.
  const double size = std::sqrt(dot(g, g) * dot(y, y));
  expect_near(name.c_str(), dot(dx, x) / size, dot(g, y) / size);
  expect_near(name.c_str(), dot(weight.gradient, weight.value) / size, dot(g, y) / size);
}

template <std::size_t In, std::size_t Out> void check_dense(const char *name) {
  Tensor weight(Out * In, 11);
  Dense<In, Out> layer;
  load(layer, {Out, In}, weight.value, std::vector<float>(Out));
  Step step;
  check<In, Out>(
      name, weight, [&](auto present, auto x, auto y) { dense(present, x, layer, y); },
      [&](auto present, auto x, auto y) {
        train::dense(step.context, present, x, weight.view(), y);
      },
      [&](auto present, auto g, auto dx) {
        train::dense_adjoint_input(step.context, present, g, weight.view(), dx);
      },
      [&](auto present, auto x, auto g) {
        train::dense_adjoint_parameters(step.context, present, x, g, weight.view());
      });
}

template <Image In, Window W, std::size_t Out> void check_conv(const char *name) {
  Tensor weight(Out * In.channels * W.taps(), 21);
  Conv<In, W, Out> layer;
  load(layer, {Out, In.channels, W.height, W.width}, weight.value, std::vector<float>(Out));
  Step step;
  check<In.elements(), slide(In, W, Out).elements()>(
      name, weight, [&](auto present, auto x, auto y) { conv(present, x, layer, y); },
      [&](auto present, auto x, auto y) {
        train::conv<In, W>(step.context, present, x, weight.view(), y);
      },
      [&](auto present, auto g, auto dx) {
        train::conv_adjoint_input<In, W>(step.context, present, g, weight.view(), dx);
      },
      [&](auto present, auto x, auto g) {
        train::conv_adjoint_parameters<In, W>(step.context, present, x, g, weight.view());
      });
}

template <Image In, Window W> void check_depthwise(const char *name) {
  Tensor weight(In.channels * W.taps(), 31);
  DepthwiseConv<In, W> layer;
  load(layer, {In.channels, 1, W.height, W.width}, weight.value, std::vector<float>(In.channels));
  Step step;
  check<In.elements(), slide(In, W, In.channels).elements()>(
      name, weight, [&](auto present, auto x, auto y) { depthwise_conv(present, x, layer, y); },
      [&](auto present, auto x, auto y) {
        train::depthwise_conv<In, W>(step.context, present, x, weight.view(), y);
      },
      [&](auto present, auto g, auto dx) {
        train::depthwise_conv_adjoint_input<In, W>(step.context, present, g, weight.view(), dx);
      },
      [&](auto present, auto x, auto g) {
        train::depthwise_conv_adjoint_parameters<In, W>(step.context, present, x, g, weight.view());
      });
}

/// With the activation that is fused into it. The output has the mean and deviation of the batch.
template <Image In> void check_batch_norm(const char *name) {
  constexpr std::size_t kChannels = In.channels, kWidth = In.elements();
  const Batch<kWidth> x(kRows, 1), y(kRows), g(kRows, 2), dx(kRows);
  Tensor gamma(kChannels, 41), beta(kChannels, 42), mean(kChannels, 43), variance(kChannels, 44);
  train::BatchStatistics<float, kChannels> statistics;
  Step step;
  const auto forward = [&]<class Activation>(Activation) {
    train::batch_norm<kChannels, Activation>(step.context, x.present(), x.rows(), gamma.view(),
                                             beta.view(), mean.view(), variance.view(), statistics,
                                             1e-3, 0.9, y.rows());
  };
  count((std::string(name) + ", forward").c_str(), [&] { forward(Relu6()); });
  count((std::string(name) + ", adjoint").c_str(), [&] {
    train::batch_norm_adjoint<kChannels, Relu6>(step.context, x.present(), x.rows(), g.rows(),
                                                gamma.view(), beta.view(), mean.view(),
                                                variance.view(), statistics, 1e-3, 0.9, dx.rows());
  });
  forward(Identity());
  for (std::size_t c = 0; c < kChannels; ++c) {
    double sum = 0, squares = 0, moved = 0;
    for (std::size_t row = 0; row < kRows; ++row)
      for (std::size_t k = c; k < kWidth; k += kChannels) {
        const double value =
            static_cast<double>(y.row(row)[k]) - static_cast<double>(beta.value[c]);
        sum += value;
        squares += value * value;
        moved += static_cast<double>(dx.row(row)[k]);
      }
    constexpr double n = kRows * In.pixels();
    const double scale = static_cast<double>(gamma.value[c]);
    expect_near(name, sum / n, 0);
    if (std::abs(squares / n - scale * scale) > 0.01 * scale * scale)
      fail(std::string(name) + ": the variance is " + std::to_string(squares / n) +
           ", expected about " + std::to_string(scale * scale));
    expect_near(name, moved / n, 0); // adding a constant to x changes nothing
  }
}

/// The third step of a parameter whose gradient stays as it is.
void check_optimizer(const char *name, Optimizer optimizer) {
  constexpr std::size_t kCount = 20000;
  TrainingRecipe recipe;
  recipe.optimizer = optimizer;
  recipe.momentum = 0.9;
  Tensor weight(kCount, 51);
  weight.gradient = numbers(kCount, 52);
  const std::vector<float> start = weight.value;
  const train::Parameter<float> parameters[] = {weight.view()};
  train::OptimizerState<float> state(recipe, parameters);
  train::ThreadPool threads(1);
  count(name, [&] { state.update(threads, parameters, 1e-3); });
  state.update(threads, parameters, 1e-3);
  for (std::size_t k = 0; k < kCount; ++k) {
    const double g = static_cast<double>(weight.gradient[k]);
    // Adam: both moments are unbiased, so each step is rate * g / (|g| + epsilon). Momentum: g,
    // then 1.9 g, then 2.71 g.
    const double moved = optimizer == Optimizer::adam ? 3 * g / (std::abs(g) + recipe.epsilon)
                                                      : (1 + 1.9 + 2.71) * g;
    expect_near(name, static_cast<double>(weight.value[k]),
                static_cast<double>(start[k]) - 1e-3 * moved);
  }
}

constexpr Window kPixel{1, 1, 1, 1, 0, 0, 0, 0}, kThree{3, 3, 1, 1, 1, 1, 1, 1},
    kHalf{3, 3, 2, 2, 0, 1, 0, 1};

} // namespace

int main() {
  start();
  check_dense<250, 250>("train dense 250 to 250");
  check_conv<Image{8, 8, 48}, kPixel, 48>("train pointwise 8x8, 48 to 48");
  check_conv<Image{8, 8, 16}, kThree, 16>("train conv 3x3, 8x8, 16 to 16");
  check_conv<Image{8, 8, 16}, kHalf, 32>("train conv 3x3 by 2, 8x8, 16 to 32");
  check_depthwise<Image{8, 8, 48}, kThree>("train depthwise 3x3, 8x8x48");
  check_batch_norm<Image{8, 8, 48}>("train batch norm, 8x8x48");
  check_optimizer("adam, 20000 parameters", Optimizer::adam);
  check_optimizer("momentum, 20000 parameters", Optimizer::sgd);
}
