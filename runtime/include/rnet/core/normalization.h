// Input normalisation: raw units to what training saw.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/rows.h"
#include "rnet/core/weights_file.h"

#include <array>

namespace rnet {

/// Mean and deviation of each channel of the Width elements, measured on the training split: of
/// each element, where they are no image. Immutable after load.
template <std::size_t Width, std::size_t Channels = Width> class Normalization {
public:
  Status load(const WeightsFile &weights, std::string_view mean, std::string_view deviation) {
    if (Status status = weights.read(mean, {Channels}, mean_); !status.ok())
      return status;
    return weights.read(deviation, {Channels}, deviation_);
  }
  const float *mean() const { return mean_.data(); }
  const float *deviation() const { return deviation_.data(); }

private:
  std::array<float, Channels> mean_{}, deviation_{};
};

/// y = (x - mean) / deviation.
template <std::size_t Width, std::size_t Channels, class X>
void normalize(Presence present, Rows<Width, X> x, const Normalization<Width, Channels> &by,
               Rows<Width, float> y) {
  static_assert(Width % Channels == 0);
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      for (std::size_t pixel = 0; pixel < Width; pixel += Channels)
        for (std::size_t c = 0; c < Channels; ++c)
          y.row(row)[pixel + c] = (x.row(row)[pixel + c] - by.mean()[c]) / by.deviation()[c];
}

} // namespace rnet
