// A plan's steps on a batch of rows: every failure pattern's answer, each state computed once.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ownership and threads: network, programs and plan outlive the object; one object per thread.
#pragma once

#include "rnet/core/program.h"
#include "rnet/evaluate/plan.h"

#include <functional>

namespace rnet::evaluate {

/// The very programs that are deployed, as in Forward, and the same bits: a program skips inputs
/// that are absent, and those that its mux does not take are given to it as absent.
class SharedForward {
public:
  /// `programs` in node order, loaded. At most `capacity` rows a run.
  SharedForward(const NetworkDescription &network, std::span<Program *const> programs,
                const Plan &plan, std::size_t capacity);

  /// Bytes of memory for each row of the capacity.
  static std::size_t row_bytes(std::span<Program *const> programs, const Plan &plan);

  /// Where a row of network input k goes, before a run: [width].
  float *input_row(std::size_t k, std::size_t row) { return buffer(k).row(row); }

  /// Runs `rows` rows. Calls answered(answer, values) once for each answer of the plan: of output 0
  /// or an exit, [rows][row_stride(width)], until the call returns.
  void run(std::size_t rows, const std::function<void(std::size_t, Tensor<const float>)> &answered);

private:
  Tensor<float> buffer(std::size_t index) const;

  const NetworkDescription &network_;
  std::span<Program *const> programs_;
  const Plan &plan_;
  std::size_t rows_;
  std::vector<ArenaStorage<float>> buffers_; ///< with a mask, all of it 1
  ArenaStorage<float> arena_;                ///< of whichever program runs
  std::vector<std::uint8_t> absent_;         ///< a mask of zeros
  std::vector<Tensor<const float>> inputs_;  ///< of a step
  std::vector<Tensor<float>> results_;
};

} // namespace rnet::evaluate
