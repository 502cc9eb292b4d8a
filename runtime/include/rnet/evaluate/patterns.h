// Which failure patterns to evaluate, and what each counts for: all of them, or the most probable
// ones and a sample of the others.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"
#include "rnet/evaluate/forward.h"

#include <cstdint>
#include <vector>

namespace rnet::evaluate {

/// What may fail, as bits of a DownSet: nodes in their order, then failure domains.
std::vector<std::size_t> failable_causes(const NetworkDescription &network);

/// What patterns count for under one reliability setting. The weights of all patterns and `rest`
/// add up to 1.
struct PatternWeights {
  std::vector<double> known;        ///< [pattern]: its probability, where it is counted by it
  std::vector<std::uint32_t> draws; ///< [pattern]: how often it was drawn out of the others
  std::size_t drawn = 0;            ///< sum of draws
  double drawn_for = 0;             ///< probability of those others
  double rest = 0;                  ///< probability that no pattern counts for: less than 1e-5

  double weight(std::size_t pattern) const {
    return known[pattern] + (drawn ? drawn_for * draws[pattern] / static_cast<double>(drawn) : 0);
  }
};

struct PatternSet {
  std::vector<DownSet> patterns;        ///< no two the same
  bool complete;                        ///< all 2^n
  std::vector<PatternWeights> settings; ///< in the order of the network's
};

/// All 2^n patterns of n causes that may fail, counting in binary, the first fastest.
PatternSet all_patterns(const NetworkDescription &network);

/// For each setting the samples/2 most probable patterns, beside those in which nothing has failed
/// or one cause; and out of the others, as many again, drawn by their probability. First those with
/// none and with one, in their order. The same seed gives the same patterns.
PatternSet sample_patterns(const NetworkDescription &network, std::size_t samples,
                           std::uint64_t seed);

} // namespace rnet::evaluate
