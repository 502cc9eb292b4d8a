// Which nodes are absent in a training step.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/random.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace rnet::train {

/// How failout draws, and how often. Draws are counted, not kept: a step's masks depend on the seed
/// and the step's number only. Any thread may ask.
class Failout {
public:
  /// `probability` of every node that may be down, or each as unreliable as in `setting` by itself
  /// and with its failure domains (cuts of links are not drawn), or else what the
  /// network says of each; `recipe` says how they are drawn.
  Failout(const NetworkDescription &network, std::optional<double> probability,
          const TrainingRecipe &recipe, const SettingDescription *setting = nullptr);

  /// Failure probability of each node.
  const std::vector<double> &probabilities() const { return probabilities_; }
  /// Whether any node is ever absent.
  bool any() const {
    return std::ranges::any_of(probabilities_, [](double p) { return p > 0; });
  }

  /// A step of a run, and the epoch it belongs to.
  struct Step {
    std::uint32_t number;    ///< from the run's first
    std::uint32_t per_epoch; ///< steps of an epoch
    std::size_t rows;        ///< of this batch
  };
  /// [nodes][rows]: 1 up, 0 down. Where rows have masks of their own, rows of one failure pattern
  /// are neighbours: rows come shuffled, so that any assignment is as random as another, and
  /// kernels compute long runs of present rows.
  std::vector<std::uint8_t> alive(Step step) const;

private:
  std::vector<std::uint8_t> draw_nodes(std::uint32_t number) const;
  std::vector<double> draw_rows(Step step) const;
  double draw_batch(Step step) const;
  void choose_pattern(double place, std::size_t row, std::size_t rows, std::uint8_t *alive) const;

  std::uint64_t seed_;
  bool per_row_, stratified_;
  std::vector<double> probabilities_;
};

} // namespace rnet::train
