// The inference program of one physical node, as the evaluator and the node process drive it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads: `load` before anything else; afterwards `infer` is const and may run on several threads,
// each with an arena (made for exactly this number of rows by ArenaStorage::arena) and outputs of
// its own.
#pragma once

#include "rnet/core/arena.h"
#include "rnet/core/level.h"
#include "rnet/core/rows.h"
#include "rnet/core/status.h"
#include "rnet/core/weights_file.h"

#include <memory>
#include <span>

namespace rnet {

class Program {
public:
  virtual ~Program() = default;

  /// Reads and packs the node's own tensors; refuses missing ones and wrong shapes.
  virtual Status load(const WeightsFile &weights) = 0;

  /// The memory that `infer` needs.
  virtual ArenaPlan arena_plan() const noexcept = 0;

  /// Computes every row that has an input. `inputs` are in the order of NodeDescription::inputs,
  /// `outputs` in that of result_widths; all have the same number of rows. Writes the outputs'
  /// values and presence. Allocates nothing, throws nothing. Row r of a batch gives the same bits
  /// as row r alone.
  virtual void infer(std::span<const Tensor<const float>> inputs,
                     std::span<const Tensor<float>> outputs, Arena &arena) const noexcept = 0;
};

/// The program of the node that an executable is, not loaded yet. There is one of these for each
/// level of instructions that the node was compiled for.
template <Level> std::unique_ptr<Program> make_program();

} // namespace rnet
