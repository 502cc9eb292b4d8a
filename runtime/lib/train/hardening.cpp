// What a trained network gives to those that stand in for parts of it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "hardening.h"

#include <algorithm>

namespace rnet::train {

const ParameterDescription *find_average(const NetworkDescription &network,
                                         std::string_view connection) {
  const std::string name = std::string(connection) + ".average";
  const auto found = std::ranges::find(network.parameters, name, &ParameterDescription::name);
  return found == network.parameters.end() || found->trainable ? nullptr : &*found;
}

template <class T>
static const Parameter<T> *find(std::span<const Parameter<T>> parameters, std::string_view name) {
  for (const Parameter<T> &parameter : parameters)
    if (parameter.description->name == name)
      return &parameter;
  return nullptr;
}

template <class T>
std::vector<std::string> copy_originals(std::span<const Parameter<T>> parameters,
                                        std::span<const std::string> names) {
  std::vector<std::string> copies;
  for (const std::string &name : names) {
    const Parameter<T> &copy = *find(parameters, name);
    const std::string_view original = copy.description->copy_of;
    if (original.empty() || std::ranges::find(names, original) != names.end())
      continue;
    std::ranges::copy(find(parameters, original)->value, copy.value.begin());
    copies.push_back(name);
  }
  return copies;
}

template <class T>
std::size_t fit_averages(NetworkTrainer<T> &trainer, const NetworkDescription &network,
                         const Dataset &dataset, std::span<const std::int64_t> rows,
                         std::span<const std::string> names) {
  std::vector<std::size_t> connections;
  std::vector<const Parameter<T> *> averages;
  for (std::size_t k = 0; k < network.hyperconnections.size(); ++k) {
    const ParameterDescription *average = find_average(network, network.hyperconnections[k].name);
    if (!average || std::ranges::find(names, average->name) == names.end())
      continue;
    connections.push_back(k);
    averages.push_back(find(trainer.parameters(), average->name));
  }
  if (connections.empty())
    return 0;
  const auto means = trainer.average(dataset, rows, connections);
  for (std::size_t k = 0; k < means.size(); ++k)
    std::ranges::transform(means[k], averages[k]->value.begin(),
                           [](double mean) { return static_cast<T>(mean); });
  return connections.size();
}

#define RNET_INSTANTIATE(T)                                                                        \
  template std::vector<std::string> copy_originals<T>(std::span<const Parameter<T>>,               \
                                                      std::span<const std::string>);               \
  template std::size_t fit_averages<T>(NetworkTrainer<T> &, const NetworkDescription &,            \
                                       const Dataset &, std::span<const std::int64_t>,             \
                                       std::span<const std::string>);
RNET_INSTANTIATE(float)
RNET_INSTANTIATE(double)

} // namespace rnet::train
