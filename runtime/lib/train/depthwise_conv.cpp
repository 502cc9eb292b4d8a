// Depthwise convolutions of training, directly.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/depthwise_conv.h"

namespace rnet::train::detail {
namespace {

/// Calls work(output elements, input elements, tap) for each output pixel and each tap inside the
/// image, ascending: offsets of their first channels.
template <class Work> void for_taps(const Sliding &shape, const Work &work) {
  const Window &w = shape.window;
  const std::size_t C = shape.in.channels;
  for (std::size_t oy = 0, out = 0; oy < shape.out.height; ++oy)
    for (std::size_t ox = 0; ox < shape.out.width; ++ox, out += C) {
      const Range ky = inside_y(shape.in, w, oy), kx = inside_x(shape.in, w, ox);
      for (std::size_t j = ky.begin; j < ky.end; ++j)
        for (std::size_t i = kx.begin; i < kx.end; ++i)
          work(out,
               (under(oy, w.stride_y, w.top, j) * shape.in.width +
                under(ox, w.stride_x, w.left, i)) *
                   C,
               j * w.width + i);
    }
}

/// Weights [channels][taps] as [taps][channels].
template <class T> std::vector<T> taps_first(const Sliding &shape, const T *weight) {
  const std::size_t taps = shape.window.taps(), C = shape.in.channels;
  std::vector<T> result(taps * C);
  for (std::size_t c = 0; c < C; ++c)
    for (std::size_t tap = 0; tap < taps; ++tap)
      result[tap * C + c] = weight[c * taps + tap];
  return result;
}

/// to += a * b, element by element.
template <class T> void add_product(const T *a, const T *b, T *to, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k)
    to[k] += a[k] * b[k];
}

} // namespace

template <class T>
void depthwise_conv(StepContext &step, const Sliding &shape, Tensor<const T> x, const T *weight,
                    const T *bias, Tensor<T> y) {
  const std::vector<T> w = taps_first(shape, weight);
  const std::size_t C = shape.in.channels, pixels = shape.out.pixels();
  for_images(step, x.present, pixels, [&](std::size_t row) {
    const T *const from = x.row(row);
    T *const to = y.row(row);
    for (std::size_t pixel = 0; pixel < pixels; ++pixel)
      if (bias)
        std::copy_n(bias, C, to + pixel * C);
      else
        std::fill_n(to + pixel * C, C, T(0));
    for_taps(shape, [&](std::size_t out, std::size_t in, std::size_t tap) {
      add_product(w.data() + tap * C, from + in, to + out, C);
    });
  });
}

template <class T>
void depthwise_conv_adjoint_input(StepContext &step, const Sliding &shape, Tensor<const T> gradient,
                                  const T *weight, Tensor<T> x_gradient) {
  const std::vector<T> w = taps_first(shape, weight);
  const std::size_t C = shape.in.channels;
  for_images(step, gradient.present, shape.out.pixels(), [&](std::size_t row) {
    const T *const g = gradient.row(row);
    T *const dx = x_gradient.row(row);
    std::fill_n(dx, shape.in.elements(), T(0));
    for_taps(shape, [&](std::size_t out, std::size_t in, std::size_t tap) {
      add_product(w.data() + tap * C, g + out, dx + in, C);
    });
  });
}

template <class T>
void depthwise_conv_adjoint_parameters(StepContext &step, const Sliding &shape, Tensor<const T> x,
                                       Tensor<const T> gradient, T *weight_gradient,
                                       T *bias_gradient) {
  const std::size_t C = shape.in.channels, taps = shape.window.taps();
  const std::vector<T> sums =
      sum_over_images<T>(step, x.present, (taps + 1) * C, [&](std::size_t row, T *sum) {
        const T *const g = gradient.row(row), *const from = x.row(row);
        for_taps(shape, [&](std::size_t out, std::size_t in, std::size_t tap) {
          add_product(g + out, from + in, sum + tap * C, C);
        });
        for (std::size_t pixel = 0; pixel < shape.out.pixels(); ++pixel)
          for (std::size_t c = 0; c < C; ++c)
            sum[taps * C + c] += g[pixel * C + c];
      });
  for (std::size_t c = 0; c < C; ++c)
    for (std::size_t tap = 0; tap < taps; ++tap)
      weight_gradient[c * taps + tap] = sums[tap * C + c];
  if (bias_gradient)
    std::copy_n(sums.data() + taps * C, C, bias_gradient);
}

#define RNET_INSTANTIATE(T)                                                                        \
  template void depthwise_conv<T>(StepContext &, const Sliding &, Tensor<const T>, const T *,      \
                                  const T *, Tensor<T>);                                           \
  template void depthwise_conv_adjoint_input<T>(StepContext &, const Sliding &, Tensor<const T>,   \
                                                const T *, Tensor<T>);                             \
  template void depthwise_conv_adjoint_parameters<T>(StepContext &, const Sliding &,               \
                                                     Tensor<const T>, Tensor<const T>, T *, T *);
RNET_INSTANTIATE(float)
RNET_INSTANTIATE(double)

} // namespace rnet::train::detail
