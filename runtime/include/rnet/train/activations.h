// Activations of training and their adjoints, for the functors of core/activation.h.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/activation.h"
#include "rnet/train/blocks.h"

#include <cmath>
#include <numbers>

namespace rnet::train {

/// value(x) in double or float, and slope(v): the derivative, from the value, or for Gelu from x.
template <class Activation> struct Curve;

template <> struct Curve<Relu> {
  template <class T> static T value(T x) { return x > 0 ? x : 0; }
  template <class T> static T slope(T y) { return y > 0; }
};
template <> struct Curve<Relu6> {
  template <class T> static T value(T x) { return x > 0 ? std::min<T>(x, 6) : 0; }
  // Both comparisons, always: `&&` would branch, and the loop around it stay scalar.
  template <class T> static T slope(T y) { return (y > 0) & (y < 6); }
};
template <> struct Curve<Sigmoid> {
  template <class T> static T value(T x) { return 1 / (1 + std::exp(-x)); }
  template <class T> static T slope(T y) { return y * (1 - y); }
};
template <> struct Curve<Tanh> {
  template <class T> static T value(T x) { return std::tanh(x); }
  template <class T> static T slope(T y) { return 1 - y * y; }
};
template <> struct Curve<Gelu> {
  template <class T> static T below(T x) { // the normal distribution
    return (1 + std::erf(x * (std::numbers::sqrt2_v<T> / 2))) / 2;
  }
  template <class T> static T value(T x) { return x * below(x); }
  template <class T> static T slope(T x) {
    const T density =
        std::exp(-x * x / 2) * (std::numbers::inv_sqrtpi_v<T> * std::numbers::sqrt2_v<T> / 2);
    return below(x) + x * density;
  }
};

/// y = Activation(x).
template <class Activation, std::size_t Width, class X, class T>
void activate(StepContext &step, Presence present, Rows<Width, X> x, Rows<Width, T> y) {
  detail::for_rows(step, present, [&](std::size_t row) {
    for (std::size_t k = 0; k < Width; ++k)
      y.row(row)[k] = Curve<Activation>::template value<T>(x.row(row)[k]);
  });
}

/// dx = g * the slope at v: the activation's result, for Gelu its operand.
template <class Activation, std::size_t Width, class V, class G, class T>
void activate_adjoint(StepContext &step, Presence present, Rows<Width, V> v,
                      Rows<Width, G> gradient, Rows<Width, T> x_gradient) {
  detail::for_rows(step, present, [&](std::size_t row) {
    for (std::size_t k = 0; k < Width; ++k)
      x_gradient.row(row)[k] =
          gradient.row(row)[k] * Curve<Activation>::template slope<T>(v.row(row)[k]);
  });
}

} // namespace rnet::train
