// Convolutions and dense layers for inference, with and without a batch normalisation folded in.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "core_layer.h"

using namespace rnet;
using namespace rnet::test;

namespace {

struct Tensors {
  std::vector<double> weight, bias;
};
std::vector<double> widen(const std::vector<float> &values) {
  return {values.begin(), values.end()};
}

template <Image In, Window W, std::size_t Out>
std::vector<double> naive_conv(const float *x, const Tensors &t) {
  static constexpr Image out = slide(In, W, Out);
  std::vector<double> y(out.elements());
  for (std::size_t k = 0; k < y.size(); ++k)
    y[k] = t.bias[k % Out];
  for_taps(In, W, [&](std::size_t to, std::size_t from, std::size_t tap) {
    for (std::size_t o = 0; o < Out; ++o)
      for (std::size_t c = 0; c < In.channels; ++c)
        y[to * Out + o] += t.weight[(o * In.channels + c) * W.taps() + tap] *
                           static_cast<double>(x[from * In.channels + c]);
  });
  return y;
}

template <Image In, Window W>
std::vector<double> naive_depthwise(const float *x, const Tensors &t) {
  static constexpr Image out = slide(In, W, In.channels);
  std::vector<double> y(out.elements());
  for (std::size_t k = 0; k < y.size(); ++k)
    y[k] = t.bias[k % In.channels];
  for_taps(In, W, [&](std::size_t to, std::size_t from, std::size_t tap) {
    for (std::size_t c = 0; c < In.channels; ++c)
      y[to * In.channels + c] +=
          t.weight[c * W.taps() + tap] * static_cast<double>(x[from * In.channels + c]);
  });
  return y;
}

/// Random weights of about unit outputs.
std::vector<float> scaled_values(std::size_t count, std::size_t fan_in, unsigned seed) {
  std::vector<float> values = random_values<float>(count, seed);
  for (float &value : values)
    value /= std::sqrt(static_cast<float>(fan_in));
  return values;
}

template <Image In, Window W, std::size_t Out, class Activation = Identity> void check_conv() {
  SCOPED_TRACE(testing::Message() << In.height << 'x' << In.width << 'x' << In.channels << " to "
                                  << Out << ", window " << W.height << 'x' << W.width);
  const std::vector<float> w =
      scaled_values(Out * In.channels * W.taps(), In.channels * W.taps(), 7);
  const std::vector<float> b = random_values<float>(Out, 8);
  Weights file;
  file.add("w", {Out, In.channels, W.height, W.width}, w);
  file.add("b", {Out}, b);
  Conv<In, W, Out> plain, biased;
  ASSERT_TRUE(file.load(plain, "w").ok());
  ASSERT_TRUE(file.load(biased, "w", "b").ok());
  constexpr std::size_t elements = slide(In, W, Out).elements();
  check_rows<In.elements(), elements>(
      [&](auto present, auto x, auto y) { conv<Activation>(present, x, biased, y); },
      [&](const float *x) {
        return activate_all<Activation>(naive_conv<In, W, Out>(x, {widen(w), widen(b)}));
      });
  check_rows<In.elements(), elements>(
      [&](auto present, auto x, auto y) { conv(present, x, plain, y); },
      [&](const float *x) {
        return naive_conv<In, W, Out>(x, {widen(w), std::vector<double>(Out)});
      });
}

TEST(Conv, OfSinglePixelsIsCloseToDoublePrecision) {
  static constexpr Window pixel{1, 1, 1, 1, 0, 0, 0, 0};
  check_conv<Image{5, 7, 24}, pixel, 48>();
  check_conv<Image{4, 4, 50}, pixel, 64, Relu>();
  check_conv<Image{3, 5, 13}, pixel, 17, Relu6>();
  check_conv<Image{2, 2, 17}, pixel, 5>();
  check_conv<Image{1, 9, 3}, pixel, 96>();
  check_conv<Image{9, 1, 5}, pixel, 80>();
  check_conv<Image{6, 6, 8}, Window{1, 1, 2, 2, 0, 0, 0, 0}, 24>();
}

TEST(Conv, OfWindowsIsCloseToDoublePrecision) {
  check_conv<Image{8, 9, 3}, Window{3, 3, 1, 1, 1, 1, 1, 1}, 13, Relu>();
  check_conv<Image{9, 8, 3}, Window{3, 3, 2, 2, 0, 1, 0, 1}, 17>();
  check_conv<Image{7, 6, 5}, Window{5, 3, 1, 2, 2, 1, 0, 2}, 24, Tanh>();
  check_conv<Image{6, 7, 13}, Window{3, 5, 2, 1, 1, 0, 2, 2}, 50>();
  check_conv<Image{5, 5, 2}, Window{3, 3, 1, 1, 0, 0, 0, 0}, 112>();
  check_conv<Image{30, 30, 3}, Window{3, 3, 1, 1, 1, 1, 1, 1}, 48>();
}

TEST(Conv, TakesImagesSmallerThanItsWindow) {
  check_conv<Image{1, 1, 5}, Window{3, 3, 1, 1, 1, 1, 1, 1}, 13>();
  check_conv<Image{2, 1, 3}, Window{5, 5, 1, 1, 2, 2, 2, 2}, 3>();
  check_conv<Image{2, 3, 3}, Window{3, 3, 1, 1, 4, 4, 4, 4}, 5>(); // some windows see nothing
}

TEST(Conv, HasTheBitsOfItsDefinition) {
  static constexpr Image in{5, 6, 13};
  static constexpr Window w{3, 3, 2, 1, 1, 0, 1, 1};
  constexpr std::size_t out = 17;
  const std::vector<float> weight = random_values<float>(out * in.channels * w.taps(), 7);
  const std::vector<float> bias = random_values<float>(out, 8);
  Weights file;
  file.add("w", {out, in.channels, w.height, w.width}, weight);
  file.add("b", {out}, bias);
  Conv<in, w, out> weights;
  ASSERT_TRUE(file.load(weights, "w", "b").ok());
  Batch<in.elements()> x = random_batch<in.elements()>(1);
  Batch<slide(in, w, out).elements()> y(1);
  conv(x.present(), x.rows(), weights, y.rows());
  std::vector<float> expected(slide(in, w, out).elements());
  for (std::size_t k = 0; k < expected.size(); ++k)
    expected[k] = bias[k % out];
  for_taps(in, w, [&](std::size_t to, std::size_t from, std::size_t tap) {
    for (std::size_t c = 0; c < in.channels; ++c)
      for (std::size_t o = 0; o < out; ++o)
        expected[to * out + o] = std::fma(weight[(o * in.channels + c) * w.taps() + tap],
                                          x.row(0)[from * in.channels + c], expected[to * out + o]);
  });
  for (std::size_t k = 0; k < expected.size(); ++k)
    ASSERT_EQ(std::bit_cast<std::uint32_t>(expected[k]), std::bit_cast<std::uint32_t>(y.row(0)[k]))
        << k;
}

TEST(Conv, RefusesMissingTensorsAndWrongShapes) {
  Weights file;
  file.add("w", {4, 2, 3, 3}, std::vector<float>(72));
  file.add("b", {3}, std::vector<float>(3));
  static constexpr Window w{3, 3, 1, 1, 1, 1, 1, 1};
  Conv<Image{4, 4, 3}, w, 4> deeper;
  Conv<Image{4, 4, 2}, w, 4> good;
  DepthwiseConv<Image{4, 4, 4}, w> depthwise;
  PixelDense<Image{4, 4, 2}, 4> pixel;
  expect_error(file.load(deeper, "w"), "'w' with shape [4, 2, 3, 3], expected [4, 3, 3, 3]");
  expect_error(file.load(good, "v"), "no tensor 'v'");
  expect_error(file.load(good, "w", "b"), "'b' with shape [3], expected [4]");
  expect_error(file.load(good, "w", Normalized{"g", "b", "m", "v", 1e-3}), "no tensor 'g'");
  expect_error(file.load(depthwise, "w"), "expected [4, 1, 3, 3]");
  expect_error(file.load(pixel, "w"), "expected [4, 2]");
  EXPECT_TRUE(file.load(good, "w").ok());
}

template <Image In, std::size_t Out> void check_pixel_dense() {
  const std::vector<float> w = scaled_values(Out * In.channels, In.channels, 7);
  const std::vector<float> b = random_values<float>(Out, 8);
  Weights file;
  file.add("w", {Out, In.channels}, w);
  file.add("b", {Out}, b);
  PixelDense<In, Out> weights;
  ASSERT_TRUE(file.load(weights, "w", "b").ok());
  check_rows<In.elements(), In.pixels() * Out>(
      [&](auto present, auto x, auto y) { conv<Gelu>(present, x, weights, y); },
      [&](const float *x) {
        return activate_all<Gelu>(
            naive_conv<In, Window{1, 1, 1, 1, 0, 0, 0, 0}, Out>(x, {widen(w), widen(b)}));
      });
}

TEST(PixelDense, IsADenseLayerOnEachPixel) {
  check_pixel_dense<Image{3, 3, 13}, 24>();
  check_pixel_dense<Image{1, 5, 17}, 3>();
}

template <Image In, Window W, class Activation = Identity> void check_depthwise() {
  SCOPED_TRACE(testing::Message() << In.height << 'x' << In.width << 'x' << In.channels
                                  << ", window " << W.height << 'x' << W.width);
  const std::vector<float> w = scaled_values(In.channels * W.taps(), W.taps(), 7);
  const std::vector<float> b = random_values<float>(In.channels, 8);
  Weights file;
  file.add("w", {In.channels, 1, W.height, W.width}, w);
  file.add("b", {In.channels}, b);
  DepthwiseConv<In, W> weights;
  ASSERT_TRUE(file.load(weights, "w", "b").ok());
  check_rows<In.elements(), slide(In, W, In.channels).elements()>(
      [&](auto present, auto x, auto y) { depthwise_conv<Activation>(present, x, weights, y); },
      [&](const float *x) {
        return activate_all<Activation>(naive_depthwise<In, W>(x, {widen(w), widen(b)}));
      });
}

TEST(DepthwiseConv, IsCloseToDoublePrecision) {
  check_depthwise<Image{8, 9, 24}, Window{3, 3, 1, 1, 1, 1, 1, 1}, Relu6>();
  check_depthwise<Image{9, 8, 3}, Window{3, 3, 2, 2, 0, 1, 0, 1}>();
  check_depthwise<Image{7, 12, 17}, Window{5, 3, 1, 2, 2, 1, 0, 2}, Sigmoid>();
  check_depthwise<Image{6, 17, 50}, Window{3, 5, 2, 1, 1, 0, 2, 2}>();
  check_depthwise<Image{4, 4, 13}, Window{1, 1, 1, 1, 0, 0, 0, 0}>();
  check_depthwise<Image{2, 2, 5}, Window{3, 3, 1, 1, 1, 1, 1, 1}>();
  check_depthwise<Image{1, 2, 16}, Window{3, 3, 1, 1, 3, 3, 3, 3}>(); // some windows see nothing
}

TEST(Normalized, FoldsIntoConvolutions) {
  static constexpr Image in{5, 4, 3};
  static constexpr Window w{3, 3, 1, 1, 1, 1, 1, 1};
  constexpr std::size_t out = 13, elements = slide(in, w, out).elements();
  const Folded norm(out);
  const std::vector<float> weight = scaled_values(out * 27, 27, 7);
  const std::vector<float> bias = random_values<float>(out, 8);
  Weights file;
  file.add("w", {out, 3, 3, 3}, weight);
  file.add("b", {out}, bias);
  norm.add_to(file);
  Conv<in, w, out> plain, biased;
  ASSERT_TRUE(file.load(plain, "w", norm.names).ok());
  ASSERT_TRUE(file.load(biased, "w", "b", norm.names).ok());
  check_rows<in.elements(), elements>(
      [&](auto present, auto x, auto y) { conv(present, x, plain, y); },
      [&](const float *x) {
        return norm.apply(naive_conv<in, w, out>(x, {widen(weight), std::vector<double>(out)}));
      });
  check_rows<in.elements(), elements>(
      [&](auto present, auto x, auto y) { conv(present, x, biased, y); },
      [&](const float *x) {
        return norm.apply(naive_conv<in, w, out>(x, {widen(weight), widen(bias)}));
      });
}

TEST(Normalized, FoldsIntoDepthwiseConvolutions) {
  static constexpr Image in{5, 4, 17};
  static constexpr Window w{3, 3, 2, 2, 1, 1, 1, 1};
  const Folded norm(17);
  const std::vector<float> weight = scaled_values(17 * 9, 9, 7);
  Weights file;
  file.add("w", {17, 1, 3, 3}, weight);
  norm.add_to(file);
  DepthwiseConv<in, w> weights;
  ASSERT_TRUE(file.load(weights, "w", norm.names).ok());
  check_rows<in.elements(), slide(in, w, 17).elements()>(
      [&](auto present, auto x, auto y) { depthwise_conv(present, x, weights, y); },
      [&](const float *x) {
        return norm.apply(naive_depthwise<in, w>(x, {widen(weight), std::vector<double>(17)}));
      });
}

TEST(Normalized, FoldsIntoDenseLayers) {
  const Folded norm(24);
  const std::vector<float> weight = scaled_values(24 * 13, 13, 7);
  const std::vector<float> bias = random_values<float>(24, 8);
  Weights file;
  file.add("w", {24, 13}, weight);
  file.add("b", {24}, bias);
  norm.add_to(file);
  static constexpr Image pixel{1, 1, 13};
  static constexpr Window w{1, 1, 1, 1, 0, 0, 0, 0};
  Dense<13, 24> vector;
  PixelDense<pixel, 24> image;
  ASSERT_TRUE(file.load(vector, "w", "b", norm.names).ok());
  ASSERT_TRUE(file.load(image, "w", "b", norm.names).ok());
  const auto expected = [&](const float *x) {
    return norm.apply(naive_conv<pixel, w, 24>(x, {widen(weight), widen(bias)}));
  };
  check_rows<13, 24>([&](auto present, auto x, auto y) { dense(present, x, vector, y); }, expected);
  check_rows<13, 24>([&](auto present, auto x, auto y) { conv(present, x, image, y); }, expected);
}

} // namespace
