// What happened in each step of a run, for comparison with other implementations.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/data/split.h"
#include "rnet/train/network_trainer.h"

#include <span>

namespace rnet::train {

/// Grows with the run. One user at a time; `network` outlives it.
class Trace {
public:
  /// `per_row`: rows have masks of their own, all of which are kept.
  Trace(const NetworkDescription &network, bool per_row) : network_(network), per_row_(per_row) {}

  /// A step over these rows, with `alive` [nodes][rows], empty where every step takes in the same
  /// patterns; loss is NaN where there was none.
  void step(std::span<const std::int64_t> rows, std::span<const std::uint8_t> alive, double loss);

  /// Writes a .npz: `loss` [steps]; `order`, the rows of all steps, cut at `batch_offsets`; `masks`
  /// [steps][nodes that may be down], or `row_masks` [rows in `order`][those nodes] where rows have
  /// their own, or, where every step takes in all of `patterns`, those [patterns][those nodes]
  /// and their `pattern_weights`; the names of the `nodes`; the split: `train`, `validation`,
  /// `test`.
  Status write(const std::string &path, const Split &split,
               std::span<const WeighedPattern> patterns) const;

private:
  const NetworkDescription &network_;
  bool per_row_;
  std::vector<double> loss_;
  std::vector<std::int64_t> offsets_{0}, order_;
  std::vector<std::uint8_t> masks_;
};

} // namespace rnet::train
