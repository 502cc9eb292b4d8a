// Batch normalisation in training, with its adjoint.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Statistics are those of all present rows and pixels, channel by channel. An activation that
// follows, Relu or Relu6, is fused: memory is what these kernels wait for. Threads: see blocks.h;
// sums go over blocks in their order.
#pragma once

#include "rnet/core/activation.h"
#include "rnet/train/blocks.h"

#include <cstdint>
#include <vector>

namespace rnet::train {

namespace detail {

/// What the forward pass of a training step hands to its backward pass; `count` rows times pixels
/// entered it, none at first.
template <class T> struct Statistics {
  explicit Statistics(std::size_t channels)
      : mean(channels), variance(channels), inverse_deviation(channels) {}

  std::size_t count = 0;
  std::vector<std::uint8_t> entered;                ///< which rows of the batch did
  std::vector<T> mean, variance, inverse_deviation; ///< the variance is that of the sample, biased
};

/// What a batch normalisation is made of.
template <class T> struct BatchNormalization {
  std::span<T> gamma, beta, mean, variance; ///< [channels]; the last two are the running ones
  Statistics<T> &statistics;
  double epsilon, momentum;
};

template <class Activation, class T>
void batch_norm(StepContext &step, const BatchNormalization<T> &norm, Tensor<const T> x,
                Tensor<T> y);
/// `x_gradient.data` may be null.
template <class Activation, class T>
void batch_norm_adjoint(StepContext &step, const BatchNormalization<T> &norm, Tensor<const T> x,
                        Tensor<const T> gradient, T *gamma_gradient, T *beta_gradient,
                        Tensor<T> x_gradient);

} // namespace detail

/// The state of a batch normalisation between a step's forward and backward pass. One step at a
/// time.
template <class T, std::size_t Channels> struct BatchStatistics : detail::Statistics<T> {
  BatchStatistics() : detail::Statistics<T>(Channels) {}
};

/// y = Activation((x - mean) / sqrt(variance + epsilon) * gamma + beta): in a training step with
/// the mean and the biased variance of the batch, elsewhere with the running ones.
template <std::size_t Channels, class Activation = Identity, std::size_t Width, class X, class T>
void batch_norm(StepContext &step, Presence present, Rows<Width, X> x, const Parameter<T> &gamma,
                const Parameter<T> &beta, const Parameter<T> &mean, const Parameter<T> &variance,
                BatchStatistics<T, Channels> &state, double epsilon, double momentum,
                Rows<Width, T> y) {
  static_assert(Width % Channels == 0);
  detail::batch_norm<Activation, T>(
      step, {gamma.value, beta.value, mean.value, variance.value, state, epsilon, momentum},
      tensor<const T>(x, present), tensor<T>(y, present));
}

/// dx, d gamma and d beta of a training step, from the gradient of y. `present` are the rows that
/// have a gradient. A row that entered the statistics without one counts as one with a gradient of
/// zero; dx is written for all that entered, since each moves the others by way of the statistics.
/// Where the step has a loss, running = momentum * running + (1 - momentum) * batch, with the
/// unbiased variance (as PyTorch and TensorFlow's fused kernel have it).
template <std::size_t Channels, class Activation = Identity, std::size_t Width, class X, class G,
          class T>
void batch_norm_adjoint(StepContext &step, Presence present, Rows<Width, X> x,
                        Rows<Width, G> gradient, const Parameter<T> &gamma,
                        const Parameter<T> &beta, const Parameter<T> &mean,
                        const Parameter<T> &variance, BatchStatistics<T, Channels> &state,
                        double epsilon, double momentum, Rows<Width, T> x_gradient) {
  detail::batch_norm_adjoint<Activation, T>(
      step, {gamma.value, beta.value, mean.value, variance.value, state, epsilon, momentum},
      tensor<const T>(x, present), tensor<const T>(gradient, present), gamma.gradient.data(),
      beta.gradient.data(), tensor<T>(x_gradient, present));
}

/// The same without dx.
template <std::size_t Channels, class Activation = Identity, std::size_t Width, class X, class G,
          class T>
void batch_norm_adjoint_parameters(StepContext &step, Presence present, Rows<Width, X> x,
                                   Rows<Width, G> gradient, const Parameter<T> &gamma,
                                   const Parameter<T> &beta, const Parameter<T> &mean,
                                   const Parameter<T> &variance,
                                   BatchStatistics<T, Channels> &state, double epsilon,
                                   double momentum) {
  batch_norm_adjoint<Channels, Activation>(step, present, x, gradient, gamma, beta, mean, variance,
                                           state, epsilon, momentum, Rows<Width, T>{});
}

} // namespace rnet::train
