// A plan's steps on a batch of rows.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/shared_forward.h"

#include <algorithm>

namespace rnet::evaluate {

/// Enough for any of the programs.
static ArenaPlan largest(std::span<Program *const> programs) {
  ArenaPlan plan{0, 0};
  for (const Program *program : programs) {
    plan.columns = std::max(plan.columns, program->arena_plan().columns);
    plan.masks = std::max(plan.masks, program->arena_plan().masks);
  }
  return plan;
}

std::size_t SharedForward::row_bytes(std::span<Program *const> programs, const Plan &plan) {
  return plan.row_bytes() + largest(programs).columns * sizeof(float);
}

SharedForward::SharedForward(const NetworkDescription &network, std::span<Program *const> programs,
                             const Plan &plan, std::size_t capacity)
    : network_(network), programs_(programs), plan_(plan), rows_(capacity),
      arena_(largest(programs), capacity), absent_(capacity) {
  for (std::size_t elements : plan.buffers) {
    buffers_.emplace_back(ArenaPlan{elements, 1}, capacity);
    std::fill_n(buffers_.back().arena(capacity).mask(0).rows, capacity, std::uint8_t(1));
  }
}

Tensor<float> SharedForward::buffer(std::size_t index) const {
  const BasicArena<float> arena = buffers_[index].arena(rows_);
  return {arena.rows<1>(0).data, plan_.buffers[index], arena.mask(0)};
}

void SharedForward::run(std::size_t rows,
                        const std::function<void(std::size_t, Tensor<const float>)> &answered) {
  rows_ = rows;
  for (const Plan::Step &step : plan_.steps) {
    const NodeDescription &node = network_.nodes[step.node];
    inputs_.clear();
    results_.clear();
    for (std::size_t k = 0; k < step.results.size(); ++k) {
      results_.push_back(buffer(step.results[k]));
      results_.back().width = node.result_widths[k];
    }
    for (std::size_t k = 0; k < step.inputs.size(); ++k) {
      const Source &source = node.inputs[k];
      const std::size_t width = source.kind == Source::Kind::network_input
                                    ? network_.inputs[source.index].width
                                    : network_.hyperconnections[source.index].width;
      // Nobody reads an absent tensor; it lies somewhere nevertheless.
      Tensor<float> from = buffer(step.inputs[k] == Plan::kNone ? 0 : step.inputs[k]);
      if (step.inputs[k] == Plan::kNone)
        from.present.rows = absent_.data();
      inputs_.push_back({from.data, width, from.present});
    }
    Arena arena = arena_.arena(rows);
    programs_[step.node]->infer(inputs_, results_, arena);
    if (step.answer != Plan::kNone) {
      const std::size_t result = network_.outputs[0].head(plan_.heads[step.answer]).result;
      const Tensor<float> &output = results_[result];
      assert(std::all_of(output.present.rows, output.present.rows + rows,
                         [](std::uint8_t present) { return present == 1; }));
      answered(step.answer, {output.data, output.width, output.present});
    }
  }
}

} // namespace rnet::evaluate
