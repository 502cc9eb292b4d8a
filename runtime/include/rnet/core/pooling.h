// Pooling for inference. Pure functions over present rows.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bits: sums and comparisons go over ascending (y, x), starting from the first element.
#pragma once

#include "rnet/core/rows.h"
#include "rnet/core/vector.h"
#include "rnet/core/window.h"

namespace rnet {

namespace detail {

/// For each output and each vector of channels: result(combined elements, number of them), where
/// combine(so far, element) takes in one element after the other.
template <Image In, Window W, class Combine, class Result>
inline void pool(const float *x, float *y, const Combine &combine, const Result &result) {
  static constexpr Image out = slide(In, W, In.channels);
  for (std::size_t oy = 0; oy < out.height; ++oy)
    for (std::size_t ox = 0; ox < out.width; ++ox, y += out.channels) {
      const Range ky = inside_y(In, W, oy), kx = inside_x(In, W, ox);
      const float *const first = x + (under(oy, W.stride_y, W.top, ky.begin) * In.width +
                                      under(ox, W.stride_x, W.left, kx.begin)) *
                                         In.channels;
      for_lanes<In.channels>([&](std::size_t c, auto count) {
        Lanes value = load(first + c, count);
        for (std::size_t j = 0; j < ky.size(); ++j)
          for (std::size_t i = j == 0; i < kx.size(); ++i)
            value = combine(value, load(first + (j * In.width + i) * In.channels + c, count));
        store(y + c, result(value, ky.size() * kx.size()), count);
      });
    }
}

/// Whether each place of the window has an element under it.
constexpr bool never_empty(Image in, Window w) {
  return w.top < w.height && w.bottom < w.height && w.left < w.width && w.right < w.width &&
         in.elements() != 0;
}

} // namespace detail

/// The largest element under the window; zeros around the image do not count.
template <Image In, Window W, class X>
void max_pool(Presence present, Rows<In.elements(), X> x,
              Rows<slide(In, W, In.channels).elements(), float> y) {
  static_assert(detail::never_empty(In, W));
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      detail::pool<In, W>(
          x.row(row), y.row(row), [](Lanes a, Lanes b) { return b > a ? b : a; },
          [](Lanes value, std::size_t) { return value; });
}

/// The mean of the elements under the window; zeros around the image do not count.
template <Image In, Window W, class X>
void avg_pool(Presence present, Rows<In.elements(), X> x,
              Rows<slide(In, W, In.channels).elements(), float> y) {
  static_assert(detail::never_empty(In, W));
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      detail::pool<In, W>(
          x.row(row), y.row(row), [](Lanes a, Lanes b) { return a + b; },
          [](Lanes sum, std::size_t count) { return sum / splat(static_cast<float>(count)); });
}

/// The mean of all pixels, channel by channel.
template <Image In, class X>
void global_avg_pool(Presence present, Rows<In.elements(), X> x, Rows<In.channels, float> y) {
  avg_pool<In, Window{In.height, In.width, 1, 1, 0, 0, 0, 0}>(present, x, y);
}

} // namespace rnet
