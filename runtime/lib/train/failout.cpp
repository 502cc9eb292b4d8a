// Which nodes are absent in a training step, and which hyperconnections are cut.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "failout.h"

#include <functional>

namespace rnet::train {

/// The counter of draws that are of no single cause.
static constexpr std::uint32_t kPlaces = 0xffffffff;

Failout::Failout(const NetworkDescription &network, std::optional<double> probability,
                 const TrainingRecipe &recipe, const SettingDescription *setting, const Cuts &cuts)
    : network_(network), seed_(recipe.seed), per_row_(recipe.failout_per_row),
      stratified_(recipe.failout_stratified), cuts_(network.hyperconnections.size()) {
  const std::size_t nodes = network.nodes.size();
  for (std::size_t k = 0; k < nodes; ++k)
    probabilities_.push_back(!network.may_be_down(k) ? network.nodes[k].failout
                             : probability           ? *probability
                             : setting               ? 1 - setting->reliability[k]
                                                     : network.nodes[k].failout);
  // One number for all is one of nodes: domains then never fail.
  for (std::size_t k = 0; k < network.domains.size(); ++k)
    probabilities_.push_back(probability ? 0
                             : setting   ? 1 - setting->reliability[nodes + k]
                                         : network.domains[k].failout);
  for (std::size_t k = 0; k < cuts_.size(); ++k)
    if (const auto found = cuts.find(std::string(network.hyperconnections[k].name));
        found != cuts.end())
      cuts_[k] = found->second;
  may_cut_ = std::ranges::any_of(cuts_, [](double p) { return p > 0; }) ||
             std::ranges::any_of(network.nodes, [](auto &node) { return !node.relays.empty(); }) ||
             std::ranges::any_of(network.domains,
                                 [](auto &domain) { return !domain.hyperconnections.empty(); });
}

Masks Failout::draw(Step step) const {
  const std::size_t rows = step.rows, nodes = network_.nodes.size();
  const std::vector<std::uint8_t> up = draw_causes(step); // [causes][rows]
  const auto of_cause = [&](std::size_t cause) { return up.data() + cause * rows; };
  const auto also = [&](std::uint8_t *mask, const std::uint8_t *other) {
    std::transform(mask, mask + rows, other, mask, std::bit_and<>());
  };
  Masks masks{{up.begin(), up.begin() + static_cast<long>(nodes * rows)}, {}};
  for (std::size_t k = 0; k < network_.domains.size(); ++k)
    for (std::size_t node : network_.domains[k].nodes)
      also(masks.alive.data() + node * rows, of_cause(nodes + k));
  if (!may_cut_)
    return masks;
  masks.whole.assign(cuts_.size() * rows, 1);
  for (std::size_t node = 0; node < nodes; ++node)
    for (std::size_t relayed : network_.nodes[node].relays)
      also(masks.whole.data() + relayed * rows, masks.alive.data() + node * rows);
  for (std::size_t k = 0; k < network_.domains.size(); ++k)
    for (std::size_t cut : network_.domains[k].hyperconnections)
      also(masks.whole.data() + cut * rows, of_cause(nodes + k));
  draw_cuts(step, masks.whole);
  return masks;
}

/// [causes][rows]: 1 where it has not failed by itself.
std::vector<std::uint8_t> Failout::draw_causes(Step step) const {
  const std::size_t causes = probabilities_.size();
  std::vector<std::uint8_t> up(causes * step.rows);
  if (per_row_) {
    const std::vector<double> places = draw_rows(step);
    for (std::size_t row = 0; row < step.rows; ++row)
      choose_pattern(places[row], row, step.rows, up.data());
    return up;
  }
  std::vector<std::uint8_t> in_batch(causes);
  if (stratified_)
    choose_pattern(draw_batch(step), 0, 1, in_batch.data());
  else
    in_batch = draw_each(step.number);
  for (std::size_t cause = 0; cause < causes; ++cause)
    std::fill_n(up.data() + cause * step.rows, step.rows, in_batch[cause]);
  return up;
}

/// One draw for each cause.
std::vector<std::uint8_t> Failout::draw_each(std::uint32_t number) const {
  std::vector<std::uint8_t> mask;
  for (std::size_t cause = 0; cause < probabilities_.size(); ++cause)
    mask.push_back(
        probabilities_[cause] == 0 ||
        Random(seed_, Stream::failout, number, static_cast<std::uint32_t>(cause)).uniform(0) >=
            probabilities_[cause]);
  return mask;
}

/// Hyperconnections by themselves: each draws for every row alone, so that each of many learns in
/// every step. Draws are counted behind those of the causes.
void Failout::draw_cuts(Step step, std::vector<std::uint8_t> &whole) const {
  for (std::size_t k = 0; k < cuts_.size(); ++k) {
    if (cuts_[k] == 0)
      continue;
    const Random random(seed_, Stream::failout, step.number,
                        static_cast<std::uint32_t>(probabilities_.size() + k));
    for (std::size_t row = 0; row < step.rows; ++row)
      if (random.uniform(static_cast<std::uint32_t>(row)) < cuts_[k])
        whole[k * step.rows + row] = 0;
  }
}

/// The failure patterns in a row, each as long as it is probable, fill [0, 1): the one at `place`.
/// Causes nest: the first that may fail cuts [0, 1) in two, the next one each part, and so on.
void Failout::choose_pattern(double place, std::size_t row, std::size_t rows,
                             std::uint8_t *up) const {
  for (std::size_t cause = 0; cause < probabilities_.size(); ++cause) {
    const double down = probabilities_[cause];
    const bool is_up = down < 1 && place >= down;
    up[cause * rows + row] = is_up;
    place = is_up ? (place - down) / (1 - down) : place / down;
  }
}

/// A place for each row, in ascending order: by chance, or evenly from a start by chance, so that
/// each pattern has its share of the batch, rounded up or down.
std::vector<double> Failout::draw_rows(Step step) const {
  const Random random(seed_, Stream::failout, step.number, kPlaces);
  std::vector<double> places(step.rows);
  for (std::size_t row = 0; row < step.rows; ++row)
    places[row] = stratified_ ? (static_cast<double>(row) + random.uniform(0)) /
                                    static_cast<double>(step.rows)
                              : random.uniform(static_cast<std::uint32_t>(row));
  std::sort(places.begin(), places.end());
  return places;
}

/// A place for the whole batch: the places of an epoch's steps are even, their order is by chance.
double Failout::draw_batch(Step step) const {
  const std::uint32_t epoch = step.number / step.per_epoch;
  const Random random(seed_, Stream::failout, epoch, kPlaces);
  const auto order = random.permutation(step.per_epoch);
  return (static_cast<double>(order[step.number % step.per_epoch]) + random.uniform(0)) /
         static_cast<double>(step.per_epoch);
}

} // namespace rnet::train
