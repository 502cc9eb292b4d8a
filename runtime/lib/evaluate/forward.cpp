// A whole network in one process, some of its nodes down.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/forward.h"

#include <algorithm>

namespace rnet::evaluate {

Tensor<float> Forward::Buffer::view(std::size_t rows) const {
  const BasicArena<float> arena = storage.arena(rows);
  return {arena.rows<1>(0).data, width, arena.mask(0)};
}

Forward::Forward(const NetworkDescription &network, std::span<Program *const> programs,
                 std::size_t capacity)
    : network_(network), programs_(programs), absent_(capacity) {
  for (const InputDescription &input : network.inputs)
    inputs_.push_back({ArenaStorage<float>({row_stride(input.width), 1}, capacity), input.width});
  for (std::size_t node = 0; node < network.nodes.size(); ++node) {
    results_.emplace_back();
    for (std::size_t width : network.nodes[node].result_widths)
      results_.back().push_back({ArenaStorage<float>({row_stride(width), 1}, capacity), width});
    arenas_.emplace_back(programs[node]->arena_plan(), capacity);
    node_inputs_.reserve(std::max(node_inputs_.capacity(), network.nodes[node].inputs.size()));
    node_outputs_.reserve(
        std::max(node_outputs_.capacity(), network.nodes[node].result_widths.size()));
  }
}

void Forward::run(std::span<const float *const> inputs, std::size_t rows, DownSet down) {
  rows_ = rows;
  const Outage outage = find_outage(network_, down);
  for (std::size_t k = 0; k < inputs_.size(); ++k) {
    const Tensor<float> to = inputs_[k].view(rows);
    for (std::size_t row = 0; row < rows; ++row)
      std::copy_n(inputs[k] + row * to.width, to.width, to.data + row * row_stride(to.width));
    std::fill_n(to.present.rows, rows, std::uint8_t(1));
  }
  for (std::size_t node = 0; node < network_.nodes.size(); ++node) {
    node_inputs_.clear();
    node_outputs_.clear();
    for (const Buffer &result : results_[node])
      node_outputs_.push_back(result.view(rows));
    if (outage.nodes >> node & 1) {
      for (const Tensor<float> &output : node_outputs_)
        std::fill_n(output.present.rows, rows, std::uint8_t(0));
      continue;
    }
    for (const Source &source : network_.nodes[node].inputs) {
      Tensor<float> from;
      if (source.kind == Source::Kind::network_input) {
        from = inputs_[source.index].view(rows);
      } else {
        const HyperconnectionDescription &connection = network_.hyperconnections[source.index];
        from = results_[connection.from][connection.result].view(rows);
        if (outage.cut >> source.index & 1)
          from.present.rows = absent_.data();
      }
      node_inputs_.push_back({from.data, from.width, from.present});
    }
    Arena arena = arenas_[node].arena(rows);
    programs_[node]->infer(node_inputs_, node_outputs_, arena);
  }
}

Tensor<const float> Forward::output(std::size_t head) const {
  const auto [node, result] = network_.outputs[0].head(head);
  const Tensor<float> from = results_[node][result].view(rows_);
  return {from.data, from.width, from.present};
}

} // namespace rnet::evaluate
