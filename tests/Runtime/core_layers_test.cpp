// Kernels of image layers: values against naive loops in double precision, bits against the batch,
// absent rows against reading and writing. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/inference.h"

#include "batch.h"

#include <bit>
#include <cmath>

using namespace rnet;
using test::Batch;
using test::kUntouched;
using test::random_batch;
using test::random_values;

namespace {

constexpr std::size_t kBatches[] = {1, 2, 5, 11};

double activated(Identity, double x) { return x; }
double activated(Relu, double x) { return std::max(x, 0.0); }
double activated(Relu6, double x) { return std::min(std::max(x, 0.0), 6.0); }
double activated(Sigmoid, double x) { return 1 / (1 + std::exp(-x)); }
double activated(Tanh, double x) { return std::tanh(x); }
double activated(Gelu, double x) { return x * (1 + std::erf(x / std::sqrt(2.0))) / 2; }

/// Runs kernel(present, x, y) on batches of several sizes: each present row is near
/// expected(x row)[k], has the bits that it has alone, and nothing else is written.
template <std::size_t In, std::size_t Out, class Kernel, class Expected>
void check_rows(const Kernel &kernel, const Expected &expected, double tolerance = 1e-5) {
  for (std::size_t count : kBatches) {
    SCOPED_TRACE(testing::Message() << count << " rows");
    Batch<In> x = random_batch<In>(count);
    Batch<Out> y(count, kUntouched);
    x.poison();
    kernel(x.present(), x.const_rows(), y.rows());
    y.expect_untouched(x.mask, kUntouched);
    for (std::size_t row = 0; row < count; ++row) {
      if (!x.mask[row])
        continue;
      Batch<In> alone(1);
      Batch<Out> result(1, kUntouched);
      std::copy_n(x.row(row), In, alone.row(0));
      kernel(alone.present(), alone.const_rows(), result.rows());
      const std::vector<double> values = expected(x.row(row));
      ASSERT_EQ(values.size(), Out);
      for (std::size_t k = 0; k < Out; ++k) {
        ASSERT_NEAR(y.row(row)[k], values[k], tolerance * std::max(1.0, std::abs(values[k])))
            << "element " << k << " of row " << row;
        ASSERT_EQ(std::bit_cast<std::uint32_t>(y.row(row)[k]),
                  std::bit_cast<std::uint32_t>(result.row(0)[k]))
            << "element " << k << " of row " << row;
      }
    }
  }
}

/// Calls work(output index, input index, tap index) for all taps inside the image, one channel.
template <class Work> void for_taps(Image in, Window w, const Work &work) {
  const Image out = slide(in, w, 1);
  for (std::size_t oy = 0; oy < out.height; ++oy)
    for (std::size_t ox = 0; ox < out.width; ++ox)
      for (std::size_t j = 0; j < w.height; ++j)
        for (std::size_t i = 0; i < w.width; ++i) {
          const auto y = static_cast<long>(oy * w.stride_y + j) - static_cast<long>(w.top);
          const auto x = static_cast<long>(ox * w.stride_x + i) - static_cast<long>(w.left);
          if (y >= 0 && x >= 0 && y < static_cast<long>(in.height) &&
              x < static_cast<long>(in.width))
            work(oy * out.width + ox,
                 static_cast<std::size_t>(y) * in.width + static_cast<std::size_t>(x),
                 j * w.width + i);
        }
}

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

template <class Activation> std::vector<double> activate_all(std::vector<double> y) {
  for (double &value : y)
    value = activated(Activation(), value);
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
  test::Weights file;
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
  test::Weights file;
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
  test::Weights file;
  file.add("w", {4, 2, 3, 3}, std::vector<float>(72));
  file.add("b", {3}, std::vector<float>(3));
  static constexpr Window w{3, 3, 1, 1, 1, 1, 1, 1};
  Conv<Image{4, 4, 3}, w, 4> deeper;
  Conv<Image{4, 4, 2}, w, 4> good;
  DepthwiseConv<Image{4, 4, 4}, w> depthwise;
  PixelDense<Image{4, 4, 2}, 4> pixel;
  test::expect_error(file.load(deeper, "w"), "'w' with shape [4, 2, 3, 3], expected [4, 3, 3, 3]");
  test::expect_error(file.load(good, "v"), "no tensor 'v'");
  test::expect_error(file.load(good, "w", "b"), "'b' with shape [3], expected [4]");
  test::expect_error(file.load(good, "w", Normalized{"g", "b", "m", "v", 1e-3}), "no tensor 'g'");
  test::expect_error(file.load(depthwise, "w"), "expected [4, 1, 3, 3]");
  test::expect_error(file.load(pixel, "w"), "expected [4, 2]");
  EXPECT_TRUE(file.load(good, "w").ok());
}

template <Image In, std::size_t Out> void check_pixel_dense() {
  const std::vector<float> w = scaled_values(Out * In.channels, In.channels, 7);
  const std::vector<float> b = random_values<float>(Out, 8);
  test::Weights file;
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
  test::Weights file;
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

/// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta.
struct Folded {
  explicit Folded(std::size_t channels)
      : gamma(random_values<float>(channels, 21)), beta(random_values<float>(channels, 22)),
        mean(random_values<float>(channels, 23)), variance(random_values<float>(channels, 24)) {
    for (float &value : variance)
      value = 0.1f + value * value;
  }
  void add_to(test::Weights &file) const {
    file.add("gamma", {gamma.size()}, gamma);
    file.add("beta", {beta.size()}, beta);
    file.add("mean", {mean.size()}, mean);
    file.add("variance", {variance.size()}, variance);
  }
  std::vector<double> apply(std::vector<double> y) const {
    for (std::size_t k = 0; k < y.size(); ++k) {
      const std::size_t c = k % gamma.size();
      y[k] = (y[k] - static_cast<double>(mean[c])) /
                 std::sqrt(static_cast<double>(variance[c]) + names.epsilon) *
                 static_cast<double>(gamma[c]) +
             static_cast<double>(beta[c]);
    }
    return y;
  }

  std::vector<float> gamma, beta, mean, variance;
  static constexpr Normalized names{"gamma", "beta", "mean", "variance", 1e-3};
};

TEST(Normalized, FoldsIntoConvolutions) {
  static constexpr Image in{5, 4, 3};
  static constexpr Window w{3, 3, 1, 1, 1, 1, 1, 1};
  constexpr std::size_t out = 13, elements = slide(in, w, out).elements();
  const Folded norm(out);
  const std::vector<float> weight = scaled_values(out * 27, 27, 7);
  const std::vector<float> bias = random_values<float>(out, 8);
  test::Weights file;
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
  test::Weights file;
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
  test::Weights file;
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

TEST(BatchNorm, ScalesAndShiftsChannels) {
  const Folded norm(13);
  test::Weights file;
  norm.add_to(file);
  BatchNorm<6 * 13, 13> by;
  ASSERT_TRUE(file.load(by, norm.names).ok());
  check_rows<6 * 13, 6 * 13>(
      [&](auto present, auto x, auto y) { batch_norm<Relu>(present, x, by, y); },
      [&](const float *x) {
        return activate_all<Relu>(norm.apply(std::vector<double>(x, x + 6 * 13)));
      });
  BatchNorm<4 * 7, 7> narrower;
  test::expect_error(file.load(narrower, norm.names), "expected [7]");
}

template <Image In, Window W> void check_pools() {
  static constexpr Image out = slide(In, W, In.channels);
  check_rows<In.elements(), out.elements()>(
      [](auto present, auto x, auto y) { max_pool<In, W>(present, x, y); },
      [](const float *x) {
        std::vector<double> y(out.elements(), -INFINITY);
        for_taps(In, W, [&](std::size_t to, std::size_t from, std::size_t) {
          for (std::size_t c = 0; c < In.channels; ++c)
            y[to * In.channels + c] =
                std::max(y[to * In.channels + c], static_cast<double>(x[from * In.channels + c]));
        });
        return y;
      },
      0);
  check_rows<In.elements(), out.elements()>(
      [](auto present, auto x, auto y) { avg_pool<In, W>(present, x, y); },
      [](const float *x) {
        std::vector<double> sum(out.elements()), count(out.elements());
        for_taps(In, W, [&](std::size_t to, std::size_t from, std::size_t) {
          for (std::size_t c = 0; c < In.channels; ++c) {
            sum[to * In.channels + c] += static_cast<double>(x[from * In.channels + c]);
            ++count[to * In.channels + c];
          }
        });
        for (std::size_t k = 0; k < sum.size(); ++k)
          sum[k] /= count[k];
        return sum;
      });
}

TEST(Pooling, LooksAtWhatIsInsideTheImage) {
  check_pools<Image{6, 7, 13}, Window{2, 2, 2, 2, 0, 0, 0, 1}>();
  check_pools<Image{7, 5, 24}, Window{3, 3, 2, 2, 1, 1, 0, 2}>();
  check_pools<Image{5, 4, 3}, Window{3, 2, 1, 1, 1, 2, 1, 0}>();
}

TEST(Pooling, OfAllPixelsIsTheirMean) {
  static constexpr Image in{4, 5, 17};
  check_rows<in.elements(), 17>(
      [](auto present, auto x, auto y) { global_avg_pool<in>(present, x, y); },
      [](const float *x) {
        std::vector<double> mean(17);
        for (std::size_t k = 0; k < in.elements(); ++k)
          mean[k % 17] += static_cast<double>(x[k]) / 20;
        return mean;
      });
}

TEST(ZeroPad, SurroundsTheImage) {
  static constexpr Image in{3, 2, 5};
  static constexpr Window w{1, 1, 1, 1, 1, 2, 3, 0};
  static constexpr Image out = padded(in, w);
  static_assert(out.height == 6 && out.width == 5 && out.channels == 5);
  check_rows<in.elements(), out.elements()>(
      [](auto present, auto x, auto y) { zero_pad<in, w>(present, x, y); },
      [](const float *x) {
        std::vector<double> y(out.elements());
        for (std::size_t k = 0; k < in.elements(); ++k)
          y[((k / 10 + 1) * 5 + k / 5 % 2 + 3) * 5 + k % 5] = static_cast<double>(x[k]);
        return y;
      },
      0);
}

TEST(Add, AddsAndActivates) {
  check_rows<37, 37>([](auto present, auto x, auto y) { add<Relu>(present, x, x, y); },
                     [](const float *x) {
                       std::vector<double> y(x, x + 37);
                       for (double &value : y)
                         value = std::max(0.0, 2 * value);
                       return y;
                     });
}

TEST(Concat, PutsChannelsSideBySide) {
  Batch<4 * 3> a = random_batch<4 * 3>(3, 1);
  Batch<4 * 5> b = random_batch<4 * 5>(3, 2);
  Batch<4 * 8> y(3, kUntouched);
  a.poison();
  b.poison();
  concat<4>(a.present(), a.rows(), b.const_rows(), y.rows());
  y.expect_untouched(a.mask, kUntouched);
  for (std::size_t row : {0u, 2u})
    for (std::size_t k = 0; k < 4 * 8; ++k)
      EXPECT_EQ(y.row(row)[k],
                k % 8 < 3 ? a.row(row)[k / 8 * 3 + k % 8] : b.row(row)[k / 8 * 5 + k % 8 - 3]);
}

TEST(Normalize, GoesByChannelsOfImages) {
  test::Weights file;
  file.add("m", {3}, {1, 2, 3});
  file.add("d", {3}, {2, 4, 8});
  Normalization<6, 3> by;
  ASSERT_TRUE(file.load(by, "m", "d").ok());
  Batch<6> x(1), y(1);
  for (std::size_t k = 0; k < 6; ++k)
    x.row(0)[k] = static_cast<float>(k);
  normalize(x.present(), x.rows(), by, y.rows());
  EXPECT_EQ(std::vector<float>(y.row(0), y.row(0) + 6),
            (std::vector<float>{-0.5f, -0.25f, -0.125f, 1, 0.5f, 0.25f}));
}

template <class Activation> void check_activation(double tolerance) {
  for (float x = -12; x < 12; x += 0.0137f) {
    Batch<1> from(1, x), to(1);
    activate<Activation>(from.present(), from.rows(), to.rows());
    ASSERT_NEAR(to.row(0)[0], activated(Activation(), static_cast<double>(x)), tolerance) << x;
  }
  Batch<3> ends(1), to(1);
  ends.row(0)[0] = 0;
  ends.row(0)[1] = 1e30f;
  ends.row(0)[2] = -1e30f;
  activate<Activation>(ends.present(), ends.rows(), to.rows());
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_EQ(to.row(0)[k],
              static_cast<float>(activated(Activation(), static_cast<double>(ends.row(0)[k]))));
}

TEST(Activation, IsCloseToDoublePrecision) {
  check_activation<Identity>(0);
  check_activation<Relu>(0);
  check_activation<Relu6>(0);
  check_activation<Sigmoid>(1e-6);
  check_activation<Tanh>(5e-7);
  check_activation<Gelu>(2e-6);
}

TEST(Exp, HasTheSameBitsInVectors) {
  const auto check = [](float x) {
    const Lanes lanes = rnet::exp(splat(x));
    for (std::size_t k = 0; k < kLanes; ++k)
      ASSERT_EQ(std::bit_cast<std::uint32_t>(lanes[k]), std::bit_cast<std::uint32_t>(rnet::exp(x)))
          << x;
  };
  for (float x = -100; x < 100; x += 0.00377f)
    check(x);
  for (float x : {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 88.72283f, 88.72284f, -87.33654f,
                  -87.33655f, 1e-30f})
    check(x);
}

TEST(Slide, CountsThePlacesOfAWindow) {
  static constexpr Image out = slide(Image{32, 33, 3}, Window{3, 3, 2, 2, 0, 1, 1, 1}, 8);
  EXPECT_EQ(out.height, 16u);
  EXPECT_EQ(out.width, 17u);
  EXPECT_EQ(out.channels, 8u);
}

} // namespace
