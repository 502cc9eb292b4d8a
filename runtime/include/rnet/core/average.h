// What an input of a mux is on average: its last resort.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/rows.h"
#include "rnet/core/weights_file.h"

#include <algorithm>
#include <array>

namespace rnet {

/// The mean over the training rows while nothing fails, element by element. Immutable after load.
template <std::size_t Width> class Average {
public:
  Status load(const WeightsFile &weights, std::string_view name) {
    return weights.read(name, {Width}, value_);
  }
  const float *value() const { return value_.data(); }

private:
  std::array<float, Width> value_{};
};

/// y = the average, in every row that is present.
template <std::size_t Width>
void average(Presence present, const Average<Width> &average, Rows<Width, float> y) {
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      std::copy_n(average.value(), Width, y.row(row));
}

} // namespace rnet
