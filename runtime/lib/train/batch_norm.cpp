// Batch normalisation in training.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/batch_norm.h"

#include "channels.h"

#include <cmath>

namespace rnet::train::detail {
namespace {

/// Pixels that are summed in T before their sum goes on in double.
constexpr std::size_t kPixels = 64;

/// Two sums over all present pixels for each channel, [2][channels]: add(row, element, channel,
/// first, second) adds to both what vectors of channels have at an element of a row.
template <class T, class Add>
std::vector<double> sum_pixels(StepContext &step, Presence present, std::size_t width,
                               std::size_t channels, const Add &add) {
  const auto sum_images = [&](std::size_t begin, std::size_t count, double *sums) {
    std::vector<T> some(2 * channels);
    for (std::size_t row = begin; row < begin + count; ++row)
      for (std::size_t first = 0; first < width; first += kPixels * channels) {
        const std::size_t end = std::min(width, first + kPixels * channels);
        for_channels<T>(channels, [&]<class V, std::size_t Count>(std::size_t c, V, Size<Count>) {
          V one[Count] = {}, other[Count] = {};
          for (std::size_t at = first + c; at < end; at += channels)
            for (std::size_t v = 0; v < Count; ++v) {
              const std::size_t lane = v * (sizeof(V) / sizeof(T));
              add(row, at + lane, c + lane, one[v], other[v]);
            }
          finish(one, some.data() + c);
          finish(other, some.data() + channels + c);
        });
        for (std::size_t k = 0; k < 2 * channels; ++k)
          sums[k] += static_cast<double>(some[k]);
      }
  };
  return sum_over_images<double>(step, present, width / channels, 2 * channels, sum_images);
}

/// Mean and variance of each channel. Deviations are from the first pixel, so that a mean far from
/// zero costs no digits.
template <class T>
void measure(StepContext &step, Tensor<const T> x, double epsilon, Statistics<T> &statistics) {
  const std::size_t channels = statistics.mean.size();
  std::size_t rows = 0;
  for (std::size_t row = 0; row < x.present.count; ++row)
    rows += x.present[row];
  statistics.count = rows * (x.width / channels);
  statistics.entered.assign(x.present.rows, x.present.rows + x.present.count);
  if (rows == 0)
    return;
  std::size_t first = 0;
  while (!x.present[first])
    ++first;
  const T *const base = x.row(first);
  const std::vector<double> sums = sum_pixels<T>(
      step, x.present, x.width, channels,
      [&]<class V>(std::size_t row, std::size_t at, std::size_t c, V &sum, V &squares) {
        const V deviation = load<V>(x.row(row) + at) - load<V>(base + c);
        sum += deviation;
        squares += deviation * deviation;
      });
  const double count = static_cast<double>(statistics.count);
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = sums[c] / count;
    const double variance = std::max(0.0, sums[channels + c] / count - mean * mean);
    statistics.mean[c] = static_cast<T>(static_cast<double>(base[c]) + mean);
    statistics.variance[c] = static_cast<T>(variance);
    statistics.inverse_deviation[c] = static_cast<T>(1 / std::sqrt(variance + epsilon));
  }
}

} // namespace

template <class T>
void batch_norm(StepContext &step, const BatchNormalization<T> &norm, Tensor<const T> x,
                Tensor<T> y) {
  const std::size_t channels = norm.gamma.size();
  std::vector<T> factor(channels);
  const T *mean = norm.mean.data();
  norm.statistics.count = 0;
  if (step.training) {
    measure(step, x, norm.epsilon, norm.statistics);
    mean = norm.statistics.mean.data();
    for (std::size_t c = 0; c < channels; ++c)
      factor[c] = norm.gamma[c] * norm.statistics.inverse_deviation[c];
  } else {
    for (std::size_t c = 0; c < channels; ++c)
      factor[c] = norm.gamma[c] / std::sqrt(norm.variance[c] + static_cast<T>(norm.epsilon));
  }
  for_images(step, x.present, x.width / channels, [&](std::size_t row) {
    for (std::size_t at = 0; at < x.width; at += channels) {
      const T *const from = x.row(row) + at;
      T *const to = y.row(row) + at;
      for (std::size_t c = 0; c < channels; ++c)
        to[c] = (from[c] - mean[c]) * factor[c] + norm.beta[c];
    }
  });
}

template <class T>
void batch_norm_adjoint(StepContext &step, const BatchNormalization<T> &norm, Tensor<const T> x,
                        Tensor<const T> gradient, T *gamma_gradient, T *beta_gradient,
                        Tensor<T> x_gradient) {
  const std::size_t channels = norm.gamma.size();
  const Statistics<T> &statistics = norm.statistics;
  const T *const mean = statistics.mean.data();
  const T *const inverse = statistics.inverse_deviation.data();
  const std::vector<double> sums = sum_pixels<T>(
      step, x.present, x.width, channels,
      [&]<class V>(std::size_t row, std::size_t at, std::size_t c, V &plain, V &scaled) {
        const V g = load<V>(gradient.row(row) + at);
        plain += g;
        scaled += g * ((load<V>(x.row(row) + at) - load<V>(mean + c)) * load<V>(inverse + c));
      });
  for (std::size_t c = 0; c < channels; ++c) {
    beta_gradient[c] = static_cast<T>(sums[c]);
    gamma_gradient[c] = static_cast<T>(sums[channels + c]);
  }
  if (statistics.count == 0)
    return;
  const double count = static_cast<double>(statistics.count);
  if (x_gradient.data) {
    // dx = gamma / deviation * (g - mean of g - xhat * mean of (g xhat)).
    std::vector<T> factor(channels), plain(channels), scaled(channels);
    for (std::size_t c = 0; c < channels; ++c) {
      factor[c] = norm.gamma[c] * inverse[c];
      plain[c] = static_cast<T>(sums[c] / count);
      scaled[c] = static_cast<T>(sums[channels + c] / count) * inverse[c];
    }
    const std::vector<T> zeros(channels);
    const Presence entered{norm.statistics.entered.data(), x.present.count};
    for_images(step, entered, x.width / channels, [&](std::size_t row) {
      const bool reached = gradient.present[row];
      for (std::size_t at = 0; at < x.width; at += channels) {
        const T *const g = reached ? gradient.row(row) + at : zeros.data();
        const T *const from = x.row(row) + at;
        T *const dx = x_gradient.row(row) + at;
        for (std::size_t c = 0; c < channels; ++c)
          dx[c] = (g[c] - plain[c] - (from[c] - mean[c]) * scaled[c]) * factor[c];
      }
    });
  }
  if (step.loss_rows > 0) {
    const T keep = static_cast<T>(norm.momentum), take = static_cast<T>(1 - norm.momentum);
    const T unbiased = static_cast<T>(count / std::max(1.0, count - 1));
    for (std::size_t c = 0; c < channels; ++c) {
      norm.mean[c] = keep * norm.mean[c] + take * mean[c];
      norm.variance[c] = keep * norm.variance[c] + take * unbiased * statistics.variance[c];
    }
  }
}

#define RNET_INSTANTIATE(T)                                                                        \
  template void batch_norm<T>(StepContext &, const BatchNormalization<T> &, Tensor<const T>,       \
                              Tensor<T>);                                                          \
  template void batch_norm_adjoint<T>(StepContext &, const BatchNormalization<T> &,                \
                                      Tensor<const T>, Tensor<const T>, T *, T *, Tensor<T>);
RNET_INSTANTIATE(float)
RNET_INSTANTIATE(double)

} // namespace rnet::train::detail
