// Dropout in training.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/dropout.h"

#include "rnet/core/random.h"

#include <cmath>

namespace rnet::train::detail {

template <class T>
void dropout(StepContext &step, Tensor<const T> x, double rate, std::uint32_t layer, Tensor<T> y) {
  if (!step.training) {
    for_rows(step, x.present,
             [&](std::size_t row) { std::copy_n(x.row(row), x.width, y.row(row)); });
    return;
  }
  const Random random(step.seed, Stream::dropout, step.number, layer);
  const auto dropped = static_cast<std::uint64_t>(std::llround(rate * 0x1p32)); // of 2^32 draws
  const T scale = static_cast<T>(1 / (1 - rate));
  const std::size_t draws = (x.width + 3) / 4;
  for_rows(step, x.present, [&](std::size_t row) {
    const T *const from = x.row(row);
    T *const to = y.row(row);
    for (std::size_t draw = 0; draw < draws; ++draw) {
      const auto words = random.words(static_cast<std::uint32_t>(row * draws + draw));
      for (std::size_t k = 4 * draw; k < std::min(x.width, 4 * draw + 4); ++k)
        to[k] = words[k % 4] < dropped ? T(0) : from[k] * scale;
    }
  });
}

template void dropout<float>(StepContext &, Tensor<const float>, double, std::uint32_t,
                             Tensor<float>);
template void dropout<double>(StepContext &, Tensor<const double>, double, std::uint32_t,
                              Tensor<double>);

} // namespace rnet::train::detail
