// Convolutions of training, and dense layers on the channels of each pixel, with their adjoints.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights are [out][in][height][width]. Threads: see blocks.h.
#pragma once

#include "rnet/core/window.h"
#include "rnet/train/blocks.h"

namespace rnet::train {

namespace detail {

/// The work, in the library: T is float or double, the geometry a value. `bias` may be null.
template <class T>
void conv(StepContext &step, const Sliding &shape, Tensor<const T> x, const T *weight,
          const T *bias, Tensor<T> y);
template <class T>
void conv_adjoint_input(StepContext &step, const Sliding &shape, Tensor<const T> gradient,
                        const T *weight, Tensor<T> x_gradient);
template <class T>
void conv_adjoint_parameters(StepContext &step, const Sliding &shape, Tensor<const T> x,
                             Tensor<const T> gradient, T *weight_gradient, T *bias_gradient);

/// The geometry of a window over `In` with an output of `Width` elements.
template <Image In, Window W, std::size_t Width> constexpr Sliding sliding() {
  constexpr std::size_t pixels = slide(In, W, 1).pixels();
  static_assert(Width % pixels == 0);
  return {In, W, slide(In, W, Width / pixels)};
}

inline constexpr Window kPixel{1, 1, 1, 1, 0, 0, 0, 0};

} // namespace detail

/// y = W * x + b.
template <Image In, Window W, class X, std::size_t Out, class T>
void conv(StepContext &step, Presence present, Rows<In.elements(), X> x, const Parameter<T> &weight,
          const Parameter<T> &bias, Rows<Out, T> y) {
  step.observe(present, x, weight);
  detail::conv<T>(step, detail::sliding<In, W, Out>(), tensor<const T>(x, present),
                  weight.value.data(), bias.value.data(), tensor<T>(y, present));
}
template <Image In, Window W, class X, std::size_t Out, class T>
void conv(StepContext &step, Presence present, Rows<In.elements(), X> x, const Parameter<T> &weight,
          Rows<Out, T> y) {
  step.observe(present, x, weight);
  detail::conv<T>(step, detail::sliding<In, W, Out>(), tensor<const T>(x, present),
                  weight.value.data(), nullptr, tensor<T>(y, present));
}

/// dx, where the gradient is present.
template <Image In, Window W, std::size_t Out, class G, class T>
void conv_adjoint_input(StepContext &step, Presence present, Rows<Out, G> gradient,
                        const Parameter<T> &weight, Rows<In.elements(), T> x_gradient) {
  detail::conv_adjoint_input<T>(step, detail::sliding<In, W, Out>(),
                                tensor<const T>(gradient, present), weight.value.data(),
                                tensor<T>(x_gradient, present));
}

/// dW and db over present rows; zero where there are none.
template <Image In, Window W, class X, std::size_t Out, class G, class T>
void conv_adjoint_parameters(StepContext &step, Presence present, Rows<In.elements(), X> x,
                             Rows<Out, G> gradient, const Parameter<T> &weight,
                             const Parameter<T> &bias) {
  detail::conv_adjoint_parameters<T>(
      step, detail::sliding<In, W, Out>(), tensor<const T>(x, present),
      tensor<const T>(gradient, present), weight.gradient.data(), bias.gradient.data());
}
template <Image In, Window W, class X, std::size_t Out, class G, class T>
void conv_adjoint_parameters(StepContext &step, Presence present, Rows<In.elements(), X> x,
                             Rows<Out, G> gradient, const Parameter<T> &weight) {
  detail::conv_adjoint_parameters<T>(
      step, detail::sliding<In, W, Out>(), tensor<const T>(x, present),
      tensor<const T>(gradient, present), weight.gradient.data(), nullptr);
}

/// y = W x + b for each pixel: a convolution of single pixels, as weights [out][in] say too.
template <std::size_t Pixels, std::size_t In, class X, std::size_t Out, class T>
void pixel_dense(StepContext &step, Presence present, Rows<In, X> x, const Parameter<T> &weight,
                 const Parameter<T> &bias, Rows<Out, T> y) {
  conv<Image{1, Pixels, In / Pixels}, detail::kPixel>(step, present, x, weight, bias, y);
}
template <std::size_t Pixels, std::size_t In, class X, std::size_t Out, class T>
void pixel_dense(StepContext &step, Presence present, Rows<In, X> x, const Parameter<T> &weight,
                 Rows<Out, T> y) {
  conv<Image{1, Pixels, In / Pixels}, detail::kPixel>(step, present, x, weight, y);
}
template <std::size_t Pixels, std::size_t Out, class G, std::size_t In, class T>
void pixel_dense_adjoint_input(StepContext &step, Presence present, Rows<Out, G> gradient,
                               const Parameter<T> &weight, Rows<In, T> x_gradient) {
  conv_adjoint_input<Image{1, Pixels, In / Pixels}, detail::kPixel>(step, present, gradient, weight,
                                                                    x_gradient);
}
template <std::size_t Pixels, std::size_t In, class X, std::size_t Out, class G, class T>
void pixel_dense_adjoint_parameters(StepContext &step, Presence present, Rows<In, X> x,
                                    Rows<Out, G> gradient, const Parameter<T> &weight,
                                    const Parameter<T> &bias) {
  conv_adjoint_parameters<Image{1, Pixels, In / Pixels}, detail::kPixel>(step, present, x, gradient,
                                                                         weight, bias);
}
template <std::size_t Pixels, std::size_t In, class X, std::size_t Out, class G, class T>
void pixel_dense_adjoint_parameters(StepContext &step, Presence present, Rows<In, X> x,
                                    Rows<Out, G> gradient, const Parameter<T> &weight) {
  conv_adjoint_parameters<Image{1, Pixels, In / Pixels}, detail::kPixel>(step, present, x, gradient,
                                                                         weight);
}

} // namespace rnet::train
