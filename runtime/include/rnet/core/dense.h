// Dense layers for inference: y = W x + b with one accumulator per output.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bits: y[o] = fma over ascending k of W[o][k] * x[k], starting from b[o]. Batch size, tiling and
// register width do not change them. Threads: immutable after load.
#pragma once

#include "rnet/core/activation.h"
#include "rnet/core/linear.h"
#include "rnet/core/rows.h"
#include "rnet/core/vector.h"

#include <algorithm>

namespace rnet {

/// Weights [Out][In] packed as [panel][In][panel width], so that one row streams through them in
/// order.
template <std::size_t In, std::size_t Out> class Dense {
public:
  static constexpr std::size_t kOutputs = (Out + kLanes - 1) / kLanes * kLanes;
  /// Up to sixteen vectors of accumulators a row (measured best at batch 1, where memory is the
  /// limit).
  static constexpr std::size_t kPanel = std::min(kOutputs, 16 * kLanes);
  static constexpr std::size_t kPanels = (kOutputs + kPanel - 1) / kPanel;

  /// By names: a weight, then, where there are any, a bias and a batch normalisation.
  template <class... Names>
  Status load(const WeightsFile &weights, std::string_view weight, Names... names) {
    LinearTensors tensors;
    if (Status status = tensors.read(weights, weight, {Out, In}, names...); !status.ok())
      return status;
    const std::vector<float> &w = tensors.weight, &b = tensors.bias;
    const std::size_t count = kPanels * kPanel * (In + 1);
    if (Status status = packed_.allocate(count, weight); !status.ok())
      return status;
    for (std::size_t o = 0; o < Out; ++o) {
      float *panel = packed_.data() + o / kPanel * kPanel * (In + 1) + o % kPanel;
      panel[0] = b[o];
      for (std::size_t k = 0; k < In; ++k)
        panel[(k + 1) * kPanel] = w[o * In + k];
    }
    return {};
  }

  /// Biases of a panel, then its weights: [In + 1][kPanel].
  const float *panel(std::size_t index) const { return packed_.data() + index * kPanel * (In + 1); }

private:
  PackedWeights packed_;
};

namespace detail {

/// Vectors of accumulators for a tile of rows.
template <std::size_t In, std::size_t PanelWidth, std::size_t TileRows, std::size_t Vectors,
          class Activation>
inline void dense_tile(const float *panel, const float *const (&x)[TileRows],
                       float *const (&y)[TileRows], std::size_t columns) {
  Lanes sum[TileRows][Vectors];
  for (std::size_t row = 0; row < TileRows; ++row)
    for (std::size_t v = 0; v < Vectors; ++v)
      sum[row][v] = load(panel + v * kLanes);
  for (std::size_t k = 0; k < In; ++k) {
    panel += PanelWidth;
    for (std::size_t v = 0; v < Vectors; ++v) {
      const Lanes w = load(panel + v * kLanes);
      for (std::size_t row = 0; row < TileRows; ++row)
        sum[row][v] = fma(w, splat(x[row][k]), sum[row][v]);
    }
  }
  for (std::size_t row = 0; row < TileRows; ++row)
    for (std::size_t v = 0; v < Vectors && v * kLanes < columns; ++v)
      store(y[row] + v * kLanes, Activation::apply(sum[row][v]));
}

} // namespace detail

/// y = Activation(W x + b).
template <class Activation = Identity, std::size_t In, std::size_t Out, class X>
void dense(Presence present, Rows<In, X> x, const Dense<In, Out> &weights, Rows<Out, float> y) {
  using D = Dense<In, Out>;
  constexpr std::size_t kTile = 4, kVectors = D::kPanel / kLanes;
  // Of a full tile, four vectors at a time where that divides the panel: sixteen accumulators.
  constexpr std::size_t kWide = kVectors % 4 == 0   ? 4
                                : kVectors % 3 == 0 ? 3
                                : kVectors % 2 == 0 ? 2
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
      if (rows == kTile) {
        for (std::size_t v = 0; v < kVectors && v * kLanes < columns; v += kWide) {
          const std::size_t at = first + v * kLanes;
          float *const tile[kTile] = {to[0] + at, to[1] + at, to[2] + at, to[3] + at};
          detail::dense_tile<In, D::kPanel, kTile, kWide, Activation>(
              weights.panel(p) + v * kLanes, from, tile, columns - v * kLanes);
        }
      } else {
        for (std::size_t r = 0; r < rows; ++r) {
          const float *const one[1] = {from[r]};
          float *const tile[1] = {to[r] + first};
          detail::dense_tile<In, D::kPanel, 1, kVectors, Activation>(weights.panel(p), one, tile,
                                                                     columns);
        }
      }
    }
  }
}

} // namespace rnet
