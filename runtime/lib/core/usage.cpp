// What an answer rests on.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/usage.h"

#include <span>
#include <vector>

namespace rnet {

Outage find_outage(const NetworkDescription &network, DownSet down) {
  const auto bits = [](std::span<const std::size_t> indices) {
    std::uint64_t set = 0;
    for (std::size_t index : indices)
      set |= std::uint64_t(1) << index;
    return set;
  };
  Outage outage{0, 0};
  for (std::size_t k = 0; k < network.domains.size(); ++k)
    if (down >> (network.nodes.size() + k) & 1) {
      outage.nodes |= bits(network.domains[k].nodes);
      outage.cut |= bits(network.domains[k].hyperconnections);
    }
  for (std::size_t node = 0; node < network.nodes.size(); ++node) {
    outage.nodes |= down & std::uint64_t(1) << node;
    if (outage.nodes >> node & 1)
      outage.cut |= bits(network.nodes[node].relays);
  }
  return outage;
}

std::vector<Usage> find_usages(const NetworkDescription &network, DownSet down) {
  const Outage outage = find_outage(network, down);
  // What each node's results rest on; nothing for a node that has none.
  std::vector<UsedSet> used(network.nodes.size());
  std::vector<bool> present(network.nodes.size());
  for (std::size_t node = 0; node < network.nodes.size(); ++node) {
    const NodeDescription &description = network.nodes[node];
    if (outage.nodes >> node & 1)
      continue;
    std::uint64_t arrived = 0;
    for (std::size_t k = 0; k < description.inputs.size(); ++k) {
      const Source &source = description.inputs[k];
      if (source.kind == Source::Kind::network_input ||
          (present[network.hyperconnections[source.index].from] &&
           !(outage.cut >> source.index & 1)))
        arrived |= std::uint64_t(1) << k;
    }
    const std::uint64_t taken = description.mux.taken(arrived);
    present[node] = taken != 0;
    for (std::size_t k = 0; k < description.inputs.size(); ++k)
      if (const Source &source = description.inputs[k];
          (taken >> k & 1) && source.kind == Source::Kind::hyperconnection)
        used[node] |= used[network.hyperconnections[source.index].from] | UsedSet(1)
                                                                              << source.index;
  }
  std::vector<Usage> usages;
  const OutputDescription &output = network.outputs[0];
  for (std::size_t head = 0; head < output.heads(); ++head) {
    const std::size_t node = output.head(head).node;
    usages.push_back({used[node], present[node], head});
  }
  return usages;
}

Usage find_usage(const NetworkDescription &network, DownSet down) {
  for (const Usage &usage : find_usages(network, down))
    if (usage.flow)
      return usage;
  return {0, false};
}

} // namespace rnet
