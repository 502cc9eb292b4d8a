// Random rotations, shifts and flips of training images.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/random.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rnet::train {

/// [height, width, channels].
inline bool is_image(const InputDescription &input) { return input.shape.size() == 3; }

/// What one image undergoes: a rotation about its centre, a shift, then a flip. Elements between
/// pixels are interpolated (bilinear); beyond the border, the nearest pixel goes on (as Keras'
/// ImageDataGenerator has it, with fill mode `nearest`).
class ImageChange {
public:
  /// Draws 4k to 4k + 3 of `random` are for input k.
  ImageChange(const Augmentation &by, std::span<const std::size_t> shape, std::size_t input,
              const Random &random)
      : height_(shape[0]), width_(shape[1]), channels_(shape[2]) {
    const auto draw = [&](std::size_t k) {
      return random.uniform(static_cast<std::uint32_t>(4 * input + k));
    };
    angle_ = (2 * draw(0) - 1) * by.rotation * std::numbers::pi / 180;
    down_ = (2 * draw(1) - 1) * by.shift * static_cast<double>(height_);
    right_ = (2 * draw(2) - 1) * by.shift * static_cast<double>(width_);
    flipped_ = by.flip && draw(3) < 0.5;
  }

  /// Both are [height][width][channels], and apart.
  template <class T> void apply(const float *from, T *to) const {
    const double sine = std::sin(angle_), cosine = std::cos(angle_);
    const double middle_y = static_cast<double>(height_ - 1) / 2,
                 middle_x = static_cast<double>(width_ - 1) / 2;
    for (std::size_t y = 0; y < height_; ++y)
      for (std::size_t x = 0; x < width_; ++x, to += channels_) {
        // Where this pixel comes from.
        const double dy = static_cast<double>(y) - middle_y - down_,
                     dx = static_cast<double>(flipped_ ? width_ - 1 - x : x) - middle_x - right_;
        const Place row(cosine * dy - sine * dx + middle_y, height_),
            column(sine * dy + cosine * dx + middle_x, width_);
        const float *const a = from + (row.first * width_ + column.first) * channels_;
        const std::size_t below = row.step * width_ * channels_, beside = column.step * channels_;
        for (std::size_t c = 0; c < channels_; ++c) {
          const double upper = mix(a[c], a[c + beside], column.part),
                       lower = mix(a[c + below], a[c + below + beside], column.part);
          to[c] = static_cast<T>(mix(upper, lower, row.part));
        }
      }
  }

private:
  /// A coordinate, within the image: a pixel, and how far on the way to the next.
  struct Place {
    Place(double at, std::size_t size) {
      at = std::clamp(at, 0.0, static_cast<double>(size - 1));
      first = static_cast<std::size_t>(at);
      step = first + 1 < size ? 1 : 0;
      part = at - static_cast<double>(first);
    }
    std::size_t first, step;
    double part;
  };
  static double mix(double a, double b, double part) { return a + (b - a) * part; }

  std::size_t height_, width_, channels_;
  double angle_, down_, right_;
  bool flipped_;
};

} // namespace rnet::train
