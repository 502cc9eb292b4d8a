// Batch normalisation in training, and the activation behind it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/batch_norm.h"

#include "channels.h"

#include <cmath>
#include <utility>

namespace rnet::train::detail {
namespace {

/// Pixels that go through a group of channels before the next group has its turn; also those that
/// are summed in T before their sum goes on in double.
constexpr std::size_t kPixels = 64;

/// Calls work(first element, channel, vector type, number of vectors, end) for each part of a row
/// and each group of channels: elements first, first + channels, ... before `end` are the group's.
template <class T, class Work>
void for_pixels(std::size_t width, std::size_t channels, const Work &work) {
  for (std::size_t first = 0; first < width; first += kPixels * channels) {
    const std::size_t end = std::min(width, first + kPixels * channels);
    for_channels<T>(channels, [&](std::size_t c, auto vector, auto count) {
      work(first + c, c, vector, count, end);
    });
  }
}

/// Two sums over all present pixels for each channel, [2][channels]: summand(row, element, channel,
/// vector type) is a pair of vectors.
template <class T, class Summand>
std::vector<double> sum_pixels(StepContext &step, Presence present, std::size_t width,
                               std::size_t channels, const Summand &summand) {
  const auto sum_images = [&](std::size_t begin, std::size_t count, double *sums) {
    for (std::size_t row = begin; row < begin + count; ++row)
      for_pixels<T>(width, channels,
                    [&]<class V, std::size_t Count>(std::size_t first, std::size_t c, V,
                                                    Size<Count>, std::size_t end) {
                      constexpr std::size_t kLanes = sizeof(V) / sizeof(T);
                      V one[Count] = {}, other[Count] = {};
                      for (std::size_t at = first; at < end; at += channels)
                        for (std::size_t v = 0; v < Count; ++v) {
                          const auto [a, b] = summand(row, at + v * kLanes, c + v * kLanes, V());
                          one[v] += a;
                          other[v] += b;
                        }
                      T some[2][Count * kLanes];
                      finish(one, some[0]);
                      finish(other, some[1]);
                      for (std::size_t k = 0; k < Count * kLanes; ++k) {
                        sums[c + k] += static_cast<double>(some[0][k]);
                        sums[channels + c + k] += static_cast<double>(some[1][k]);
                      }
                    });
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
  const std::vector<double> sums =
      sum_pixels<T>(step, x.present, x.width, channels,
                    [&]<class V>(std::size_t row, std::size_t at, std::size_t c, V) {
                      const V deviation = load<V>(x.row(row) + at) - load<V>(base + c);
                      return std::pair(deviation, deviation * deviation);
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

/// What a normalisation does to each channel: (x - mean) * factor + beta.
template <class T> struct Scaling {
  const T *mean, *beta;
  std::vector<T> factor; ///< [channels]

  template <class V> V operator()(V x, std::size_t c) const {
    return (x - load<V>(mean + c)) * load<V>(factor.data() + c) + load<V>(beta + c);
  }
};
template <class T> Scaling<T> scaling_of_batch(const BatchNormalization<T> &norm) {
  Scaling<T> scaling{norm.statistics.mean.data(), norm.beta.data(),
                     std::vector<T>(norm.gamma.size())};
  for (std::size_t c = 0; c < norm.gamma.size(); ++c)
    scaling.factor[c] = norm.gamma[c] * norm.statistics.inverse_deviation[c];
  return scaling;
}
template <class T> Scaling<T> running_scaling(const BatchNormalization<T> &norm) {
  Scaling<T> scaling{norm.mean.data(), norm.beta.data(), std::vector<T>(norm.gamma.size())};
  for (std::size_t c = 0; c < norm.gamma.size(); ++c)
    scaling.factor[c] = norm.gamma[c] / std::sqrt(norm.variance[c] + static_cast<T>(norm.epsilon));
  return scaling;
}

template <class Activation, class V> V activated(V y) {
  if constexpr (std::is_same_v<Activation, Identity>)
    return y;
  const V zero{}, six = zero + 6;
  y = y > zero ? y : zero;
  return std::is_same_v<Activation, Relu6> ? (y < six ? y : six) : y;
}
/// The gradient of y from that of activated(y).
template <class Activation, class V> V passed(V gradient, V y) {
  if constexpr (std::is_same_v<Activation, Identity>)
    return gradient;
  const V zero{}, six = zero + 6;
  gradient = y > zero ? gradient : zero;
  return std::is_same_v<Activation, Relu6> ? (y < six ? gradient : zero) : gradient;
}

} // namespace

template <class Activation, class T>
void batch_norm(StepContext &step, const BatchNormalization<T> &norm, Tensor<const T> x,
                Tensor<T> y) {
  norm.statistics.count = 0;
  if (step.training)
    measure(step, x, norm.epsilon, norm.statistics);
  const Scaling<T> scaling = step.training ? scaling_of_batch(norm) : running_scaling(norm);
  const std::size_t channels = norm.gamma.size();
  for_images(step, x.present, x.width / channels, [&](std::size_t row) {
    const T *const from = x.row(row);
    T *const to = y.row(row);
    for_pixels<T>(x.width, channels,
                  [&]<class V, std::size_t Count>(std::size_t first, std::size_t c, V, Size<Count>,
                                                  std::size_t end) {
                    for (std::size_t at = first; at < end; at += channels)
                      for (std::size_t v = 0; v < Count; ++v) {
                        const std::size_t lane = v * (sizeof(V) / sizeof(T));
                        store(to + at + lane,
                              activated<Activation>(scaling(load<V>(from + at + lane), c + lane)));
                      }
                  });
  });
}

template <class Activation, class T>
void batch_norm_adjoint(StepContext &step, const BatchNormalization<T> &norm, Tensor<const T> x,
                        Tensor<const T> gradient, T *gamma_gradient, T *beta_gradient,
                        Tensor<T> x_gradient) {
  const std::size_t channels = norm.gamma.size();
  Statistics<T> &statistics = norm.statistics;
  const Scaling<T> scaling = scaling_of_batch(norm);
  const std::vector<double> sums =
      sum_pixels<T>(step, x.present, x.width, channels,
                    [&]<class V>(std::size_t row, std::size_t at, std::size_t c, V) {
                      const V value = load<V>(x.row(row) + at);
                      const V g =
                          passed<Activation>(load<V>(gradient.row(row) + at), scaling(value, c));
                      return std::pair(g, g * (value - load<V>(scaling.mean + c)));
                    });
  for (std::size_t c = 0; c < channels; ++c) {
    beta_gradient[c] = static_cast<T>(sums[c]);
    gamma_gradient[c] = static_cast<T>(sums[channels + c] * statistics.inverse_deviation[c]);
  }
  if (statistics.count == 0)
    return;
  const double count = static_cast<double>(statistics.count);
  if (x_gradient.data) {
    // dx = gamma / deviation * (g - mean of g - xhat * mean of (g xhat)).
    std::vector<T> plain(channels), scaled(channels);
    for (std::size_t c = 0; c < channels; ++c) {
      plain[c] = static_cast<T>(beta_gradient[c] / count);
      scaled[c] = static_cast<T>(gamma_gradient[c] / count) * statistics.inverse_deviation[c];
    }
    const std::vector<T> zeros(channels);
    const Presence entered{statistics.entered.data(), x.present.count};
    for_images(step, entered, x.width / channels, [&](std::size_t row) {
      const bool reached = gradient.present[row];
      const T *const g = reached ? gradient.row(row) : zeros.data();
      const T *const from = x.row(row);
      T *const dx = x_gradient.row(row);
      for_pixels<T>(x.width, channels,
                    [&]<class V, std::size_t Count>(std::size_t first, std::size_t c, V,
                                                    Size<Count>, std::size_t end) {
                      for (std::size_t at = first; at < end; at += channels)
                        for (std::size_t v = 0; v < Count; ++v) {
                          const std::size_t lane = v * (sizeof(V) / sizeof(T));
                          const V value = load<V>(from + at + lane);
                          const V known = passed<Activation>(load<V>(g + (reached ? at : c) + lane),
                                                             scaling(value, c + lane));
                          store(dx + at + lane, (known - load<V>(plain.data() + c + lane) -
                                                 (value - load<V>(scaling.mean + c + lane)) *
                                                     load<V>(scaled.data() + c + lane)) *
                                                    load<V>(scaling.factor.data() + c + lane));
                        }
                    });
    });
  }
  if (step.loss_rows > 0) {
    const T keep = static_cast<T>(norm.momentum), take = static_cast<T>(1 - norm.momentum);
    const T unbiased = static_cast<T>(count / std::max(1.0, count - 1));
    for (std::size_t c = 0; c < channels; ++c) {
      norm.mean[c] = keep * norm.mean[c] + take * statistics.mean[c];
      norm.variance[c] = keep * norm.variance[c] + take * unbiased * statistics.variance[c];
    }
  }
}

#define RNET_INSTANTIATE(Activation, T)                                                            \
  template void batch_norm<Activation, T>(StepContext &, const BatchNormalization<T> &,            \
                                          Tensor<const T>, Tensor<T>);                             \
  template void batch_norm_adjoint<Activation, T>(StepContext &, const BatchNormalization<T> &,    \
                                                  Tensor<const T>, Tensor<const T>, T *, T *,      \
                                                  Tensor<T>);
#define RNET_INSTANTIATE_TYPES(Activation)                                                         \
  RNET_INSTANTIATE(Activation, float)                                                              \
  RNET_INSTANTIATE(Activation, double)
RNET_INSTANTIATE_TYPES(Identity)
RNET_INSTANTIATE_TYPES(Relu)
RNET_INSTANTIATE_TYPES(Relu6)

} // namespace rnet::train::detail
