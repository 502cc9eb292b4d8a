// Dense layers for inference with weights of int8; see int8.h for what that means.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/activation.h"
#include "rnet/core/int8.h"
#include "rnet/core/rows.h"

namespace rnet {

/// Weights [Out][In], and the scale of the input.
template <std::size_t In, std::size_t Out> class DenseInt8 {
public:
  static constexpr std::size_t kWords = words_for(In);

  /// By names: the scale of the input, a weight, then, where there are any, a bias and a batch
  /// normalisation.
  template <class... Names>
  Status load(const WeightsFile &weights, std::string_view scale, std::string_view weight,
              Names... names) {
    if (Status status = scale_.load(weights, scale); !status.ok())
      return status;
    LinearTensors tensors;
    if (Status status = tensors.read(weights, weight, {Out, In}, names...); !status.ok())
      return status;
    return panels_.pack(tensors, scale_, weight, [](std::size_t k) { return k; });
  }

  float scale() const { return scale_; }
  const auto &panels() const { return panels_; }

private:
  /// Accumulators of a row, with registers left for a word of inputs and for weights.
  static constexpr std::size_t kMostVectors = kLanes == 16 ? 16 : 8;

  Scale scale_;
  Int8Panels<Out, kWords, std::min(lanes_for(Out), kMostVectors)> panels_;
};

/// y = Activation(W x + b).
template <class Activation = Identity, std::size_t In, std::size_t Out, class X>
void dense(Presence present, Rows<In, X> x, const DenseInt8<In, Out> &weights, Rows<Out, float> y) {
  constexpr std::size_t kWords = words_for(In);
  alignas(64) std::uint8_t whole[kWords * kInWord];
  std::fill_n(whole + In, kWords * kInWord - In, detail::kZero);
  for (std::size_t row = 0; row < present.count; ++row) {
    if (!present[row])
      continue;
    detail::quantize(x.row(row), In, weights.scale(), whole);
    weights.panels().for_panels([&](std::size_t first, const float *panel, auto outputs) {
      detail::int8_tile<Activation, 1, outputs(), 0, 0, 0, 1, kWords>(panel, whole,
                                                                      y.row(row) + first);
    });
  }
}

} // namespace rnet
