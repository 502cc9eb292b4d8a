// What joins tensors or moves their elements in training: sums, concatenation, zeros around images.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads: see blocks.h.
#pragma once

#include "rnet/core/combine.h"
#include "rnet/train/blocks.h"

namespace rnet::train {

/// y = a + b; the gradient of both is that of y.
template <std::size_t Width, class A, class B, class T>
void add(StepContext &step, Presence present, Rows<Width, A> a, Rows<Width, B> b,
         Rows<Width, T> y) {
  detail::for_rows(step, present, [&](std::size_t row) {
    for (std::size_t k = 0; k < Width; ++k)
      y.row(row)[k] = a.row(row)[k] + b.row(row)[k];
  });
}

/// y = the average of an input of a mux, in every row.
template <std::size_t Width, class T>
void average(StepContext &step, Presence present, const Parameter<T> &average, Rows<Width, T> y) {
  detail::for_rows(step, present,
                   [&](std::size_t row) { std::ranges::copy(average.value, y.row(row)); });
}

/// y = the channels of a, then those of b, pixel by pixel.
template <std::size_t Pixels, std::size_t WidthA, std::size_t WidthB, class A, class B, class T>
void concat(StepContext &step, Presence present, Rows<WidthA, A> a, Rows<WidthB, B> b,
            Rows<WidthA + WidthB, T> y) {
  detail::for_rows(step, present, [&](std::size_t row) {
    rnet::detail::concat_row<Pixels, WidthA, WidthB, T>(a.row(row), b.row(row), y.row(row));
  });
}

/// dx = the channels of g from `Offset` on, pixel by pixel: the adjoint of concat.
template <std::size_t Pixels, std::size_t Offset, std::size_t Wide, class G, std::size_t Width,
          class T>
void slice(StepContext &step, Presence present, Rows<Wide, G> gradient, Rows<Width, T> x_gradient) {
  static_assert(Wide % Pixels == 0 && Width % Pixels == 0);
  constexpr std::size_t from = Wide / Pixels, channels = Width / Pixels;
  static_assert(Offset + channels <= from);
  detail::for_rows(step, present, [&](std::size_t row) {
    for (std::size_t pixel = 0; pixel < Pixels; ++pixel)
      std::copy_n(gradient.row(row) + pixel * from + Offset, channels,
                  x_gradient.row(row) + pixel * channels);
  });
}

/// y = x with zeros around it; only the padding of `W` counts.
template <Image In, Window W, class X, class T>
void zero_pad(StepContext &step, Presence present, Rows<In.elements(), X> x,
              Rows<padded(In, W).elements(), T> y) {
  detail::for_rows(step, present, [&](std::size_t row) {
    rnet::detail::zero_pad_row<In, W, T>(x.row(row), y.row(row));
  });
}
template <Image In, Window W, class G, class T>
void zero_pad_adjoint(StepContext &step, Presence present,
                      Rows<padded(In, W).elements(), G> gradient,
                      Rows<In.elements(), T> x_gradient) {
  constexpr std::size_t C = In.channels, line = In.width * C, wide = padded(In, W).width * C;
  detail::for_rows(step, present, [&](std::size_t row) {
    for (std::size_t y = 0; y < In.height; ++y)
      std::copy_n(gradient.row(row) + (W.top + y) * wide + W.left * C, line,
                  x_gradient.row(row) + y * line);
  });
}

} // namespace rnet::train
