// Pooling in training.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/pooling.h"

namespace rnet::train::detail {
namespace {

/// Calls work(output elements, taps, at) for each output pixel: the offset of its first channel,
/// the number of taps inside the image, and at(tap): the offset of the first channel under each of
/// them.
template <class Work> void for_windows(const Sliding &shape, const Work &work) {
  const Window &w = shape.window;
  const std::size_t C = shape.in.channels;
  for (std::size_t oy = 0, out = 0; oy < shape.out.height; ++oy)
    for (std::size_t ox = 0; ox < shape.out.width; ++ox, out += C) {
      const Range ky = inside_y(shape.in, w, oy), kx = inside_x(shape.in, w, ox);
      const std::size_t top = under(oy, w.stride_y, w.top, ky.begin),
                        left = under(ox, w.stride_x, w.left, kx.begin);
      work(out, ky.size() * kx.size(), [&](std::size_t tap) {
        return ((top + tap / kx.size()) * shape.in.width + left + tap % kx.size()) * C;
      });
    }
}

} // namespace

template <class T>
void max_pool(StepContext &step, const Sliding &shape, Tensor<const T> x, Tensor<T> y) {
  const std::size_t C = shape.in.channels;
  for_images(step, x.present, shape.out.pixels(), [&](std::size_t row) {
    const T *const from = x.row(row);
    for_windows(shape, [&](std::size_t out, std::size_t taps, const auto &at) {
      T *const to = y.row(row) + out;
      std::copy_n(from + at(0), C, to);
      for (std::size_t tap = 1; tap < taps; ++tap) {
        const T *const other = from + at(tap);
        for (std::size_t c = 0; c < C; ++c)
          to[c] = other[c] > to[c] ? other[c] : to[c];
      }
    });
  });
}

template <class T>
void max_pool_adjoint(StepContext &step, const Sliding &shape, Tensor<const T> x, Tensor<const T> y,
                      Tensor<const T> gradient, Tensor<T> x_gradient) {
  const std::size_t C = shape.in.channels;
  for_images(step, gradient.present, shape.out.pixels(), [&](std::size_t row) {
    const T *const from = x.row(row), *const largest = y.row(row), *const g = gradient.row(row);
    T *const dx = x_gradient.row(row);
    std::fill_n(dx, shape.in.elements(), T(0));
    for_windows(shape, [&](std::size_t out, std::size_t taps, const auto &at) {
      for (std::size_t c = 0; c < C; ++c)
        for (std::size_t tap = 0; tap < taps; ++tap)
          if (from[at(tap) + c] == largest[out + c]) {
            dx[at(tap) + c] += g[out + c];
            break;
          }
    });
  });
}

template <class T>
void avg_pool(StepContext &step, const Sliding &shape, Tensor<const T> x, Tensor<T> y) {
  const std::size_t C = shape.in.channels;
  for_images(step, x.present, shape.out.pixels(), [&](std::size_t row) {
    const T *const from = x.row(row);
    for_windows(shape, [&](std::size_t out, std::size_t taps, const auto &at) {
      T *const to = y.row(row) + out;
      std::copy_n(from + at(0), C, to);
      for (std::size_t tap = 1; tap < taps; ++tap) {
        const T *const other = from + at(tap);
        for (std::size_t c = 0; c < C; ++c)
          to[c] += other[c];
      }
      for (std::size_t c = 0; c < C; ++c)
        to[c] /= static_cast<T>(taps);
    });
  });
}

template <class T>
void avg_pool_adjoint(StepContext &step, const Sliding &shape, Tensor<const T> gradient,
                      Tensor<T> x_gradient) {
  const std::size_t C = shape.in.channels;
  for_images(step, gradient.present, shape.out.pixels(), [&](std::size_t row) {
    const T *const g = gradient.row(row);
    T *const dx = x_gradient.row(row);
    std::fill_n(dx, shape.in.elements(), T(0));
    for_windows(shape, [&](std::size_t out, std::size_t taps, const auto &at) {
      for (std::size_t tap = 0; tap < taps; ++tap) {
        T *const to = dx + at(tap);
        for (std::size_t c = 0; c < C; ++c)
          to[c] += g[out + c] / static_cast<T>(taps);
      }
    });
  });
}

#define RNET_INSTANTIATE(T)                                                                        \
  template void max_pool<T>(StepContext &, const Sliding &, Tensor<const T>, Tensor<T>);           \
  template void max_pool_adjoint<T>(StepContext &, const Sliding &, Tensor<const T>,               \
                                    Tensor<const T>, Tensor<const T>, Tensor<T>);                  \
  template void avg_pool<T>(StepContext &, const Sliding &, Tensor<const T>, Tensor<T>);           \
  template void avg_pool_adjoint<T>(StepContext &, const Sliding &, Tensor<const T>, Tensor<T>);
RNET_INSTANTIATE(float)
RNET_INSTANTIATE(double)

} // namespace rnet::train::detail
