// Activations, and factors. Pure functions over present rows.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/math.h"
#include "rnet/core/rows.h"

namespace rnet {

/// y = max(x, 0).
template <std::size_t Width, class X>
void relu(Presence present, Rows<Width, X> x, Rows<Width, float> y) {
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      for (std::size_t k = 0; k < Width; ++k)
        y.row(row)[k] = x.row(row)[k] > 0 ? x.row(row)[k] : 0;
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
