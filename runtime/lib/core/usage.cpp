// What an answer rests on.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/usage.h"

#include <vector>

namespace rnet {

Usage find_usage(const NetworkDescription &network, DownSet down) {
  // What each node's results rest on; nothing for a node that has none.
  std::vector<UsedSet> used(network.nodes.size());
  std::vector<bool> present(network.nodes.size());
  for (std::size_t node = 0; node < network.nodes.size(); ++node) {
    const NodeDescription &description = network.nodes[node];
    if (down >> node & 1)
      continue;
    std::uint64_t arrived = 0;
    for (std::size_t k = 0; k < description.inputs.size(); ++k) {
      const Source &source = description.inputs[k];
      if (source.kind == Source::Kind::network_input ||
          present[network.hyperconnections[source.index].from])
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
  const std::size_t output = network.outputs[0].node;
  return {used[output], present[output]};
}

} // namespace rnet
