// Checks an inference kernel: values against a naive computation in double precision, bits against
// the batch, absent rows against reading and writing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/inference.h"

#include "batch.h"

#include <bit>
#include <cmath>

namespace rnet::test {

inline constexpr std::size_t kBatches[] = {1, 2, 5, 11};

inline double activated(Identity, double x) { return x; }
inline double activated(Relu, double x) { return std::max(x, 0.0); }
inline double activated(Relu6, double x) { return std::min(std::max(x, 0.0), 6.0); }
inline double activated(Sigmoid, double x) { return 1 / (1 + std::exp(-x)); }
inline double activated(Tanh, double x) { return std::tanh(x); }
inline double activated(Gelu, double x) { return x * (1 + std::erf(x / std::sqrt(2.0))) / 2; }

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

template <class Activation> std::vector<double> activate_all(std::vector<double> y) {
  for (double &value : y)
    value = activated(Activation(), value);
  return y;
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

} // namespace rnet::test
