// 95 % confidence intervals of fractions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <cmath>

namespace rnet {

struct Interval {
  double low, high;
};

/// Of a normal distribution, the deviations to either side that hold 95 %.
inline constexpr double kDeviations95 = 1.959963984540054;

/// Wilson's score interval of a fraction that was found in `count` > 0 independent trials.
inline Interval wilson(double fraction, double count) {
  const double z2 = kDeviations95 * kDeviations95 / count, scale = 1 + z2,
               middle = (fraction + z2 / 2) / scale,
               reach = std::sqrt(fraction * (1 - fraction) * z2 + z2 * z2 / 4) / scale;
  // Rounding must not leave the fraction itself outside.
  return {std::clamp(middle - reach, 0.0, fraction), std::clamp(middle + reach, fraction, 1.0)};
}

} // namespace rnet
