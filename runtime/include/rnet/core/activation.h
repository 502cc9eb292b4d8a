// Activations, and factors. Pure functions over present rows.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/math.h"
#include "rnet/core/rows.h"

namespace rnet {

//===-- What a kernel applies to each output before it stores it ------------------------------===//

struct Identity {
  static Lanes apply(Lanes x) { return x; }
};
/// max(x, 0).
struct Relu {
  static Lanes apply(Lanes x) { return x > Lanes{} ? x : Lanes{}; }
};
/// min(max(x, 0), 6).
struct Relu6 {
  static Lanes apply(Lanes x) {
    const Lanes positive = Relu::apply(x), six = splat(6.0f);
    return positive < six ? positive : six;
  }
};
struct Sigmoid {
  static Lanes apply(Lanes x) { return sigmoid(x); }
};
struct Tanh {
  static Lanes apply(Lanes x) { return rnet::tanh(x); }
};
/// x * (1 + erf(x / sqrt 2)) / 2.
struct Gelu {
  static Lanes apply(Lanes x) {
    const Lanes half = splat(0.5f) * x;
    return fma(half, rnet::erf(x * splat(0.707106781f)), half);
  }
};

/// y = Activation(x).
template <class Activation, std::size_t Width, class X>
void activate(Presence present, Rows<Width, X> x, Rows<Width, float> y) {
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      for (std::size_t k = 0; k < Width; k += kLanes)
        store(y.row(row) + k, Activation::apply(load(x.row(row) + k)));
}

/// y = exp(x - max x) / sum, the sum in ascending order.
template <std::size_t Width, class X>
void softmax(Presence present, Rows<Width, X> x, Rows<Width, float> y) {
  for (std::size_t row = 0; row < present.count; ++row) {
    if (!present[row])
      continue;
    const float *from = x.row(row);
    float *to = y.row(row);
    float largest = from[0];
    for (std::size_t k = 1; k < Width; ++k)
      largest = from[k] > largest ? from[k] : largest;
    float sum = 0;
    for (std::size_t k = 0; k < Width; ++k)
      sum += to[k] = rnet::exp(from[k] - largest);
    for (std::size_t k = 0; k < Width; ++k)
      to[k] /= sum;
  }
}

/// y = factor * x.
template <std::size_t Width, class X>
void scale(Presence present, Rows<Width, X> x, float factor, Rows<Width, float> y) {
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      for (std::size_t k = 0; k < Width; ++k)
        y.row(row)[k] = factor * x.row(row)[k];
}

} // namespace rnet
