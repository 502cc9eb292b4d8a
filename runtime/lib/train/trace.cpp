// What happened in each step of a run.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace.h"

#include "rnet/core/npz.h"

namespace rnet::train {

void Trace::step(std::span<const std::int64_t> rows, std::span<const std::uint8_t> alive,
                 double loss) {
  loss_.push_back(loss);
  order_.insert(order_.end(), rows.begin(), rows.end());
  offsets_.push_back(static_cast<std::int64_t>(order_.size()));
  if (alive.empty())
    return;
  for (std::size_t row = 0; row < (per_row_ ? rows.size() : 1); ++row)
    for (std::size_t node = 0; node < network_.nodes.size(); ++node)
      if (network_.may_be_down(node))
        masks_.push_back(alive[node * rows.size() + row]);
}

Status Trace::write(const std::string &path, const Split &split,
                    std::span<const WeighedPattern> patterns) const {
  std::vector<std::string> nodes;
  for (std::size_t node = 0; node < network_.nodes.size(); ++node)
    if (network_.may_be_down(node))
      nodes.emplace_back(network_.nodes[node].name);
  auto integers = [](const std::vector<std::int64_t> &values) {
    return make_array(std::span<const std::int64_t>(values), {values.size()});
  };
  std::map<std::string, NpyArray> arrays;
  arrays["loss"] = make_array(std::span<const double>(loss_), {loss_.size()});
  arrays["batch_offsets"] = integers(offsets_);
  arrays["order"] = integers(order_);
  if (patterns.empty()) {
    arrays[per_row_ ? "row_masks" : "masks"] =
        make_array(std::span<const std::uint8_t>(masks_),
                   {per_row_ ? order_.size() : loss_.size(), nodes.size()});
  } else {
    std::vector<std::uint8_t> masks;
    std::vector<double> weights;
    for (const WeighedPattern &pattern : patterns) {
      weights.push_back(pattern.weight);
      for (std::size_t node = 0; node < network_.nodes.size(); ++node)
        if (network_.nodes[node].failable)
          masks.push_back(pattern.alive[node]);
    }
    arrays["patterns"] =
        make_array(std::span<const std::uint8_t>(masks), {patterns.size(), nodes.size()});
    arrays["pattern_weights"] = make_array(std::span<const double>(weights), {patterns.size()});
  }
  arrays["nodes"] = make_array(nodes);
  arrays["train"] = integers(split.train);
  arrays["validation"] = integers(split.validation);
  arrays["test"] = integers(split.test);
  return write_npz(path, arrays);
}

} // namespace rnet::train
