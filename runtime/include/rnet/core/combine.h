// What joins tensors or moves their elements: sums, concatenation, zeros around an image. Pure
// functions over present rows. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/activation.h"
#include "rnet/core/rows.h"
#include "rnet/core/window.h"

#include <algorithm>

namespace rnet {

/// y = Activation(a + b).
template <class Activation = Identity, std::size_t Width, class A, class B>
void add(Presence present, Rows<Width, A> a, Rows<Width, B> b, Rows<Width, float> y) {
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      for (std::size_t k = 0; k < Width; k += kLanes)
        store(y.row(row) + k, Activation::apply(load(a.row(row) + k) + load(b.row(row) + k)));
}

/// The image of a zero padding: only the padding of `w` counts.
constexpr Image padded(Image in, Window w) {
  return {in.height + w.top + w.bottom, in.width + w.left + w.right, in.channels};
}

namespace detail {

template <std::size_t Pixels, std::size_t WidthA, std::size_t WidthB, class T>
void concat_row(const T *a, const T *b, T *y) {
  static_assert(WidthA % Pixels == 0 && WidthB % Pixels == 0);
  constexpr std::size_t channels_a = WidthA / Pixels, channels_b = WidthB / Pixels;
  for (std::size_t pixel = 0; pixel < Pixels; ++pixel) {
    y = std::copy_n(a + pixel * channels_a, channels_a, y);
    y = std::copy_n(b + pixel * channels_b, channels_b, y);
  }
}

template <Image In, Window W, class T> void zero_pad_row(const T *x, T *y) {
  constexpr std::size_t C = In.channels, wide = padded(In, W).width * C;
  y = std::fill_n(y, W.top * wide, T(0));
  for (std::size_t line = 0; line < In.height; ++line, x += In.width * C) {
    y = std::fill_n(y, W.left * C, T(0));
    y = std::copy_n(x, In.width * C, y);
    y = std::fill_n(y, W.right * C, T(0));
  }
  std::fill_n(y, W.bottom * wide, T(0));
}

} // namespace detail

/// y = the channels of a, then those of b, pixel by pixel.
template <std::size_t Pixels, std::size_t WidthA, std::size_t WidthB, class A, class B>
void concat(Presence present, Rows<WidthA, A> a, Rows<WidthB, B> b,
            Rows<WidthA + WidthB, float> y) {
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      detail::concat_row<Pixels, WidthA, WidthB, float>(a.row(row), b.row(row), y.row(row));
}

/// y = x with zeros around it.
template <Image In, Window W, class X>
void zero_pad(Presence present, Rows<In.elements(), X> x, Rows<padded(In, W).elements(), float> y) {
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      detail::zero_pad_row<In, W, float>(x.row(row), y.row(row));
}

} // namespace rnet
