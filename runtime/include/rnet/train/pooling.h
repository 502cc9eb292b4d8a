// Pooling in training, with adjoints.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads: see blocks.h.
#pragma once

#include "rnet/core/window.h"
#include "rnet/train/blocks.h"

namespace rnet::train {

namespace detail {

template <class T>
void max_pool(StepContext &step, const Sliding &shape, Tensor<const T> x, Tensor<T> y);
template <class T>
void max_pool_adjoint(StepContext &step, const Sliding &shape, Tensor<const T> x, Tensor<const T> y,
                      Tensor<const T> gradient, Tensor<T> x_gradient);
template <class T>
void avg_pool(StepContext &step, const Sliding &shape, Tensor<const T> x, Tensor<T> y);
template <class T>
void avg_pool_adjoint(StepContext &step, const Sliding &shape, Tensor<const T> gradient,
                      Tensor<T> x_gradient);

template <Image In, Window W> inline constexpr Sliding kPool{In, W, slide(In, W, In.channels)};
template <Image In> inline constexpr Window kWhole{In.height, In.width, 1, 1, 0, 0, 0, 0};

} // namespace detail

/// The largest element under the window; zeros around the image do not count.
template <Image In, Window W, class X, class T>
void max_pool(StepContext &step, Presence present, Rows<In.elements(), X> x,
              Rows<slide(In, W, In.channels).elements(), T> y) {
  detail::max_pool<T>(step, detail::kPool<In, W>, tensor<const T>(x, present),
                      tensor<T>(y, present));
}

/// The gradient of each output goes to the first of the largest elements, in ascending (y, x).
template <Image In, Window W, class X, class Y, class G, class T>
void max_pool_adjoint(StepContext &step, Presence present, Rows<In.elements(), X> x,
                      Rows<slide(In, W, In.channels).elements(), Y> y,
                      Rows<slide(In, W, In.channels).elements(), G> gradient,
                      Rows<In.elements(), T> x_gradient) {
  detail::max_pool_adjoint<T>(step, detail::kPool<In, W>, tensor<const T>(x, present),
                              tensor<const T>(y, present), tensor<const T>(gradient, present),
                              tensor<T>(x_gradient, present));
}

/// The mean of the elements under the window; zeros around the image do not count.
template <Image In, Window W, class X, class T>
void avg_pool(StepContext &step, Presence present, Rows<In.elements(), X> x,
              Rows<slide(In, W, In.channels).elements(), T> y) {
  detail::avg_pool<T>(step, detail::kPool<In, W>, tensor<const T>(x, present),
                      tensor<T>(y, present));
}
template <Image In, Window W, class G, class T>
void avg_pool_adjoint(StepContext &step, Presence present,
                      Rows<slide(In, W, In.channels).elements(), G> gradient,
                      Rows<In.elements(), T> x_gradient) {
  detail::avg_pool_adjoint<T>(step, detail::kPool<In, W>, tensor<const T>(gradient, present),
                              tensor<T>(x_gradient, present));
}

/// The mean of all pixels, channel by channel.
template <Image In, class X, class T>
void global_avg_pool(StepContext &step, Presence present, Rows<In.elements(), X> x,
                     Rows<In.channels, T> y) {
  avg_pool<In, detail::kWhole<In>>(step, present, x, y);
}
template <Image In, class G, class T>
void global_avg_pool_adjoint(StepContext &step, Presence present, Rows<In.channels, G> gradient,
                             Rows<In.elements(), T> x_gradient) {
  avg_pool_adjoint<In, detail::kWhole<In>>(step, present, gradient, x_gradient);
}

} // namespace rnet::train
