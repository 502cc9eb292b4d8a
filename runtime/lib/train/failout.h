// Which nodes are absent in a training step.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/random.h"

#include <optional>
#include <vector>

namespace rnet::train {

/// One draw for each node and step. Draws are counted, not kept: a step's mask depends on the seed
/// and the step's number only. Any thread may ask.
class Failout {
public:
  /// `probability` of every failable node, or each as unreliable as in `setting`, or else what the
  /// network says of each.
  Failout(const NetworkDescription &network, std::optional<double> probability, std::uint64_t seed,
          const SettingDescription *setting = nullptr)
      : seed_(seed) {
    for (std::size_t k = 0; k < network.nodes.size(); ++k) {
      const NodeDescription &node = network.nodes[k];
      probabilities_.push_back(!node.failable ? node.failout
                               : probability  ? *probability
                               : setting      ? 1 - setting->reliability[k]
                                              : node.failout);
    }
  }

  /// Failure probability of each node.
  const std::vector<double> &probabilities() const { return probabilities_; }

  /// One for each node in step `number`, counted from the run's first: 1 up, 0 down.
  std::vector<std::uint8_t> alive(std::uint32_t number) const {
    std::vector<std::uint8_t> mask;
    for (std::size_t node = 0; node < probabilities_.size(); ++node)
      mask.push_back(
          probabilities_[node] == 0 ||
          Random(seed_, Stream::failout, number, static_cast<std::uint32_t>(node)).uniform(0) >=
              probabilities_[node]);
    return mask;
  }

private:
  std::uint64_t seed_;
  std::vector<double> probabilities_;
};

} // namespace rnet::train
