// Which nodes are absent in a training step, and which hyperconnections are cut.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/random.h"
#include "rnet/train/network_trainer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace rnet::train {

/// By the name of a hyperconnection: how often it is cut in training, beside all that may fail,
/// for each row by itself.
using Cuts = std::map<std::string, double>;

/// How failout draws, and how often. Draws are counted, not kept: a step's masks depend on the seed
/// and the step's number only. Any thread may ask.
class Failout {
public:
  /// `probability` of every node that may be down, or each node and failure domain as unreliable as
  /// in `setting`, or else what the network says of each; `recipe` says how they are drawn. All
  /// names in `cuts` are hyperconnections'.
  Failout(const NetworkDescription &network, std::optional<double> probability,
          const TrainingRecipe &recipe, const SettingDescription *setting = nullptr,
          const Cuts &cuts = {});

  /// Failure probability of each node, and then of each failure domain.
  const std::vector<double> &probabilities() const { return probabilities_; }
  /// Whether anything is ever absent.
  bool any() const {
    const auto often = [](double p) { return p > 0; };
    return std::ranges::any_of(probabilities_, often) || std::ranges::any_of(cuts_, often);
  }

  /// A step of a run, and the epoch it belongs to.
  struct Step {
    std::uint32_t number;    ///< from the run's first
    std::uint32_t per_epoch; ///< steps of an epoch
    std::size_t rows;        ///< of this batch
  };
  /// A node is down with its domains as well; a hyperconnection is cut with its domains, and with
  /// nodes that relay it. Where rows have masks of their own, rows of one failure pattern are
  /// neighbours: rows come shuffled, so that any assignment is as random as another, and kernels
  /// compute long runs of present rows.
  Masks draw(Step step) const;

private:
  std::vector<std::uint8_t> draw_causes(Step step) const;
  std::vector<std::uint8_t> draw_each(std::uint32_t number) const;
  std::vector<double> draw_rows(Step step) const;
  double draw_batch(Step step) const;
  void choose_pattern(double place, std::size_t row, std::size_t rows, std::uint8_t *up) const;
  void draw_cuts(Step step, std::vector<std::uint8_t> &whole) const;

  const NetworkDescription &network_;
  std::uint64_t seed_;
  bool per_row_, stratified_;
  std::vector<double> probabilities_; ///< of causes: nodes, then failure domains
  std::vector<double> cuts_;          ///< of each hyperconnection by itself
  bool may_cut_ = false;              ///< some hyperconnection, for whatever cause
};

} // namespace rnet::train
