// Convolutions of training, as products of matrices: the patches under the window, one a row, times
// the weights. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/conv.h"

#include "tiles.h"

#include <memory>

namespace rnet::train::detail {
namespace {

/// Patches that are held at once.
constexpr std::size_t kPatches = 256;

std::size_t patch_elements(const Sliding &shape) { return shape.window.taps() * shape.in.channels; }
/// The patches are the image itself.
bool is_pointwise(const Sliding &shape) {
  const Window &w = shape.window;
  return w.taps() == 1 && w.stride_y == 1 && w.stride_x == 1 &&
         w.top + w.bottom + w.left + w.right == 0;
}
/// Images follow each other without padding, so that many are like one.
bool is_contiguous(Image image) { return row_stride(image.elements()) == image.elements(); }

/// Calls work(first image, images) for images that can be treated as one, out of a run.
template <class Work>
void for_joined(const Sliding &shape, std::size_t begin, std::size_t count, const Work &work) {
  if (is_contiguous(shape.in) && is_contiguous(shape.out))
    work(begin, count);
  else
    for (std::size_t image = begin; image < begin + count; ++image)
      work(image, 1);
}

/// Where element (tap, channel) of a patch, which has channels innermost, lies in the weights of an
/// output: [channel][tap].
std::size_t in_file(const Sliding &shape, std::size_t k) {
  return k % shape.in.channels * shape.window.taps() + k / shape.in.channels;
}

/// Calls work(image elements, patch elements, count) for each run of elements that a patch and the
/// images share, and outside(patch elements, count) for each run that lies in the padding, over the
/// patches of the pixels [begin, end) of images that follow each other.
template <class T, class Inside, class Outside>
void for_patches(const Sliding &shape, std::size_t begin, std::size_t end, T *patches,
                 const Inside &work, const Outside &outside) {
  const Window &w = shape.window;
  const std::size_t C = shape.in.channels, line = w.width * C;
  for (std::size_t place = begin; place < end; ++place) {
    const std::size_t image = place / shape.out.pixels() * shape.in.elements();
    const std::size_t pixel = place % shape.out.pixels();
    const std::size_t oy = pixel / shape.out.width, ox = pixel % shape.out.width;
    const Range ky = inside_y(shape.in, w, oy), kx = inside_x(shape.in, w, ox);
    for (std::size_t j = 0; j < w.height; ++j, patches += line) {
      if (j < ky.begin || j >= ky.end || kx.size() == 0) {
        outside(patches, line);
        continue;
      }
      outside(patches, kx.begin * C);
      work(image + (under(oy, w.stride_y, w.top, j) * shape.in.width +
                    under(ox, w.stride_x, w.left, kx.begin)) *
                       C,
           patches + kx.begin * C, kx.size() * C);
      outside(patches + kx.end * C, (w.width - kx.end) * C);
    }
  }
}

/// Calls work(patches, first pixel) for the patches of images that follow each other, some at a
/// time.
template <class T, class Work>
void with_patches(const Sliding &shape, const T *x, std::size_t images, const Work &work) {
  const std::size_t elements = patch_elements(shape), pixels = images * shape.out.pixels();
  std::unique_ptr<T[]> memory;
  if (!is_pointwise(shape))
    memory = std::make_unique_for_overwrite<T[]>(std::min(kPatches, pixels) * elements);
  for (std::size_t begin = 0; begin < pixels; begin += kPatches) {
    const std::size_t end = std::min(pixels, begin + kPatches);
    if (memory)
      for_patches(
          shape, begin, end, memory.get(),
          [&](std::size_t at, T *patch, std::size_t count) { std::copy_n(x + at, count, patch); },
          [](T *patch, std::size_t count) { std::fill_n(patch, count, T(0)); });
    work(MatrixView<const T>{memory ? memory.get() : x + begin * elements, end - begin, elements,
                             elements},
         begin);
  }
}

} // namespace

template <class T>
void conv(StepContext &step, const Sliding &shape, Tensor<const T> x, const T *weight,
          const T *bias, Tensor<T> y) {
  const std::size_t out = shape.out.channels, elements = patch_elements(shape);
  const PackedMatrix<T> weights(elements, out, bias, [&](std::size_t k, std::size_t o) {
    return weight[o * elements + in_file(shape, k)];
  });
  for_image_runs(step, x.present, shape.out.pixels(), [&](std::size_t begin, std::size_t count) {
    for_joined(shape, begin, count, [&](std::size_t first, std::size_t images) {
      T *const to = y.row(first);
      with_patches(shape, x.row(first), images,
                   [&](MatrixView<const T> patches, std::size_t pixel) {
                     weights.multiply(patches, {to + pixel * out, patches.rows, out, out});
                   });
    });
  });
}

template <class T>
void conv_adjoint_input(StepContext &step, const Sliding &shape, Tensor<const T> gradient,
                        const T *weight, Tensor<T> x_gradient) {
  const std::size_t out = shape.out.channels, elements = patch_elements(shape);
  const PackedMatrix<T> weights(out, elements, nullptr, [&](std::size_t o, std::size_t k) {
    return weight[o * elements + in_file(shape, k)];
  });
  const auto adjoint = [&](std::size_t first, std::size_t images) {
    const std::size_t pixels = images * shape.out.pixels();
    const T *const g = gradient.row(first);
    T *const dx = x_gradient.row(first);
    if (is_pointwise(shape)) {
      weights.multiply({g, pixels, out, out}, {dx, pixels, elements, elements});
      return;
    }
    std::fill_n(dx, images * shape.in.elements(), T(0));
    const auto patches = std::make_unique_for_overwrite<T[]>(std::min(kPatches, pixels) * elements);
    for (std::size_t begin = 0; begin < pixels; begin += kPatches) {
      const std::size_t end = std::min(pixels, begin + kPatches);
      weights.multiply({g + begin * out, end - begin, out, out},
                       {patches.get(), end - begin, elements, elements});
      for_patches(
          shape, begin, end, patches.get(),
          [&](std::size_t at, const T *patch, std::size_t count) {
            for (std::size_t k = 0; k < count; ++k)
              dx[at + k] += patch[k];
          },
          [](const T *, std::size_t) {});
    }
  };
  for_image_runs(
      step, gradient.present, shape.out.pixels(),
      [&](std::size_t begin, std::size_t count) { for_joined(shape, begin, count, adjoint); });
}

template <class T>
void conv_adjoint_parameters(StepContext &step, const Sliding &shape, Tensor<const T> x,
                             Tensor<const T> gradient, T *weight_gradient, T *bias_gradient) {
  const std::size_t out = shape.out.channels, elements = patch_elements(shape);
  const auto add = [&](std::size_t begin, std::size_t count, T *sum) {
    for_joined(shape, begin, count, [&](std::size_t first, std::size_t images) {
      const T *const g = gradient.row(first);
      with_patches(shape, x.row(first), images,
                   [&](MatrixView<const T> patches, std::size_t pixel) {
                     accumulate_outer<T>({g + pixel * out, patches.rows, out, out}, patches,
                                         {sum, out, elements, elements},
                                         bias_gradient ? sum + out * elements : nullptr);
                   });
    });
  };
  const std::vector<T> sums =
      sum_over_images<T>(step, x.present, shape.out.pixels(), out * (elements + 1), add);
  for (std::size_t o = 0; o < out; ++o)
    for (std::size_t k = 0; k < elements; ++k)
      weight_gradient[o * elements + in_file(shape, k)] = sums[o * elements + k];
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
