// Layers with weights of bf16 and int8: bits against their definition in scalar code, bits against
// the batch, absent rows against reading and writing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "core_layer.h"

using namespace rnet;
using namespace rnet::test;

namespace {

constexpr float kScale = 0.03f; // some inputs saturate
constexpr Window kPixel{1, 1, 1, 1, 0, 0, 0, 0};

/// Weights [outputs][inputs of each] and biases, of different magnitudes by output.
struct Tensors {
  Tensors(std::size_t outputs, std::size_t each)
      : weight(random_values<float>(outputs * each, 7)), bias(random_values<float>(outputs, 8)) {
    for (std::size_t k = 0; k < weight.size(); ++k)
      weight[k] *= static_cast<float>(1 + k / each % 5);
  }
  void add_to(Weights &file, std::vector<std::size_t> shape) const {
    file.add("w", std::move(shape), weight);
    file.add("b", {bias.size()}, bias);
    file.add("s.scale", {1}, {kScale});
  }
  std::vector<float> weight, bias;
};

template <class Activation> float activate_one(float x) { return Activation::apply(splat(x))[0]; }

/// Sums of f32 from the bias on, over the inputs in turn.
struct OfBf16 {
  static constexpr bool kScaled = false;
  static float sum(const float *weights, float bias, const std::vector<float> &x,
                   const std::vector<std::size_t> &order) {
    float result = bias;
    for (std::size_t k = 0; k < x.size(); ++k)
      result = std::fma(from_bf16(to_bf16(weights[order[k]])), x[k], result);
    return result;
  }
};
/// Exact sums of whole numbers.
struct OfInt8 {
  static constexpr bool kScaled = true;
  static float sum(const float *weights, float bias, const std::vector<float> &x,
                   const std::vector<std::size_t> &order, std::size_t count) {
    float largest = 0;
    for (std::size_t k = 0; k < count; ++k)
      largest = std::max(largest, std::abs(weights[k]));
    const float step = largest / 127;
    std::int64_t result = 0;
    for (std::size_t k = 0; k < x.size(); ++k)
      result += static_cast<std::int64_t>(to_int8(weights[order[k]], step)) * to_int8(x[k], kScale);
    return std::fma(static_cast<float>(result), kScale * step, bias);
  }
};

template <class Activation, Image In, Window W, std::size_t Out, class Storage, class Sum,
          class Kernel>
void check(const std::vector<std::size_t> &shape, Kernel kernel) {
  static constexpr Image out = slide(In, W, Out);
  SCOPED_TRACE(testing::Message() << In.height << 'x' << In.width << 'x' << In.channels << " to "
                                  << Out << ", window " << W.height << 'x' << W.width);
  constexpr std::size_t each = In.channels * W.taps();
  const Tensors tensors(Out, each);
  Weights file;
  tensors.add_to(file, shape);
  Storage storage;
  Status status;
  if constexpr (Sum::kScaled)
    status = file.load(storage, "s.scale", "w", "b");
  else
    status = file.load(storage, "w", "b");
  ASSERT_TRUE(status.ok()) << status.message();
  const auto expected = [&](const float *x) {
    // What is under each output, and which weights.
    std::vector<std::vector<float>> under(out.pixels());
    std::vector<std::vector<std::size_t>> order(out.pixels());
    for_taps(In, W, [&](std::size_t to, std::size_t from, std::size_t tap) {
      for (std::size_t c = 0; c < In.channels; ++c) {
        under[to].push_back(x[from * In.channels + c]);
        order[to].push_back(c * W.taps() + tap);
      }
    });
    std::vector<double> y;
    for (std::size_t pixel = 0; pixel < out.pixels(); ++pixel)
      for (std::size_t o = 0; o < Out; ++o) {
        const float *const weights = tensors.weight.data() + o * each;
        float sum;
        if constexpr (Sum::kScaled)
          sum = Sum::sum(weights, tensors.bias[o], under[pixel], order[pixel], each);
        else
          sum = Sum::sum(weights, tensors.bias[o], under[pixel], order[pixel]);
        y.push_back(static_cast<double>(activate_one<Activation>(sum)));
      }
    return y;
  };
  check_rows<In.elements(), out.elements()>(
      [&](auto present, auto x, auto y) { kernel(present, x, storage, y); }, expected,
      /*tolerance=*/0);
}

template <std::size_t In, std::size_t Out, class Activation = Identity> void check_dense() {
  static constexpr Image image{1, 1, In};
  const auto kernel = [](auto present, auto x, const auto &storage, auto y) {
    dense<Activation>(present, x, storage, y);
  };
  check<Activation, image, kPixel, Out, DenseBf16<In, Out>, OfBf16>({Out, In}, kernel);
  check<Activation, image, kPixel, Out, DenseInt8<In, Out>, OfInt8>({Out, In}, kernel);
}

TEST(NarrowDense, HasTheBitsOfItsDefinitionForAnyShapeAndBatch) {
  check_dense<23, 250, Relu>();
  check_dense<250, 13>();
  check_dense<1, 1>();
  check_dense<16, 16>();
  check_dense<5, 300, Gelu>(); // more than one panel
  check_dense<3, 257>();
  check_dense<33, 65>();
  check_dense<4, 129, Relu6>();
  check_dense<7, 96>();
}

template <Image In, Window W, std::size_t Out, class Activation = Identity> void check_conv() {
  const auto kernel = [](auto present, auto x, const auto &storage, auto y) {
    conv<Activation>(present, x, storage, y);
  };
  const std::vector<std::size_t> shape{Out, In.channels, W.height, W.width};
  check<Activation, In, W, Out, ConvBf16<In, W, Out>, OfBf16>(shape, kernel);
  check<Activation, In, W, Out, ConvInt8<In, W, Out>, OfInt8>(shape, kernel);
}

TEST(NarrowConv, OfSinglePixelsHasTheBitsOfItsDefinition) {
  check_conv<Image{5, 7, 24}, kPixel, 48, Relu6>();
  check_conv<Image{9, 9, 50}, kPixel, 64, Relu>();
  check_conv<Image{3, 5, 13}, kPixel, 17>();
  check_conv<Image{1, 9, 3}, kPixel, 96>();
  check_conv<Image{6, 6, 8}, Window{1, 1, 2, 2, 0, 0, 0, 0}, 100>();
  check_conv<Image{3, 4, 5}, Window{1, 1, 1, 1, 1, 0, 0, 2}, 7>();
}

TEST(NarrowConv, OfWindowsHasTheBitsOfItsDefinition) {
  check_conv<Image{8, 9, 3}, Window{3, 3, 1, 1, 1, 1, 1, 1}, 13, Relu>();
  check_conv<Image{9, 8, 3}, Window{3, 3, 2, 2, 0, 1, 0, 1}, 17>();
  check_conv<Image{7, 6, 5}, Window{5, 3, 1, 2, 2, 1, 0, 2}, 24, Tanh>();
  check_conv<Image{6, 7, 12}, Window{3, 5, 2, 1, 1, 0, 2, 2}, 50>();
  check_conv<Image{3, 70, 4}, Window{3, 3, 1, 1, 1, 1, 1, 1}, 8>(); // more than one strip
}

TEST(NarrowConv, TakesImagesSmallerThanItsWindow) {
  check_conv<Image{1, 1, 5}, Window{3, 3, 1, 1, 1, 1, 1, 1}, 13>();
  check_conv<Image{2, 1, 3}, Window{5, 5, 1, 1, 2, 2, 2, 2}, 3>();
  check_conv<Image{2, 3, 3}, Window{3, 3, 1, 1, 4, 4, 4, 4}, 5>(); // some windows see nothing
}

TEST(NarrowPixelDense, HasTheBitsOfItsDefinition) {
  static constexpr Image image{3, 3, 13};
  const auto kernel = [](auto present, auto x, const auto &storage, auto y) {
    conv<Relu>(present, x, storage, y);
  };
  check<Relu, image, kPixel, 24, PixelDenseBf16<image, 24>, OfBf16>({24, 13}, kernel);
  check<Relu, image, kPixel, 24, PixelDenseInt8<image, 24>, OfInt8>({24, 13}, kernel);
}

TEST(Int8, KeepsOutputsWithoutWeightsAndInputsThatAreNoNumbers) {
  Weights file;
  file.add("w", {2, 3}, {0, 0, 0, 1, 2, -127});
  file.add("b", {2}, {5, 0});
  file.add("s.scale", {1}, {1});
  DenseInt8<3, 2> storage;
  ASSERT_TRUE(file.load(storage, "s.scale", "w", "b").ok());
  Batch<3> x(1);
  Batch<2> y(1);
  x.row(0)[0] = std::numeric_limits<float>::quiet_NaN();
  x.row(0)[1] = 1000;
  x.row(0)[2] = -std::numeric_limits<float>::infinity();
  dense(x.present(), x.rows(), storage, y.rows());
  EXPECT_EQ(y.row(0)[0], 5);
  EXPECT_EQ(y.row(0)[1], 0 + 2 * 127 + 127 * 127);
}

TEST(Int8, FoldsANormalisationBeforeItRounds) {
  const Folded norm(2);
  const std::vector<float> weight{1, -2, 3, 0.5f, 4, -8};
  Weights file, folded;
  file.add("w", {2, 3}, weight);
  norm.add_to(file);
  file.add("s.scale", {1}, {kScale});
  const std::vector<double> zero = norm.apply({0, 0}), one = norm.apply({1, 1});
  std::vector<float> product(weight), shift(zero.begin(), zero.end());
  for (std::size_t k = 0; k < product.size(); ++k)
    product[k] = static_cast<float>(static_cast<double>(weight[k]) * (one[k / 3] - zero[k / 3]));
  folded.add("w", {2, 3}, product);
  folded.add("b", {2}, shift);
  folded.add("s.scale", {1}, {kScale});
  DenseInt8<3, 2> by_name, before;
  ASSERT_TRUE(file.load(by_name, "s.scale", "w", norm.names).ok());
  ASSERT_TRUE(folded.load(before, "s.scale", "w", "b").ok());
  Batch<3> x = random_batch<3>(1);
  Batch<2> y(1), expected(1);
  dense(x.present(), x.rows(), by_name, y.rows());
  dense(x.present(), x.rows(), before, expected.rows());
  for (std::size_t k = 0; k < 2; ++k)
    EXPECT_NEAR(y.row(0)[k], expected.row(0)[k], 1e-5);
}

TEST(Int8, RefusesMissingTensorsAndScales) {
  Weights file;
  file.add("w", {2, 3}, std::vector<float>(6, 1));
  file.add("s.scale", {1}, {0});
  DenseInt8<3, 2> storage;
  expect_error(file.load(storage, "t.scale", "w"), "has no 't.scale', the scale of a "
                                                   "hyperconnection or layer of int8; NET-train");
  expect_error(file.load(storage, "s.scale", "w"), "expected a positive, finite number");
  ConvInt8<Image{2, 2, 3}, kPixel, 2> conv;
  expect_error(file.load(conv, "t.scale", "w"), "has no 't.scale'");
}

} // namespace
