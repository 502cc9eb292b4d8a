// Dense layers for inference: y = W x + b with one accumulator per output.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bits: y[o] = fma over ascending k of W[o][k] * x[k], starting from b[o]; W as it is in f32, or
// the nearest bf16 of it. Batch size, tiling and register width do not change them. Threads:
// immutable after load.
#pragma once

#include "rnet/core/activation.h"
#include "rnet/core/linear.h"
#include "rnet/core/packing.h"
#include "rnet/core/rows.h"

#include <algorithm>

namespace rnet {

/// Weights [Out][In] packed as [panel][In][panel width], so that one row streams through them in
/// order.
template <class Packing, std::size_t In, std::size_t Out> class PackedDense {
public:
  static constexpr std::size_t kOutputs = packed_outputs<Packing>(Out);
  static constexpr std::size_t kPanel = std::min(kOutputs, Packing::kMostVectors *kLanes);
  static constexpr std::size_t kPanels = (kOutputs + kPanel - 1) / kPanel;
  static constexpr std::size_t kStep = kPanel / Packing::kTogether; ///< words for each input

  /// By names: a weight, then, where there are any, a bias and a batch normalisation.
  template <class... Names>
  Status load(const WeightsFile &weights, std::string_view weight, Names... names) {
    LinearTensors tensors;
    if (Status status = tensors.read(weights, weight, {Out, In}, names...); !status.ok())
      return status;
    if (Status status = packed_.allocate(kPanels * kPanelSize, weight); !status.ok())
      return status;
    for (std::size_t o = 0; o < Out; ++o) {
      float *const panel = packed_.data() + o / kPanel * kPanelSize;
      panel[o % kPanel] = tensors.bias[o];
      for (std::size_t k = 0; k < In; ++k)
        Packing::put(panel + kPanel + k * kStep, o % kPanel, tensors.weight[o * In + k]);
    }
    return {};
  }

  /// Biases of a panel [kPanel], then its weights [In][kStep].
  const float *panel(std::size_t index) const { return packed_.data() + index * kPanelSize; }

private:
  static constexpr std::size_t kPanelSize = kPanel + In * kStep;

  PackedWeights packed_;
};

template <std::size_t In, std::size_t Out> using Dense = PackedDense<PackF32, In, Out>;
template <std::size_t In, std::size_t Out> using DenseBf16 = PackedDense<PackBf16, In, Out>;

namespace detail {

/// Vectors of accumulators for a tile of rows.
template <class Packing, std::size_t In, std::size_t Step, std::size_t TileRows,
          std::size_t Vectors, class Activation>
inline void dense_tile(const float *bias, const float *weights, const float *const (&x)[TileRows],
                       float *const (&y)[TileRows], std::size_t columns) {
  constexpr std::size_t kTogether = Packing::kTogether;
  Lanes sum[TileRows][Vectors];
  for (std::size_t row = 0; row < TileRows; ++row)
    for (std::size_t v = 0; v < Vectors; ++v)
      sum[row][v] = load(bias + v * kLanes);
  for (std::size_t k = 0; k < In; ++k, weights += Step)
    for (std::size_t v = 0; v < Vectors; v += kTogether) {
      Lanes w[kTogether];
      Packing::take(weights + v / kTogether * kLanes, w);
      for (std::size_t row = 0; row < TileRows; ++row)
        for (std::size_t each = 0; each < kTogether; ++each)
          sum[row][v + each] = fma(w[each], splat(x[row][k]), sum[row][v + each]);
    }
  for (std::size_t row = 0; row < TileRows; ++row)
    for (std::size_t v = 0; v < Vectors && v * kLanes < columns; ++v)
      store(y[row] + v * kLanes, Activation::apply(sum[row][v]));
}

} // namespace detail

/// y = Activation(W x + b).
template <class Activation = Identity, class Packing, std::size_t In, std::size_t Out, class X>
void dense(Presence present, Rows<In, X> x, const PackedDense<Packing, In, Out> &weights,
           Rows<Out, float> y) {
  using D = PackedDense<Packing, In, Out>;
  constexpr std::size_t kTile = 4, kVectors = D::kPanel / kLanes;
  // Of a full tile, four vectors at a time where that divides the panel: sixteen accumulators.
  constexpr std::size_t kWide = kVectors % 4 == 0                              ? 4
                                : kVectors % 3 == 0 && Packing::kTogether == 1 ? 3
                                : kVectors % 2 == 0                            ? 2
                                                                               : 1;
  const float *from[kTile];
  float *to[kTile];
  std::size_t row = 0;
  while (row < present.count) {
    std::size_t rows = 0;
    for (; row < present.count && rows < kTile; ++row)
      if (present[row]) {
        from[rows] = x.row(row);
        to[rows++] = y.row(row);
      }
    for (std::size_t p = 0; p < D::kPanels; ++p) {
      const std::size_t first = p * D::kPanel, columns = row_stride(Out) - first;
      const float *const bias = weights.panel(p), *const w = bias + D::kPanel;
      if (rows == kTile) {
        for (std::size_t v = 0; v < kVectors && v * kLanes < columns; v += kWide) {
          const std::size_t at = first + v * kLanes;
          float *const tile[kTile] = {to[0] + at, to[1] + at, to[2] + at, to[3] + at};
          detail::dense_tile<Packing, In, D::kStep, kTile, kWide, Activation>(
              bias + v * kLanes, w + v / Packing::kTogether * kLanes, from, tile,
              columns - v * kLanes);
        }
      } else {
        for (std::size_t r = 0; r < rows; ++r) {
          const float *const one[1] = {from[r]};
          float *const tile[1] = {to[r] + first};
          detail::dense_tile<Packing, In, D::kStep, 1, kVectors, Activation>(bias, w, one, tile,
                                                                             columns);
        }
      }
    }
  }
}

} // namespace rnet
