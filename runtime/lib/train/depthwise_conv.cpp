// Depthwise convolutions of training, directly.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/depthwise_conv.h"

#include "channels.h"

namespace rnet::train::detail {
namespace {

/// Weights [channels][taps] as [taps][channels].
template <class T> std::vector<T> taps_first(const Sliding &shape, const T *weight) {
  const std::size_t taps = shape.window.taps(), C = shape.in.channels;
  std::vector<T> result(taps * C);
  for (std::size_t c = 0; c < C; ++c)
    for (std::size_t tap = 0; tap < taps; ++tap)
      result[tap * C + c] = weight[c * taps + tap];
  return result;
}

/// A tap of a window and the element under it: the first channels of both.
template <class T> struct Tap {
  const T *weight, *element;
};
/// y = start + the sum over taps of weight * element, channel by channel.
template <class T>
void sum_taps(const std::vector<Tap<T>> &taps, const T *first, std::size_t channels, T *y) {
  for_channels<T>(channels, [&]<class V, std::size_t Count>(std::size_t c, V, Size<Count>) {
    V sum[Count];
    start(first ? first + c : nullptr, sum);
    for (const Tap<T> &tap : taps)
      add_product(tap.weight + c, tap.element + c, sum);
    finish(sum, y + c);
  });
}

} // namespace

template <class T>
void depthwise_conv(StepContext &step, const Sliding &shape, Tensor<const T> x, const T *weight,
                    const T *bias, Tensor<T> y) {
  const std::vector<T> weights = taps_first(shape, weight);
  const Window &w = shape.window;
  const std::size_t C = shape.in.channels;
  for_images(step, x.present, shape.out.pixels(), [&](std::size_t row) {
    const T *const from = x.row(row);
    T *to = y.row(row);
    std::vector<Tap<T>> taps;
    for (std::size_t oy = 0; oy < shape.out.height; ++oy)
      for (std::size_t ox = 0; ox < shape.out.width; ++ox, to += C) {
        const Range ky = inside_y(shape.in, w, oy), kx = inside_x(shape.in, w, ox);
        taps.clear();
        for (std::size_t j = ky.begin; j < ky.end; ++j)
          for (std::size_t i = kx.begin; i < kx.end; ++i)
            taps.push_back({weights.data() + (j * w.width + i) * C,
                            from + (under(oy, w.stride_y, w.top, j) * shape.in.width +
                                    under(ox, w.stride_x, w.left, i)) *
                                       C});
        sum_taps(taps, bias, C, to);
      }
  });
}

template <class T>
void depthwise_conv_adjoint_input(StepContext &step, const Sliding &shape, Tensor<const T> gradient,
                                  const T *weight, Tensor<T> x_gradient) {
  const std::vector<T> weights = taps_first(shape, weight);
  const Window &w = shape.window;
  const std::size_t C = shape.in.channels;
  for_images(step, gradient.present, shape.out.pixels(), [&](std::size_t row) {
    const T *const g = gradient.row(row);
    T *to = x_gradient.row(row);
    std::vector<Tap<T>> taps;
    for (std::size_t y = w.top; y < w.top + shape.in.height; ++y) // counted from the first zero
      for (std::size_t x = w.left; x < w.left + shape.in.width; ++x, to += C) {
        // The windows that have this pixel under tap (j, i).
        taps.clear();
        for (std::size_t j = y % w.stride_y; j < w.height && j <= y; j += w.stride_y)
          for (std::size_t i = x % w.stride_x; i < w.width && i <= x; i += w.stride_x) {
            const std::size_t oy = (y - j) / w.stride_y, ox = (x - i) / w.stride_x;
            if (oy < shape.out.height && ox < shape.out.width)
              taps.push_back(
                  {weights.data() + (j * w.width + i) * C, g + (oy * shape.out.width + ox) * C});
          }
        sum_taps<T>(taps, nullptr, C, to);
      }
  });
}

template <class T>
void depthwise_conv_adjoint_parameters(StepContext &step, const Sliding &shape, Tensor<const T> x,
                                       Tensor<const T> gradient, T *weight_gradient,
                                       T *bias_gradient) {
  const Window &w = shape.window;
  const std::size_t C = shape.in.channels, taps = w.taps();
  const auto add_row = [&](const T *from, const T *g, std::size_t oy, T *sums) {
    const Range ky = inside_y(shape.in, w, oy);
    for (std::size_t j = ky.begin; j < ky.end; ++j)
      for (std::size_t i = 0; i < w.width; ++i)
        for_channels<T>(C, [&]<class V, std::size_t Count>(std::size_t c, V, Size<Count>) {
          T *const to = sums + (j * w.width + i) * C + c;
          const T *const line = from + under(oy, w.stride_y, w.top, j) * shape.in.width * C + c;
          V sum[Count];
          start(to, sum);
          for (std::size_t ox = 0; ox < shape.out.width; ++ox) {
            const std::size_t at = ox * w.stride_x + i; // counted from the first zero
            if (at >= w.left && at < w.left + shape.in.width)
              add_product(g + ox * C + c, line + (at - w.left) * C, sum);
          }
          finish(sum, to);
        });
    for (std::size_t ox = 0; ox < shape.out.width; ++ox)
      for (std::size_t c = 0; c < C; ++c)
        sums[taps * C + c] += g[ox * C + c];
  };
  const auto add = [&](std::size_t begin, std::size_t count, T *sums) {
    for (std::size_t row = begin; row < begin + count; ++row)
      for (std::size_t oy = 0; oy < shape.out.height; ++oy)
        add_row(x.row(row), gradient.row(row) + oy * shape.out.width * C, oy, sums);
  };
  const std::vector<T> sums =
      sum_over_images<T>(step, x.present, shape.out.pixels(), (taps + 1) * C, add);
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
