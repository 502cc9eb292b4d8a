// Convolutions of training, as products of matrices: the patches under the window, read where they
// lie in an image with its padding, times the weights. The gradient of the input is a convolution
// too: of the output's gradient, spread out by the strides, with the weights turned around.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/conv.h"

#include "tiles.h"

namespace rnet::train::detail {
namespace {

/// Where an image lies on a larger, or smaller, one that is zero elsewhere: pixel (y, x) at
/// (top + y * step_y, left + x * step_x).
struct Canvas {
  Image image;
  std::size_t height, width;
  std::ptrdiff_t top, left;
  std::size_t step_y = 1, step_x = 1;

  bool is_image() const { return height == image.height && width == image.width; }
  std::size_t line() const { return width * image.channels; }
};

Canvas padded(const Sliding &shape) {
  const Window &w = shape.window;
  return {shape.in, shape.in.height + w.top + w.bottom, shape.in.width + w.left + w.right,
          static_cast<std::ptrdiff_t>(w.top), static_cast<std::ptrdiff_t>(w.left)};
}
/// On which the turned window slides, by single pixels, to give the gradient of the input.
Canvas spread(const Sliding &shape) {
  const Window &w = shape.window;
  return {shape.out,
          shape.in.height + w.height - 1,
          shape.in.width + w.width - 1,
          static_cast<std::ptrdiff_t>(w.height) - 1 - static_cast<std::ptrdiff_t>(w.top),
          static_cast<std::ptrdiff_t>(w.width) - 1 - static_cast<std::ptrdiff_t>(w.left),
          w.stride_y,
          w.stride_x};
}

/// The canvas with an image on it: the image itself where there is nothing around it.
template <class T> class Painter {
public:
  explicit Painter(const Canvas &canvas)
      : canvas_(canvas), memory_(canvas.is_image() ? 0 : canvas.height * canvas.line()) {}

  /// Valid until the next call. What no image covers stays zero.
  const T *paint(const T *image) {
    if (canvas_.is_image())
      return image;
    const std::size_t C = canvas_.image.channels;
    const auto height = static_cast<std::ptrdiff_t>(canvas_.height),
               width = static_cast<std::ptrdiff_t>(canvas_.width);
    std::ptrdiff_t y = canvas_.top;
    for (std::size_t line = 0; line < canvas_.image.height; ++line, y += canvas_.step_y) {
      std::ptrdiff_t x = canvas_.left;
      for (std::size_t pixel = 0; pixel < canvas_.image.width; ++pixel, x += canvas_.step_x) {
        if (y >= 0 && y < height && x >= 0 && x < width)
          std::copy_n(image, C, memory_.data() + (y * width + x) * static_cast<std::ptrdiff_t>(C));
        image += C;
      }
    }
    return memory_.data();
  }

private:
  Canvas canvas_;
  std::vector<T> memory_;
};

/// Single pixels, all of them: images that follow each other without gaps are like one.
bool is_pointwise(const Sliding &shape) {
  const Window &w = shape.window;
  return w.taps() == 1 && w.stride_y == 1 && w.stride_x == 1 && padded(shape).is_image();
}
bool is_contiguous(Image image) { return row_stride(image.elements()) == image.elements(); }
template <class Work>
void for_joined(const Sliding &shape, std::size_t begin, std::size_t count, const Work &work) {
  if (is_contiguous(shape.in) && is_contiguous(shape.out))
    work(begin, count);
  else
    for (std::size_t image = begin; image < begin + count; ++image)
      work(image, 1);
}

/// y = start + patches * weights for each place of the window on the canvas.
template <class T>
void slide_over(StepContext &step, const Canvas &canvas, const Window &w, Image out,
                const PackedMatrix<T> &weights, Tensor<const T> x, Tensor<T> y) {
  const std::size_t C = canvas.image.channels;
  for_image_runs(step, x.present, out.pixels(), [&](std::size_t begin, std::size_t count) {
    Painter<T> painter(canvas);
    for (std::size_t row = begin; row < begin + count; ++row) {
      const T *const from = painter.paint(x.row(row));
      for (std::size_t oy = 0; oy < out.height; ++oy)
        weights.multiply({from + oy * w.stride_y * canvas.line(), out.width, w.stride_x * C,
                          w.height, w.width * C, canvas.line()},
                         y.row(row) + oy * out.width * out.channels, out.channels);
    }
  });
}
template <class T>
void multiply_pixels(StepContext &step, const Sliding &shape, const PackedMatrix<T> &weights,
                     Tensor<const T> x, Tensor<T> y) {
  const std::size_t in = x.width / shape.in.pixels(), out = y.width / shape.in.pixels();
  for_image_runs(step, x.present, shape.in.pixels(), [&](std::size_t begin, std::size_t count) {
    for_joined(shape, begin, count, [&](std::size_t first, std::size_t images) {
      weights.multiply({x.row(first), images * shape.in.pixels(), in, 1, in, 0}, y.row(first), out);
    });
  });
}

/// Pixels whose elements stay in the cache while all weights take them in.
constexpr std::size_t kCachedPixels = 256;

} // namespace

template <class T>
void conv(StepContext &step, const Sliding &shape, Tensor<const T> x, const T *weight,
          const T *bias, Tensor<T> y) {
  const std::size_t C = shape.in.channels, taps = shape.window.taps();
  const PackedMatrix<T> weights(
      taps * C, shape.out.channels, bias,
      [&](std::size_t k, std::size_t o) { return weight[(o * C + k % C) * taps + k / C]; });
  if (is_pointwise(shape))
    multiply_pixels(step, shape, weights, x, y);
  else
    slide_over(step, padded(shape), shape.window, shape.out, weights, x, y);
}

template <class T>
void conv_adjoint_input(StepContext &step, const Sliding &shape, Tensor<const T> gradient,
                        const T *weight, Tensor<T> x_gradient) {
  const std::size_t C = shape.in.channels, out = shape.out.channels, taps = shape.window.taps();
  const PackedMatrix<T> weights(taps * out, C, nullptr, [&](std::size_t k, std::size_t c) {
    return weight[(k % out * C + c) * taps + taps - 1 - k / out];
  });
  Window w = shape.window;
  w.stride_y = w.stride_x = 1;
  if (is_pointwise(shape))
    multiply_pixels(step, shape, weights, gradient, x_gradient);
  else
    slide_over(step, spread(shape), w, shape.in, weights, gradient, x_gradient);
}

template <class T>
void conv_adjoint_parameters(StepContext &step, const Sliding &shape, Tensor<const T> x,
                             Tensor<const T> gradient, T *weight_gradient, T *bias_gradient) {
  const Window &w = shape.window;
  const Image out = shape.out;
  const std::size_t C = shape.in.channels, elements = w.taps() * C;
  const auto add_pixels = [&](std::size_t begin, std::size_t count, T *sums) {
    for_joined(shape, begin, count, [&](std::size_t first, std::size_t images) {
      const std::size_t pixels = images * out.pixels();
      for (std::size_t pixel = 0; pixel < pixels; pixel += kCachedPixels)
        accumulate_outer<T>(
            gradient.row(first) + pixel * out.channels, out.channels,
            {x.row(first) + pixel * C, 1, 0, std::min(kCachedPixels, pixels - pixel), C}, C, sums,
            elements);
    });
  };
  const auto add_windows = [&](std::size_t begin, std::size_t count, T *sums) {
    const Canvas canvas = padded(shape);
    Painter<T> painter(canvas);
    const std::size_t lines = std::max<std::size_t>(1, kCachedPixels / out.width);
    for (std::size_t row = begin; row < begin + count; ++row) {
      const T *const from = painter.paint(x.row(row));
      for (std::size_t oy = 0; oy < out.height; oy += lines)
        for (std::size_t j = 0; j < w.height; ++j)
          accumulate_outer<T>(gradient.row(row) + oy * out.width * out.channels, out.channels,
                              {from + (oy * w.stride_y + j) * canvas.line(),
                               std::min(lines, out.height - oy), w.stride_y * canvas.line(),
                               out.width, w.stride_x * C},
                              w.width * C, sums + j * w.width * C, elements);
    }
  };
  const auto add = [&](std::size_t begin, std::size_t count, T *sums) {
    if (is_pointwise(shape))
      add_pixels(begin, count, sums);
    else
      add_windows(begin, count, sums);
    T *const db = sums + out.channels * elements;
    for (std::size_t row = begin; bias_gradient && row < begin + count; ++row)
      for (std::size_t k = 0; k < out.elements(); k += out.channels)
        for (std::size_t o = 0; o < out.channels; ++o)
          db[o] += gradient.row(row)[k + o];
  };
  const std::vector<T> sums =
      sum_over_images<T>(step, x.present, out.pixels(), out.channels * (elements + 1), add);
  for (std::size_t o = 0; o < out.channels; ++o)
    for (std::size_t k = 0; k < elements; ++k)
      weight_gradient[(o * C + k % C) * w.taps() + k / C] = sums[o * elements + k];
  if (bias_gradient)
    std::copy_n(sums.data() + out.channels * elements, out.channels, bias_gradient);
}

#define RNET_INSTANTIATE(T)                                                                        \
  template void conv<T>(StepContext &, const Sliding &, Tensor<const T>, const T *, const T *,     \
                        Tensor<T>);                                                                \
  template void conv_adjoint_input<T>(StepContext &, const Sliding &, Tensor<const T>, const T *,  \
                                      Tensor<T>);                                                  \
  template void conv_adjoint_parameters<T>(StepContext &, const Sliding &, Tensor<const T>,        \
                                           Tensor<const T>, T *, T *);
RNET_INSTANTIATE(float)
RNET_INSTANTIATE(double)

} // namespace rnet::train::detail
