// Which failure patterns to evaluate, and what each counts for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/patterns.h"

#include "rnet/core/random.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <set>
#include <unordered_map>

namespace rnet::evaluate {
namespace {

/// What is less probable is not sampled: to draw it, as many patterns would be thrown away.
constexpr double kRest = 1e-5;
/// So many are drawn at most for one that is kept, on average.
constexpr double kTries = 1024;
/// But no fewer are kept, that something can be said of how they differ.
constexpr std::size_t kFewest = 32;

double probability(const SettingDescription &setting, DownSet down) {
  double product = 1;
  for (std::size_t cause = 0; cause < setting.reliability.size(); ++cause)
    product *= down >> cause & 1 ? 1 - setting.reliability[cause] : setting.reliability[cause];
  return product;
}

/// The `count` most probable patterns; fewer where no more are possible.
std::vector<DownSet> most_probable(const SettingDescription &setting, std::size_t count) {
  // The most probable one, and what it costs each cause to be otherwise, in logarithms.
  DownSet likely = 0;
  std::vector<std::pair<double, DownSet>> flips;
  for (std::size_t cause = 0; cause < setting.reliability.size(); ++cause) {
    const double up = setting.reliability[cause];
    const DownSet bit = DownSet(1) << cause;
    likely |= up < 0.5 ? bit : 0;
    if (up > 0 && up < 1)
      flips.push_back({std::abs(std::log(up / (1 - up))), bit});
  }
  std::sort(flips.begin(), flips.end());
  std::vector<DownSet> patterns = {likely};
  // Every other set of flips comes from exactly one cheaper one: with its last flip moved on by
  // one, or with the next one added.
  struct Candidate {
    double cost;
    DownSet flipped;
    std::size_t last;
    bool operator>(const Candidate &other) const {
      return cost != other.cost ? cost > other.cost : flipped > other.flipped;
    }
  };
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> next;
  if (!flips.empty())
    next.push({flips[0].first, flips[0].second, 0});
  while (patterns.size() < count && !next.empty()) {
    const auto [cost, flipped, last] = next.top();
    next.pop();
    patterns.push_back(likely ^ flipped);
    if (last + 1 == flips.size())
      continue;
    const auto [more, bit] = flips[last + 1];
    next.push({cost + more, flipped | bit, last + 1});
    next.push({cost + more - flips[last].first, (flipped ^ flips[last].second) | bit, last + 1});
  }
  return patterns;
}

/// The set that grows, with the place of each pattern in it.
class Collector {
public:
  explicit Collector(PatternSet &set) : set_(set) {}
  std::size_t add(DownSet down) {
    const auto [found, is_new] = places_.try_emplace(down, set_.patterns.size());
    if (is_new)
      set_.patterns.push_back(down);
    return found->second;
  }

private:
  PatternSet &set_;
  std::unordered_map<DownSet, std::size_t> places_;
};

} // namespace

std::vector<std::size_t> failable_causes(const NetworkDescription &network) {
  std::vector<std::size_t> causes;
  for (std::size_t node = 0; node < network.nodes.size(); ++node)
    if (network.nodes[node].failable)
      causes.push_back(node);
  for (std::size_t domain = 0; domain < network.domains.size(); ++domain)
    causes.push_back(network.nodes.size() + domain);
  return causes;
}

PatternSet all_patterns(const NetworkDescription &network) {
  const std::vector<std::size_t> causes = failable_causes(network);
  PatternSet set{{}, true, {}};
  for (std::uint64_t bits = 0; bits < std::uint64_t(1) << causes.size(); ++bits) {
    DownSet down = 0;
    for (std::size_t k = 0; k < causes.size(); ++k)
      down |= DownSet(bits >> k & 1) << causes[k];
    set.patterns.push_back(down);
  }
  for (const SettingDescription &setting : network.settings) {
    PatternWeights weights;
    for (DownSet down : set.patterns)
      weights.known.push_back(probability(setting, down));
    weights.draws.resize(set.patterns.size());
    set.settings.push_back(std::move(weights));
  }
  return set;
}

PatternSet sample_patterns(const NetworkDescription &network, std::size_t samples,
                           std::uint64_t seed) {
  PatternSet set{{0}, false, {}};
  for (std::size_t cause : failable_causes(network))
    set.patterns.push_back(DownSet(1) << cause);
  const std::vector<DownSet> always = std::move(set.patterns);
  set.patterns.clear();
  Collector collector(set);
  for (DownSet down : always)
    collector.add(down);
  for (std::size_t s = 0; s < network.settings.size(); ++s) {
    const SettingDescription &setting = network.settings[s];
    std::set<DownSet> known(always.begin(), always.end());
    const std::vector<DownSet> likely = most_probable(setting, samples / 2 + 1);
    const bool exhausted = likely.size() <= samples / 2;
    known.insert(likely.begin(), likely.end() - (exhausted ? 0 : 1));
    PatternWeights weights;
    double sum = 0;
    for (DownSet down : known) {
      const std::size_t place = collector.add(down);
      weights.known.resize(std::max(weights.known.size(), place + 1));
      sum += weights.known[place] = probability(setting, down);
    }
    const double others = exhausted ? 0 : std::max(0.0, 1 - sum);
    if (others < kRest) {
      weights.rest = others;
    } else {
      weights.drawn_for = others;
      const auto wanted =
          std::max(kFewest, static_cast<std::size_t>(static_cast<double>(samples) / 2 *
                                                     std::min(1.0, kTries * others)));
      for (std::uint32_t attempt = 0; weights.drawn < wanted; ++attempt) {
        DownSet down = 0;
        for (std::size_t cause = 0; cause < setting.reliability.size(); ++cause)
          if (setting.reliability[cause] < 1 &&
              Random(seed, Stream::patterns, static_cast<std::uint32_t>(s),
                     static_cast<std::uint32_t>(cause))
                      .uniform(attempt) >= setting.reliability[cause])
            down |= DownSet(1) << cause;
        if (known.count(down))
          continue;
        const std::size_t place = collector.add(down);
        weights.draws.resize(std::max(weights.draws.size(), place + 1));
        ++weights.draws[place];
        ++weights.drawn;
      }
    }
    set.settings.push_back(std::move(weights));
  }
  for (PatternWeights &weights : set.settings) {
    weights.known.resize(set.patterns.size());
    weights.draws.resize(set.patterns.size());
  }
  return set;
}

} // namespace rnet::evaluate
