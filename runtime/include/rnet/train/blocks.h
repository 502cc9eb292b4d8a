// How kernels of training share the rows of a batch over threads.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads: work is cut into blocks of rows or units, shared over the step's threads; which blocks
// there are depends on the shapes only, so results are the same bits for any number of threads.
// Absent rows are neither read nor written, and give nothing to parameter gradients.
#pragma once

#include "rnet/core/join.h"
#include "rnet/train/node_trainer.h"
#include "rnet/train/products.h"
#include "rnet/train/thread_pool.h"

#include <algorithm>
#include <vector>

namespace rnet::train {

/// Units of a dense layer in a block of its weights' gradient.
inline constexpr std::size_t kUnitBlock = 128;
/// Rows in a block: what a block costs beside its rows, such as the packing of weights, should not
/// show; and four threads should have work.
constexpr std::size_t row_block(std::size_t rows) {
  return std::clamp<std::size_t>(rows / 4, 32, 256);
}

namespace detail {

/// Rows [begin, begin + count) of a batch.
template <class T, std::size_t Width, class X>
MatrixView<T> view(Rows<Width, X> rows, std::size_t begin, std::size_t count) {
  return {rows.row(begin), count, Width, rows.stride};
}

/// Calls work(begin, count) for the runs of present rows within [begin, end).
template <class Work>
void for_runs(Presence present, std::size_t begin, std::size_t end, const Work &work) {
  while (begin < end) {
    while (begin < end && !present[begin])
      ++begin;
    std::size_t stop = begin;
    while (stop < end && present[stop])
      ++stop;
    if (stop > begin)
      work(begin, stop - begin);
    begin = stop;
  }
}

/// The same, block by block, over the step's threads.
template <class Work> void for_blocks(StepContext &step, Presence present, const Work &work) {
  const std::size_t rows = present.count, size = row_block(rows);
  step.threads.run((rows + size - 1) / size, [&](std::size_t block) {
    for_runs(present, block * size, std::min(rows, (block + 1) * size), work);
  });
}

/// Images in a block, where each has this many pixels: enough work for a thread to fetch.
constexpr std::size_t images_per_block(std::size_t pixels) {
  return std::max<std::size_t>(1, 256 / pixels);
}

/// Calls work(first image, count) for runs of present images, over the step's threads.
template <class Work>
void for_image_runs(StepContext &step, Presence present, std::size_t pixels, const Work &work) {
  const std::size_t images = images_per_block(pixels);
  step.threads.run((present.count + images - 1) / images, [&](std::size_t block) {
    for_runs(present, block * images, std::min(present.count, (block + 1) * images), work);
  });
}
template <class Work>
void for_images(StepContext &step, Presence present, std::size_t pixels, const Work &work) {
  for_image_runs(step, present, pixels, [&](std::size_t begin, std::size_t count) {
    for (std::size_t row = begin; row < begin + count; ++row)
      work(row);
  });
}

/// `count` sums over present images of so many pixels, in an order that the number of threads does
/// not change: the batch is cut into parts, and work(first image, images, sums) adds a run of
/// images to the sums of its part. A part costs as much as some hundred pixels.
template <class T, class Work>
std::vector<T> sum_over_images(StepContext &step, Presence present, std::size_t pixels,
                               std::size_t count, const Work &work) {
  const std::size_t parts = std::clamp<std::size_t>(present.count * pixels / 256, 1, 8);
  const std::size_t images = (present.count + parts - 1) / parts;
  std::vector<T> sums(parts * count);
  step.threads.run(parts, [&](std::size_t part) {
    for_runs(present, std::min(present.count, part * images),
             std::min(present.count, (part + 1) * images), [&](std::size_t begin, std::size_t run) {
               work(begin, run, sums.data() + part * count);
             });
  });
  constexpr std::size_t kSumBlock = 4096;
  step.threads.run((count + kSumBlock - 1) / kSumBlock, [&](std::size_t block) {
    const std::size_t begin = block * kSumBlock, end = std::min(count, begin + kSumBlock);
    for (std::size_t part = 1; part < parts; ++part)
      for (std::size_t k = begin; k < end; ++k)
        sums[k] += sums[part * count + k];
  });
  sums.resize(count);
  return sums;
}

template <class Work> void for_rows(StepContext &step, Presence present, const Work &work) {
  for_blocks(step, present, [&](std::size_t begin, std::size_t count) {
    for (std::size_t row = begin; row < begin + count; ++row)
      work(row);
  });
}

} // namespace detail

} // namespace rnet::train
