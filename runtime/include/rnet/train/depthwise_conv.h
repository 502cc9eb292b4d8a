// Depthwise convolutions of training, with their adjoints.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights are [channels][1][height][width]. Threads: see blocks.h.
#pragma once

#include "rnet/core/window.h"
#include "rnet/train/blocks.h"

namespace rnet::train {

namespace detail {

/// The work, in the library: T is float or double, the geometry a value. `bias` may be null.
template <class T>
void depthwise_conv(StepContext &step, const Sliding &shape, Tensor<const T> x, const T *weight,
                    const T *bias, Tensor<T> y);
template <class T>
void depthwise_conv_adjoint_input(StepContext &step, const Sliding &shape, Tensor<const T> gradient,
                                  const T *weight, Tensor<T> x_gradient);
template <class T>
void depthwise_conv_adjoint_parameters(StepContext &step, const Sliding &shape, Tensor<const T> x,
                                       Tensor<const T> gradient, T *weight_gradient,
                                       T *bias_gradient);

} // namespace detail

/// y = W * x + b, channel by channel.
template <Image In, Window W, class X, class T>
void depthwise_conv(StepContext &step, Presence present, Rows<In.elements(), X> x,
                    const Parameter<T> &weight, const Parameter<T> &bias,
                    Rows<slide(In, W, In.channels).elements(), T> y) {
  detail::depthwise_conv<T>(step, Sliding{In, W, slide(In, W, In.channels)},
                            tensor<const T>(x, present), weight.value.data(), bias.value.data(),
                            tensor<T>(y, present));
}
template <Image In, Window W, class X, class T>
void depthwise_conv(StepContext &step, Presence present, Rows<In.elements(), X> x,
                    const Parameter<T> &weight, Rows<slide(In, W, In.channels).elements(), T> y) {
  detail::depthwise_conv<T>(step, Sliding{In, W, slide(In, W, In.channels)},
                            tensor<const T>(x, present), weight.value.data(), nullptr,
                            tensor<T>(y, present));
}

/// dx, where the gradient is present.
template <Image In, Window W, class G, class T>
void depthwise_conv_adjoint_input(StepContext &step, Presence present,
                                  Rows<slide(In, W, In.channels).elements(), G> gradient,
                                  const Parameter<T> &weight, Rows<In.elements(), T> x_gradient) {
  detail::depthwise_conv_adjoint_input<T>(step, Sliding{In, W, slide(In, W, In.channels)},
                                          tensor<const T>(gradient, present), weight.value.data(),
                                          tensor<T>(x_gradient, present));
}

/// dW and db over present rows; zero where there are none.
template <Image In, Window W, class X, class G, class T>
void depthwise_conv_adjoint_parameters(StepContext &step, Presence present,
                                       Rows<In.elements(), X> x,
                                       Rows<slide(In, W, In.channels).elements(), G> gradient,
                                       const Parameter<T> &weight, const Parameter<T> &bias) {
  detail::depthwise_conv_adjoint_parameters<T>(
      step, Sliding{In, W, slide(In, W, In.channels)}, tensor<const T>(x, present),
      tensor<const T>(gradient, present), weight.gradient.data(), bias.gradient.data());
}
template <Image In, Window W, class X, class G, class T>
void depthwise_conv_adjoint_parameters(StepContext &step, Presence present,
                                       Rows<In.elements(), X> x,
                                       Rows<slide(In, W, In.channels).elements(), G> gradient,
                                       const Parameter<T> &weight) {
  detail::depthwise_conv_adjoint_parameters<T>(
      step, Sliding{In, W, slide(In, W, In.channels)}, tensor<const T>(x, present),
      tensor<const T>(gradient, present), weight.gradient.data(), nullptr);
}

} // namespace rnet::train
