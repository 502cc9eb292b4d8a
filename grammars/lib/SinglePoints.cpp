// Single points of failure.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Flow.h"

#include "llvm/ADT/STLExtras.h"

using namespace rnet;
using model::Cause;
using model::Hyperconnection;
using model::Network;

/// The nodes that can answer for an output: its own, and those of its exits, which the scheme drops
/// as it drops skips.
static std::vector<unsigned> findAnswering(const Network &network, bool skips,
                                           const model::Output &output) {
  std::vector<unsigned> nodes{output.node};
  if (skips && &output == &network.outputs.front())
    for (const model::Exit &exit : network.exits)
      nodes.push_back(exit.node);
  return nodes;
}

/// Of a network without links and groups. All paths lead through a node where paths to it times
/// paths from it are all paths: counted modulo a prime, since there may be very many.
static std::vector<Cause> findByPaths(const Network &network, bool skips,
                                      const std::vector<unsigned> &answering) {
  constexpr uint64_t prime = (uint64_t(1) << 61) - 1;
  auto multiply = [](uint64_t a, uint64_t b) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b % prime);
  };
  auto counts = [&](const Hyperconnection &connection) { return skips || !connection.isSkip; };
  std::vector<uint64_t> to(network.nodes.size()), from(network.nodes.size());
  for (unsigned node : network.order) {
    to[node] = network.nodes[node].inputs.empty() ? 0 : 1;
    for (unsigned incoming : network.nodes[node].incoming)
      if (const Hyperconnection &connection = network.hyperconnections[incoming];
          counts(connection))
        to[node] = (to[node] + to[connection.from]) % prime;
  }
  uint64_t all = 0;
  for (unsigned node : answering) {
    from[node] = 1;
    all = (all + to[node]) % prime;
  }
  for (unsigned node : llvm::reverse(network.order))
    for (unsigned outgoing : network.nodes[node].outgoing)
      if (const Hyperconnection &connection = network.hyperconnections[outgoing];
          counts(connection))
        from[node] = (from[node] + from[connection.to]) % prime;
  std::vector<Cause> found;
  for (unsigned node = 0; node < network.nodes.size(); ++node)
    if (network.nodes[node].failable && to[node] != 0 && from[node] != 0 &&
        multiply(to[node], from[node]) == all)
      found.push_back({Cause::Kind::node, node});
  return found;
}

/// Does any of these nodes have an answer while this has failed, and nothing else?
static bool flowsWithout(const Network &network, bool skips, const std::vector<unsigned> &answering,
                         Cause cause) {
  auto isDown = [&](Cause::Kind kind, unsigned index, const std::vector<unsigned> &groups) {
    return cause == Cause{kind, index} ||
           (cause.kind == Cause::Kind::group && llvm::is_contained(groups, cause.index));
  };
  auto isNodeUp = [&](unsigned node) {
    return !isDown(Cause::Kind::node, node, network.nodes[node].groups);
  };
  auto isLinkUp = [&](unsigned link) {
    return !isDown(Cause::Kind::link, link, network.links[link].groups);
  };
  std::vector<bool> live(network.nodes.size());
  for (unsigned node : network.order)
    live[node] =
        isNodeUp(node) && (!network.nodes[node].inputs.empty() ||
                           llvm::any_of(network.nodes[node].incoming, [&](unsigned incoming) {
                             const Hyperconnection &connection = network.hyperconnections[incoming];
                             return (skips || !connection.isSkip) && live[connection.from] &&
                                    llvm::all_of(connection.route.links, isLinkUp) &&
                                    llvm::all_of(connection.route.relays, isNodeUp);
                           }));
  return llvm::any_of(answering, [&](unsigned node) { return live[node]; });
}

/// Where a relay or a group fails, more goes than the paths through one node.
static std::vector<Cause> findByTrial(const Network &network, bool skips,
                                      const std::vector<unsigned> &answering) {
  std::vector<Cause> found;
  auto tryAll = [&](Cause::Kind kind, size_t size) {
    for (unsigned index = 0; index < size; ++index)
      if (const Cause cause{kind, index};
          network.isFailable(cause) && !flowsWithout(network, skips, answering, cause))
        found.push_back(cause);
  };
  tryAll(Cause::Kind::node, network.nodes.size());
  tryAll(Cause::Kind::link, network.links.size());
  tryAll(Cause::Kind::group, network.groups.size());
  return found;
}

void rnet::warnSinglePoints(const Network &network, bool skips, Diagnostics &diagnostics) {
  const bool isPlain = network.links.empty() && network.groups.empty();
  for (const model::Output &output : network.outputs) {
    const std::vector<unsigned> answering = findAnswering(network, skips, output);
    for (Cause cause : isPlain ? findByPaths(network, skips, answering)
                               : findByTrial(network, skips, answering)) {
      const ast::Name &name = network.nameOf(cause);
      const bool isOutputs = cause == Cause{Cause::Kind::node, output.node};
      diagnostics.report("single-point-of-failure", name.range,
                         std::string("all information flows through ") +
                             (cause.kind == Cause::Kind::link    ? "link "
                              : cause.kind == Cause::Kind::group ? "group "
                                                                 : "") +
                             "'" + name.text + "', which may fail: a" +
                             (isOutputs ? "n exit before it"
                              : isPlain ? " skip hyperconnection around it"
                                        : " hyperconnection routed around it") +
                             " would keep output '" + output.spec->name.text + "' answering");
    }
  }
}
