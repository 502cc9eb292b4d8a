// Which nodes are absent in a training step.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "failout.h"

namespace rnet::train {

/// The counter of draws that are no single node's.
static constexpr std::uint32_t kPlaces = 0xffffffff;

/// The probability that neither the node nor one of its domains has failed.
static double up(const NetworkDescription &network, const SettingDescription &setting,
                 std::size_t node) {
  double product = setting.reliability[node];
  for (std::size_t k = 0; k < network.domains.size(); ++k)
    for (std::size_t member : network.domains[k].nodes)
      if (member == node)
        product *= setting.reliability[network.nodes.size() + k];
  return product;
}

Failout::Failout(const NetworkDescription &network, std::optional<double> probability,
                 const TrainingRecipe &recipe, const SettingDescription *setting)
    : seed_(recipe.seed), per_row_(recipe.failout_per_row), stratified_(recipe.failout_stratified) {
  for (std::size_t k = 0; k < network.nodes.size(); ++k) {
    probabilities_.push_back(!network.may_be_down(k) ? network.nodes[k].failout
                             : probability           ? *probability
                             : setting               ? 1 - up(network, *setting, k)
                                                     : network.nodes[k].failout);
  }
}

std::vector<std::uint8_t> Failout::alive(Step step) const {
  const std::size_t nodes = probabilities_.size();
  std::vector<std::uint8_t> alive(nodes * step.rows);
  if (per_row_) {
    const std::vector<double> places = draw_rows(step);
    for (std::size_t row = 0; row < step.rows; ++row)
      choose_pattern(places[row], row, step.rows, alive.data());
    return alive;
  }
  std::vector<std::uint8_t> node_alive(nodes);
  if (stratified_)
    choose_pattern(draw_batch(step), 0, 1, node_alive.data());
  else
    node_alive = draw_nodes(step.number);
  for (std::size_t node = 0; node < nodes; ++node)
    std::fill_n(alive.data() + node * step.rows, step.rows, node_alive[node]);
  return alive;
}

/// One draw for each node.
std::vector<std::uint8_t> Failout::draw_nodes(std::uint32_t number) const {
  std::vector<std::uint8_t> mask;
  for (std::size_t node = 0; node < probabilities_.size(); ++node)
    mask.push_back(
        probabilities_[node] == 0 ||
        Random(seed_, Stream::failout, number, static_cast<std::uint32_t>(node)).uniform(0) >=
            probabilities_[node]);
  return mask;
}

/// The failure patterns in a row, each as long as it is probable, fill [0, 1): the one at `place`.
/// Nodes nest: the first failable one cuts [0, 1) in two, the next one each part, and so on.
void Failout::choose_pattern(double place, std::size_t row, std::size_t rows,
                             std::uint8_t *alive) const {
  for (std::size_t node = 0; node < probabilities_.size(); ++node) {
    const double down = probabilities_[node];
    const bool up = down < 1 && place >= down;
    alive[node * rows + row] = up;
    place = up ? (place - down) / (1 - down) : place / down;
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
