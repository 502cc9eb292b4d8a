// Input normalisation: raw units to what training saw.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/rows.h"
#include "rnet/core/weights_file.h"

#include <array>

namespace rnet {

/// Mean and deviation of each element, measured on the training split. Immutable after load.
template <std::size_t Width> class Normalization {
public:
  Status load(const WeightsFile &weights, std::string_view mean, std::string_view deviation) {
    if (Status status = weights.read(mean, {Width}, mean_); !status.ok())
      return status;
    return weights.read(deviation, {Width}, deviation_);
  }
  const float *mean() const { return mean_.data(); }
  const float *deviation() const { return deviation_.data(); }

private:
  std::array<float, Width> mean_{}, deviation_{};
};

/// y = (x - mean) / deviation.
template <std::size_t Width, class X>
void normalize(Presence present, Rows<Width, X> x, const Normalization<Width> &by,
               Rows<Width, float> y) {
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      for (std::size_t k = 0; k < Width; ++k)
        y.row(row)[k] = (x.row(row)[k] - by.mean()[k]) / by.deviation()[k];
}

} // namespace rnet
