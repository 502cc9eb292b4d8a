// The physical ways of hyperconnections.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Routes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <queue>

using namespace rnet;
using model::Hyperconnection;
using model::Link;
using model::Network;

//===-- Routes --------------------------------------------------------------------------------===//

namespace {
/// All that one node reaches, by the fewest links; of as few, what was found first.
class Search {
public:
  Search(const Network &network, const std::vector<std::vector<unsigned>> &linksOf, unsigned start)
      : start(start), before(network.nodes.size()) {
    std::vector<bool> used(network.links.size());
    std::queue<unsigned> queue({start});
    for (; !queue.empty(); queue.pop())
      for (unsigned link : linksOf[queue.front()]) {
        if (used[link])
          continue; // it led to all its nodes before
        used[link] = true;
        for (unsigned node : network.links[link].nodes)
          if (node != start && !before[node]) {
            before[node] = {queue.front(), link};
            queue.push(node);
          }
      }
  }

  /// Nothing where no links lead there.
  std::optional<model::Route> find(unsigned end) const {
    if (!before[end])
      return std::nullopt;
    model::Route route;
    for (unsigned node = end; node != start; node = before[node]->node) {
      if (node != end)
        route.relays.push_back(node);
      route.links.push_back(before[node]->link);
    }
    std::reverse(route.links.begin(), route.links.end());
    std::reverse(route.relays.begin(), route.relays.end());
    return route;
  }

private:
  struct Step {
    unsigned node, link;
  };
  unsigned start;
  std::vector<std::optional<Step>> before;
};
} // namespace

static std::vector<std::vector<unsigned>> listLinks(const Network &network) {
  std::vector<std::vector<unsigned>> linksOf(network.nodes.size());
  for (unsigned link = 0; link < network.links.size(); ++link)
    for (unsigned node : network.links[link].nodes)
      linksOf[node].push_back(link);
  return linksOf;
}

/// Notes the links of a node, three at most.
static void noteLinks(const Network &network, unsigned node, Diagnostics &diagnostics) {
  constexpr unsigned kMaxNotes = 3;
  const std::string &name = network.nodes[node].spec->name.text;
  unsigned notes = 0;
  for (const Link &link : network.links)
    if (llvm::is_contained(link.nodes, node) && notes++ < kMaxNotes) {
      std::string others;
      for (unsigned other : link.nodes)
        if (other != node)
          others += (others.empty() ? "'" : ", '") + network.nodes[other].spec->name.text + "'";
      diagnostics.note(link.spec->range,
                       "link '" + link.spec->name.text + "' joins '" + name + "' to " + others);
    }
  if (notes == 0)
    diagnostics.note(network.nodes[node].spec->name.range, "'" + name + "' is on no link");
}

void rnet::findRoutes(Network &network, Diagnostics &diagnostics) {
  if (network.links.empty())
    return;
  const std::vector<std::vector<unsigned>> linksOf = listLinks(network);
  for (unsigned node = 0; node < network.nodes.size(); ++node) {
    if (network.nodes[node].outgoing.empty())
      continue;
    const Search search(network, linksOf, node);
    for (unsigned outgoing : network.nodes[node].outgoing) {
      Hyperconnection &connection = network.hyperconnections[outgoing];
      if (std::optional<model::Route> route = search.find(connection.to)) {
        connection.route = std::move(*route);
        continue;
      }
      diagnostics.report("no-route", connection.range,
                         "no links lead from '" + network.nodes[node].spec->name.text + "' to '" +
                             network.nodes[connection.to].spec->name.text +
                             "', neither one nor several with nodes between them");
      noteLinks(network, node, diagnostics);
      noteLinks(network, connection.to, diagnostics);
    }
  }
}

//===-- Useless routes ------------------------------------------------------------------------===//

/// Nodes that simple hyperconnections lead to from `node`, or from which they lead to it.
static std::vector<bool> reach(const Network &network, unsigned node, bool forwards) {
  std::vector<bool> reached(network.nodes.size());
  llvm::SmallVector<unsigned> open{node};
  reached[node] = true;
  while (!open.empty()) {
    const model::Node &next = network.nodes[open.pop_back_val()];
    for (unsigned index : forwards ? next.outgoing : next.incoming) {
      const Hyperconnection &connection = network.hyperconnections[index];
      const unsigned other = forwards ? connection.to : connection.from;
      if (connection.isSkip || reached[other])
        continue;
      reached[other] = true;
      open.push_back(other);
    }
  }
  return reached;
}

void rnet::warnUselessRoutes(const Network &network, Diagnostics &diagnostics) {
  for (const model::StandIn &standIn : network.standIns)
    for (unsigned member : standIn.members) {
      const Hyperconnection &skip = network.hyperconnections[member];
      if (skip.route.relays.empty())
        continue;
      const std::vector<bool> behind = reach(network, skip.from, true);
      for (unsigned simple : standIn.standsFor) {
        const std::vector<bool> before =
            reach(network, network.hyperconnections[simple].from, false);
        auto relay = llvm::find_if(skip.route.relays,
                                   [&](unsigned node) { return behind[node] && before[node]; });
        if (relay == skip.route.relays.end())
          continue;
        const std::string &name = network.nodes[*relay].spec->name.text;
        diagnostics.report("useless-route", skip.range,
                           "'" + name + "' relays '" + skip.name + "', which bypasses it: while '" +
                               name + "' is down, the skip is of no use");
        noteLinks(network, skip.from, diagnostics);
        break;
      }
    }
}
