// Kernels of inference in the shapes of the examples: each result has the bits of its definition,
// written as plain loops, on whatever instructions this was compiled for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/inference.h"

#include "kernels.h"

using namespace rnet;
using namespace rnet::test;

namespace {

float activated(Relu, float x) { return x > 0 ? x : 0; }
float activated(Relu6, float x) { return std::min(activated(Relu(), x), 6.0f); }

template <std::size_t In, std::size_t Out>
void check_dense(const char *name, std::size_t rows = 1) {
  const auto w = numbers(Out * In, 11), b = numbers(Out, 12);
  Dense<In, Out> layer;
  load(layer, {Out, In}, w, b);
  const Batch<In> x(rows);
  const Batch<Out> y(rows);
  count(name, [&] { dense<Relu>(x.present(), x.rows(), layer, y.rows()); });
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<float> expected = b;
    for (std::size_t o = 0; o < Out; ++o) {
      for (std::size_t k = 0; k < In; ++k)
        expected[o] = std::fma(w[o * In + k], x.row(row)[k], expected[o]);
      expected[o] = activated(Relu(), expected[o]);
    }
    expect_bits(name, y.row(row), expected);
  }
}

/// Calls work(output pixel, input pixel, tap) for the taps inside the image, in their order.
template <class Work> void for_taps(Image in, Window w, const Work &work) {
  const Image out = slide(in, w, 1);
  for (std::size_t pixel = 0; pixel < out.pixels(); ++pixel)
    for (std::size_t tap = 0; tap < w.taps(); ++tap) {
      const std::size_t y = pixel / out.width * w.stride_y + tap / w.width - w.top;
      const std::size_t x = pixel % out.width * w.stride_x + tap % w.width - w.left;
      if (y < in.height && x < in.width) // numbers below zero are large ones
        work(pixel, y * in.width + x, tap);
    }
}

template <class Activation, Image In, Window W, std::size_t Out> void check_conv(const char *name) {
  static constexpr std::size_t elements = slide(In, W, Out).elements();
  const auto w = numbers(Out * In.channels * W.taps(), 21), b = numbers(Out, 22);
  Conv<In, W, Out> layer;
  load(layer, {Out, In.channels, W.height, W.width}, w, b);
  const Batch<In.elements()> x(1);
  const Batch<elements> y(1);
  count(name, [&] { conv<Activation>(x.present(), x.rows(), layer, y.rows()); });
  std::vector<float> expected(elements);
  for (std::size_t k = 0; k < elements; ++k)
    expected[k] = b[k % Out];
  for_taps(In, W, [&](std::size_t to, std::size_t from, std::size_t tap) {
    for (std::size_t c = 0; c < In.channels; ++c)
      for (std::size_t o = 0; o < Out; ++o)
        expected[to * Out + o] = std::fma(w[(o * In.channels + c) * W.taps() + tap],
                                          x.row(0)[from * In.channels + c], expected[to * Out + o]);
  });
  for (float &value : expected)
    value = activated(Activation(), value);
  expect_bits(name, y.row(0), expected);
}

template <Image In, Window W> void check_depthwise(const char *name) {
  static constexpr std::size_t elements = slide(In, W, In.channels).elements();
  const auto w = numbers(In.channels * W.taps(), 31), b = numbers(In.channels, 32);
  DepthwiseConv<In, W> layer;
  load(layer, {In.channels, 1, W.height, W.width}, w, b);
  const Batch<In.elements()> x(1);
  const Batch<elements> y(1);
  count(name, [&] { depthwise_conv<Relu6>(x.present(), x.rows(), layer, y.rows()); });
  std::vector<float> expected(elements);
  for (std::size_t k = 0; k < elements; ++k)
    expected[k] = b[k % In.channels];
  for_taps(In, W, [&](std::size_t to, std::size_t from, std::size_t tap) {
    for (std::size_t c = 0; c < In.channels; ++c)
      expected[to * In.channels + c] = std::fma(
          w[c * W.taps() + tap], x.row(0)[from * In.channels + c], expected[to * In.channels + c]);
  });
  for (float &value : expected)
    value = activated(Relu6(), value);
  expect_bits(name, y.row(0), expected);
}

