// Dropout in training. In inference it is nothing, so it has no kernel there.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A draw is a function of the run's seed, the step, the layer, the row and the element, so that
// neither threads nor the backward pass change it. Threads: see blocks.h.
#pragma once

#include "rnet/train/blocks.h"

namespace rnet::train {

namespace detail {
template <class T>
void dropout(StepContext &step, Tensor<const T> x, double rate, std::uint32_t layer, Tensor<T> y);
} // namespace detail

/// In a training step, y = x / (1 - rate) with probability 1 - rate, else 0, element by element;
/// elsewhere y = x. `layer` tells the dropout layers of a network apart.
template <std::size_t Width, class X, class T>
void dropout(StepContext &step, Presence present, Rows<Width, X> x, double rate,
             std::uint32_t layer, Rows<Width, T> y) {
  detail::dropout<T>(step, tensor<const T>(x, present), rate, layer, tensor<T>(y, present));
}

/// dx = g where x was kept, scaled as x was.
template <std::size_t Width, class G, class T>
void dropout_adjoint(StepContext &step, Presence present, Rows<Width, G> gradient, double rate,
                     std::uint32_t layer, Rows<Width, T> x_gradient) {
  dropout(step, present, gradient, rate, layer, x_gradient);
}

} // namespace rnet::train
