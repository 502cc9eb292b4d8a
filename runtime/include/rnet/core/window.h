// Geometry of images and of windows that slide over them, as template arguments.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace rnet {

/// A row that is an image: [height][width][channels], tightly packed (NHWC with the batch).
struct Image {
  std::size_t height, width, channels;

  constexpr std::size_t pixels() const { return height * width; }
  constexpr std::size_t elements() const { return height * width * channels; }
};

/// A window that slides over an image: its size, its strides, and the zeros around the image.
struct Window {
  std::size_t height, width, stride_y, stride_x, top, bottom, left, right;

  constexpr std::size_t taps() const { return height * width; }
};

/// The image that has one pixel for each place of the window.
constexpr Image slide(Image in, Window w, std::size_t channels) {
  return {(in.height + w.top + w.bottom - w.height) / w.stride_y + 1,
          (in.width + w.left + w.right - w.width) / w.stride_x + 1, channels};
}

/// A window over an image and what comes of it, where they are known at run time only.
struct Sliding {
  Image in;
  Window window;
  Image out;
};

/// Numbers from begin to before end.
struct Range {
  std::size_t begin, end;

  constexpr std::size_t size() const { return end - begin; }
};

/// Which taps of a window of `size` lie inside the image when it is at `place` of an axis that has
/// `extent` elements after `before` zeros.
constexpr Range inside(std::size_t place, std::size_t stride, std::size_t before, std::size_t size,
                       std::size_t extent) {
  const std::size_t start = place * stride; // counted from the first zero
  const std::size_t begin = std::min(size, before > start ? before - start : 0);
  const std::size_t end = std::min(size, before + extent > start ? before + extent - start : 0);
  return {begin, std::max(begin, end)};
}

/// The places, out of `places`, at which all taps lie inside the image.
constexpr Range interior(std::size_t places, std::size_t stride, std::size_t before,
                         std::size_t size, std::size_t extent) {
  const std::size_t begin = std::min(places, (before + stride - 1) / stride);
  const std::size_t end =
      before + extent < size ? 0 : std::min(places, (before + extent - size) / stride + 1);
  return {begin, std::max(begin, end)};
}

/// The taps inside the image for an output row or column of `in` under `w`.
constexpr Range inside_y(Image in, Window w, std::size_t y) {
  return inside(y, w.stride_y, w.top, w.height, in.height);
}
constexpr Range inside_x(Image in, Window w, std::size_t x) {
  return inside(x, w.stride_x, w.left, w.width, in.width);
}

/// The input row or column under tap `tap` of a window at `place`; only for taps inside.
constexpr std::size_t under(std::size_t place, std::size_t stride, std::size_t before,
                            std::size_t tap) {
  return place * stride + tap - before;
}

namespace detail {

/// Cuts `Count` places into the fewest tiles of at most `Most`, alike but for one place, and calls
/// work(first place, size).
template <std::size_t Count, std::size_t Most, class Work> inline void for_tiles(const Work &work) {
  if constexpr (Count != 0) {
    constexpr std::size_t tiles = (Count + Most - 1) / Most, size = (Count + tiles - 1) / tiles;
    constexpr std::size_t large = Count - tiles * (size - 1);
    std::size_t place = 0;
    for (std::size_t tile = 0; tile < large; ++tile, place += size)
      work(place, std::integral_constant<std::size_t, size>());
    if constexpr (large < tiles)
      for (std::size_t tile = large; tile < tiles; ++tile, place += size - 1)
        work(place, std::integral_constant<std::size_t, size - 1>());
  }
}

} // namespace detail

} // namespace rnet