template <Image In, Window W> void check_max_pool(const char *name) {
  static constexpr std::size_t elements = slide(In, W, In.channels).elements();
  const Batch<In.elements()> x(1);
  const Batch<elements> y(1);
  count(name, [&] { max_pool<In, W>(x.present(), x.rows(), y.rows()); });
  std::vector<float> expected(elements, -INFINITY);
  for_taps(In, W, [&](std::size_t to, std::size_t from, std::size_t) {
    for (std::size_t c = 0; c < In.channels; ++c)
      expected[to * In.channels + c] =
          std::max(expected[to * In.channels + c], x.row(0)[from * In.channels + c]);
  });
  expect_bits(name, y.row(0), expected);
}

template <Image In> void check_global_avg_pool(const char *name) {
  const Batch<In.elements()> x(1);
  const Batch<In.channels> y(1);
  count(name, [&] { global_avg_pool<In>(x.present(), x.rows(), y.rows()); });
  std::vector<float> expected(x.row(0), x.row(0) + In.channels);
  for (std::size_t pixel = 1; pixel < In.pixels(); ++pixel)
    for (std::size_t c = 0; c < In.channels; ++c)
      expected[c] += x.row(0)[pixel * In.channels + c];
  for (float &value : expected)
    value /= static_cast<float>(In.pixels());
  expect_bits(name, y.row(0), expected);
}

/// Three inputs of a mux, the second of them absent.
template <std::size_t Width> void check_join(const char *name) {
  const Batch<Width> a(1, 1), b(1, 2), c(1, 3), y(1);
  b.present().rows[0] = 0;
  count(name, [&] {
    join(y.present(), y.rows(), addend(a.present(), a.rows()), addend(b.present(), b.rows()),
         addend(c.present(), c.rows()));
  });
  std::vector<float> expected(Width);
  for (std::size_t k = 0; k < Width; ++k)
    expected[k] = a.row(0)[k] + c.row(0)[k];
  expect_bits(name, y.row(0), expected);
}

/// A vector's exponentials have the bits of single ones.
template <std::size_t Width> void check_softmax(const char *name) {
  const Batch<Width> x(1), y(1);
  count(name, [&] { softmax(x.present(), x.rows(), y.rows()); });
  double sum = 0;
  for (std::size_t k = 0; k < Width; ++k)
    sum += std::exp(static_cast<double>(x.row(0)[k]));
  for (std::size_t k = 0; k < Width; ++k)
    expect_near(name, static_cast<double>(y.row(0)[k]),
                std::exp(static_cast<double>(x.row(0)[k])) / sum);
  const Batch<Width> s(1);
  activate<Sigmoid>(x.present(), x.rows(), s.rows());
  std::vector<float> expected(Width);
  for (std::size_t k = 0; k < Width; ++k)
    expected[k] = 1.0f / (1.0f + rnet::exp(-x.row(0)[k]));
  expect_bits(name, s.row(0), expected);
}

constexpr Window kPixel{1, 1, 1, 1, 0, 0, 0, 0}, kThree{3, 3, 1, 1, 1, 1, 1, 1},
    kHalf{3, 3, 2, 2, 0, 1, 0, 1};

} // namespace

int main() {
  start();
  check_dense<23, 250>("dense 23 to 250, 1 row");
  check_dense<250, 250>("dense 250 to 250, 1 row");
  check_dense<250, 250>("dense 250 to 250, 8 rows", 8);
  check_dense<250, 13>("dense 250 to 13, 1 row");
  check_conv<Relu6, Image{16, 16, 24}, kPixel, 48>("pointwise 16x16, 24 to 48");
  check_conv<Relu6, Image{8, 8, 96}, kPixel, 96>("pointwise 8x8, 96 to 96");
  check_conv<Relu6, Image{32, 32, 3}, kThree, 24>("conv 3x3, 32x32, 3 to 24");
  check_conv<Relu, Image{8, 8, 64}, kThree, 64>("conv 3x3, 8x8, 64 to 64");
  check_conv<Relu, Image{16, 16, 16}, kHalf, 32>("conv 3x3 by 2, 16x16, 16 to 32");
  check_depthwise<Image{16, 16, 48}, kThree>("depthwise 3x3, 16x16x48");
  check_depthwise<Image{16, 16, 48}, kHalf>("depthwise 3x3 by 2, 16x16x48");
  check_max_pool<Image{16, 16, 32}, Window{3, 3, 2, 2, 1, 1, 1, 1}>("max pool 3x3 by 2, 16x16x32");
  check_global_avg_pool<Image{4, 4, 192}>("global average pool, 4x4x192");
  check_join<250>("join of three, 250 wide");
  check_softmax<13>("softmax of 13");
}
