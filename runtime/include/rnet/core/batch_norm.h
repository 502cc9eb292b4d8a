// Batch normalisation for inference, where it could not be folded into the layer before it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/activation.h"
#include "rnet/core/linear.h"
#include "rnet/core/rows.h"

#include <array>

namespace rnet {

/// scale and shift of each channel of `Width` elements. Immutable after load.
template <std::size_t Width, std::size_t Channels> class BatchNorm {
  static_assert(Width % Channels == 0);

public:
  Status load(const WeightsFile &weights, const Normalized &names) {
    ChannelAffine affine;
    if (Status status = affine.read(weights, Channels, names); !status.ok())
      return status;
    std::copy(affine.scale.begin(), affine.scale.end(), scale_.begin());
    std::copy(affine.shift.begin(), affine.shift.end(), shift_.begin());
    return {};
  }
  const float *scale() const { return scale_.data(); }
  const float *shift() const { return shift_.data(); }

private:
  std::array<float, Channels> scale_{}, shift_{};
};

/// y = Activation(scale x + shift), one fused step.
template <class Activation = Identity, std::size_t Width, std::size_t Channels, class X>
void batch_norm(Presence present, Rows<Width, X> x, const BatchNorm<Width, Channels> &by,
                Rows<Width, float> y) {
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      for (std::size_t pixel = 0; pixel < Width; pixel += Channels)
        for_lanes<Channels>([&](std::size_t c, auto count) {
          const Lanes element = load(x.row(row) + pixel + c, count);
          const Lanes value =
              fma(load(by.scale() + c, count), element, load(by.shift() + c, count));
          store(y.row(row) + pixel + c, Activation::apply(value), count);
        });
}

} // namespace rnet
