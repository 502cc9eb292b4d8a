// Convolutions of training, as products of matrices: the patches under the window, one a row, times
// the weights. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/conv.h"

#include <memory>

namespace rnet::train::detail {
namespace {

/// Pixels whose patches are held at once.
constexpr std::size_t kPatches = 256;

std::size_t patch_elements(const Sliding &shape) { return shape.window.taps() * shape.in.channels; }
/// The patches are the image itself.
bool is_pointwise(const Sliding &shape) {
  const Window &w = shape.window;
  return w.taps() == 1 && w.stride_y == 1 && w.stride_x == 1 &&
         w.top + w.bottom + w.left + w.right == 0;
}

/// Weights [out][in][taps] as [out][taps][in], which is the order of a patch, or back.
template <class T> std::vector<T> taps_first(const Sliding &shape, const T *weight) {
  const std::size_t taps = shape.window.taps(), in = shape.in.channels;
  std::vector<T> result(shape.out.channels * taps * in);
  for (std::size_t o = 0; o < shape.out.channels; ++o, weight += taps * in)
    for (std::size_t c = 0; c < in; ++c)
      for (std::size_t tap = 0; tap < taps; ++tap)
        result[(o * taps + tap) * in + c] = weight[c * taps + tap];
  return result;
}
template <class T> void taps_last(const Sliding &shape, const T *from, T *weight) {
  const std::size_t taps = shape.window.taps(), in = shape.in.channels;
  for (std::size_t o = 0; o < shape.out.channels; ++o, from += taps * in, weight += taps * in)
    for (std::size_t tap = 0; tap < taps; ++tap)
      for (std::size_t c = 0; c < in; ++c)
        weight[c * taps + tap] = from[tap * in + c];
}

/// Calls work(image elements, patch elements, count) for each run of elements that a patch and the
/// image share, and outside(patch elements, count) for each run that lies in the padding, over the
/// patches of the pixels [begin, end).
template <class T, class Inside, class Outside>
void for_patches(const Sliding &shape, std::size_t begin, std::size_t end, T *patches,
                 const Inside &work, const Outside &outside) {
  const Window &w = shape.window;
  const std::size_t C = shape.in.channels, line = w.width * C;
  for (std::size_t pixel = begin; pixel < end; ++pixel) {
    const std::size_t oy = pixel / shape.out.width, ox = pixel % shape.out.width;
    const Range ky = inside_y(shape.in, w, oy), kx = inside_x(shape.in, w, ox);
    for (std::size_t j = 0; j < w.height; ++j, patches += line) {
      if (j < ky.begin || j >= ky.end || kx.size() == 0) {
        outside(patches, line);
        continue;
      }
      outside(patches, kx.begin * C);
      work((under(oy, w.stride_y, w.top, j) * shape.in.width +
            under(ox, w.stride_x, w.left, kx.begin)) *
               C,
           patches + kx.begin * C, kx.size() * C);
      outside(patches + kx.end * C, (w.width - kx.end) * C);
    }
  }
}

/// Calls work(patches, first pixel) for the patches of an image, some pixels at a time.
template <class T, class Work>
void with_patches(const Sliding &shape, const T *x, const Work &work) {
  const std::size_t elements = patch_elements(shape), pixels = shape.out.pixels();
  if (is_pointwise(shape)) {
    work(MatrixView<const T>{x, pixels, elements, elements}, 0);
    return;
  }
  const auto memory = std::make_unique_for_overwrite<T[]>(std::min(kPatches, pixels) * elements);
  for (std::size_t begin = 0; begin < pixels; begin += kPatches) {
    const std::size_t end = std::min(pixels, begin + kPatches);
    for_patches(
        shape, begin, end, memory.get(),
        [&](std::size_t at, T *patch, std::size_t count) { std::copy_n(x + at, count, patch); },
        [](T *patch, std::size_t count) { std::fill_n(patch, count, T(0)); });
    work(MatrixView<const T>{memory.get(), end - begin, elements, elements}, begin);
  }
}

} // namespace

template <class T>
void conv(StepContext &step, const Sliding &shape, Tensor<const T> x, const T *weight,
          const T *bias, Tensor<T> y) {
  const std::vector<T> w = taps_first(shape, weight);
  const std::size_t out = shape.out.channels, elements = patch_elements(shape);
  for_images(step, x.present, shape.out.pixels(), [&](std::size_t row) {
    with_patches(shape, x.row(row), [&](MatrixView<const T> patches, std::size_t pixel) {
      multiply_transposed<T>(patches, {w.data(), out, elements, elements}, bias,
                             {y.row(row) + pixel * out, patches.rows, out, out});
    });
  });
}

template <class T>
void conv_adjoint_input(StepContext &step, const Sliding &shape, Tensor<const T> gradient,
                        const T *weight, Tensor<T> x_gradient) {
  const std::vector<T> w = taps_first(shape, weight);
  const std::size_t out = shape.out.channels, elements = patch_elements(shape);
  const std::size_t pixels = shape.out.pixels();
  const MatrixView<const T> weights{w.data(), out, elements, elements};
  for_images(step, gradient.present, pixels, [&](std::size_t row) {
    const T *const g = gradient.row(row);
    T *const dx = x_gradient.row(row);
    if (is_pointwise(shape)) {
      multiply<T>({g, pixels, out, out}, weights, {dx, pixels, elements, elements});
      return;
    }
    std::fill_n(dx, shape.in.elements(), T(0));
    const auto patches = std::make_unique_for_overwrite<T[]>(std::min(kPatches, pixels) * elements);
    for (std::size_t begin = 0; begin < pixels; begin += kPatches) {
      const std::size_t end = std::min(pixels, begin + kPatches);
      multiply<T>({g + begin * out, end - begin, out, out}, weights,
                  {patches.get(), end - begin, elements, elements});
      for_patches(
          shape, begin, end, patches.get(),
          [&](std::size_t at, const T *patch, std::size_t count) {
            for (std::size_t k = 0; k < count; ++k)
              dx[at + k] += patch[k];
          },
          [](const T *, std::size_t) {});
    }
  });
}

template <class T>
void conv_adjoint_parameters(StepContext &step, const Sliding &shape, Tensor<const T> x,
                             Tensor<const T> gradient, T *weight_gradient, T *bias_gradient) {
  const std::size_t out = shape.out.channels, elements = patch_elements(shape);
  const std::vector<T> sums =
      sum_over_images<T>(step, x.present, out * (elements + 1), [&](std::size_t row, T *sum) {
        with_patches(shape, x.row(row), [&](MatrixView<const T> patches, std::size_t pixel) {
          accumulate<T>({gradient.row(row) + pixel * out, patches.rows, out, out}, patches,
                        {sum, out, elements, elements},
                        bias_gradient ? sum + out * elements : nullptr);
        });
      });
  taps_last(shape, sums.data(), weight_gradient);
  if (bias_gradient)
    std::copy_n(sums.data() + out * elements, out, bias_gradient);
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
