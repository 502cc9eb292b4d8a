// All failure patterns of a network that can be told apart.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "failure_patterns.h"

#include "rnet/core/usage.h"

#include <algorithm>
#include <map>

namespace rnet::train {

/// A step costs as many passes.
static constexpr std::size_t kMostPatterns = 64;
/// All their subsets are looked at.
static constexpr std::size_t kMostCauses = 16;

Expected<std::vector<WeighedPattern>> distinct_patterns(const NetworkDescription &network,
                                                        std::span<const double> probabilities) {
  const std::string name = "the expected loss of network '" + std::string(network.name) + "'",
                    instead = "; 'setting(..., per: row, stratified: true)' samples them";
  std::vector<std::size_t> failing; // maybe
  DownSet always_down = 0;
  for (std::size_t cause = 0; cause < probabilities.size(); ++cause)
    if (probabilities[cause] == 1)
      always_down |= DownSet(1) << cause;
    else if (probabilities[cause] > 0)
      failing.push_back(cause);
  if (failing.size() > kMostCauses)
    return Status::error(name + " has the failure patterns of " + std::to_string(failing.size()) +
                         (network.domains.empty() ? " nodes" : " nodes, links and groups") +
                         " that may fail; " + std::to_string(kMostCauses) + " are the most" +
                         instead);

  std::vector<WeighedPattern> patterns;
  // By what the answers of all heads rest on: each has a loss of its own.
  std::map<std::vector<std::pair<bool, UsedSet>>, std::size_t> places;
  double total = 0;
  for (std::uint64_t bits = 0; bits < std::uint64_t(1) << failing.size(); ++bits) {
    DownSet down = always_down;
    double probability = 1;
    for (std::size_t k = 0; k < failing.size(); ++k) {
      const bool fails = bits >> k & 1;
      down |= DownSet(fails) << failing[k];
      probability *= fails ? probabilities[failing[k]] : 1 - probabilities[failing[k]];
    }
    std::vector<std::pair<bool, UsedSet>> answers;
    bool flow = false;
    for (const Usage &usage : find_usages(network, down)) {
      answers.emplace_back(usage.flow, usage.used);
      flow |= usage.flow;
    }
    if (!flow)
      continue;
    const auto [place, is_new] = places.try_emplace(answers, patterns.size());
    if (is_new)
      patterns.push_back({std::vector<std::uint8_t>(network.nodes.size()), 0, 0});
    WeighedPattern &pattern = patterns[place->second];
    pattern.weight += probability;
    total += probability;
    // Of patterns that are one, the last is that in which all is down that makes no difference: it
    // has the bits of all the others.
    const Outage outage = find_outage(network, down);
    for (std::size_t node = 0; node < network.nodes.size(); ++node)
      pattern.alive[node] = !(outage.nodes >> node & 1);
    pattern.cut = outage.cut;
  }
  if (patterns.empty())
    return Status::error(name + " is none: nothing ever reaches the output");
  if (patterns.size() > kMostPatterns)
    return Status::error(name + " sums over " + std::to_string(patterns.size()) +
                         " failure patterns; " + std::to_string(kMostPatterns) + " are the most" +
                         instead);
  for (WeighedPattern &pattern : patterns)
    pattern.weight /= total;
  return patterns;
}

} // namespace rnet::train
