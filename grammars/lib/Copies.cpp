// The checker: what stands in without being trained, copies of what skips bypass and averages.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Checker.h"

using namespace rnet;
using namespace rnet::model;

//===-- Copies --------------------------------------------------------------------------------===//

/// The chains of simple hyperconnections from a skip's sender to its receiver, by way of what it
/// stands in for: two at most, of however many there are.
static std::vector<std::vector<unsigned>> findWaysAround(const Network &network, unsigned skip) {
  auto standIn = llvm::find_if(network.standIns, [&](const StandIn &candidate) {
    return llvm::is_contained(candidate.members, skip);
  });
  // Nodes from which simple hyperconnections lead to what the skip stands in for.
  std::vector<bool> leads(network.nodes.size());
  for (unsigned last : standIn->standsFor)
    leads[network.hyperconnections[last].from] = true;
  for (unsigned node : llvm::reverse(network.order))
    for (unsigned outgoing : network.nodes[node].outgoing)
      if (const Hyperconnection &connection = network.hyperconnections[outgoing];
          !connection.isSkip && leads[connection.to])
        leads[node] = true;

  // Two are as many as anybody needs to know of: where the ways part, one goes each way.
  const unsigned sender = network.hyperconnections[skip].from;
  std::vector<std::vector<unsigned>> ways(leads[sender]);
  for (size_t way = 0; way < ways.size(); ++way)
    for (bool arrived = false; !arrived;) {
      const unsigned node =
          ways[way].empty() ? sender : network.hyperconnections[ways[way].back()].to;
      llvm::SmallVector<unsigned> next;
      for (unsigned outgoing : network.nodes[node].outgoing) {
        const Hyperconnection &connection = network.hyperconnections[outgoing];
        if (llvm::is_contained(standIn->standsFor, outgoing) ||
            (!connection.isSkip && leads[connection.to]))
          next.push_back(outgoing);
      }
      if (next.size() > 1 && ways.size() == 1) {
        ways.push_back(ways[way]);
        ways.back().push_back(next[1]);
      }
      ways[way].push_back(next[0]);
      arrived = llvm::is_contained(standIn->standsFor, next[0]);
    }
  return ways;
}

static bool hasWeight(const Hyperconnection &connection) {
  return connection.weight && *connection.weight != 1;
}

bool rnet::canCopy(const Network &network, unsigned skip) {
  auto ways = findWaysAround(network, skip);
  return ways.size() == 1 && llvm::none_of(ways.front(), [&](unsigned step) {
           return hasWeight(network.hyperconnections[step]);
         });
}

void Checker::addCopies() {
  for (auto [index, word] : copies) {
    Hyperconnection &skip = network.hyperconnections[index];
    const std::string &from = network.nodes[skip.from].spec->name.text,
                      &to = network.nodes[skip.to].spec->name.text;
    auto ways = findWaysAround(network, index);
    if (ways.size() != 1) {
      diagnostics.report("bad-copy", word,
                         (ways.empty() ? "no chain" : "more than one chain") +
                             (" of nodes leads from '" + from + "' to '" + to +
                              "' by way of what this skip stands in for: 'copy' needs one"));
      for (const std::vector<unsigned> &way : ways)
        diagnostics.note(network.hyperconnections[way.back()].range, "one ends here");
      continue;
    }
    std::vector<Expander::Original> originals;
    bool good = true;
    for (unsigned step : ways.front()) {
      const Hyperconnection &connection = network.hyperconnections[step];
      originals.push_back({from + "_projection_", &connection.projection});
      if (step != ways.front().back())
        originals.push_back(
            {from + "_projection_" + network.nodes[connection.to].spec->name.text + "_",
             &network.nodes[connection.to].layers});
      if (hasWeight(connection)) {
        diagnostics.report("bad-copy", word, "'copy' cannot copy the weight of a hyperconnection");
        diagnostics.note(connection.range, "this one has a weight");
        good = false;
      }
    }
    if (good)
      skip.projection = expander.copy(originals, skip.name + ".projection.", word);
  }
}

//===-- Averages ------------------------------------------------------------------------------===//

void Checker::addAverage(const ast::Average &average) {
  std::optional<unsigned> to = findNode(average.receiver);
  for (const ast::Name &sender : average.senders) {
    std::optional<unsigned> from = findNode(sender);
    if (!from || !to)
      continue;
    const std::string &receiver = average.receiver.text;
    auto &incoming = network.nodes[*to].incoming;
    auto found = llvm::find_if(incoming, [&](unsigned index) {
      return network.hyperconnections[index].from == *from &&
             !network.hyperconnections[index].isSkip;
    });
    if (found == incoming.end()) {
      diagnostics.report("bad-average", sender.range,
                         "'" + sender.text + "' has no simple hyperconnection to '" + receiver +
                             "'");
      diagnostics.note(network.nodes[*to].spec->name.range, "'" + receiver + "' is declared here");
      continue;
    }
    Hyperconnection &connection = network.hyperconnections[*found];
    if (connection.average) {
      diagnostics.report("bad-average", sender.range,
                         "'" + receiver + "' has the average of '" + sender.text + "' already");
      diagnostics.note(*connection.average, "the first is here");
    } else if (!connection.projection.empty() || hasWeight(connection)) {
      diagnostics.report("bad-average", sender.range,
                         "only a hyperconnection without projection and weight has an average");
      diagnostics.note(connection.range, "this one has one");
    } else {
      connection.average = sender.range;
    }
  }
}

/// Whether the receiver of a simple hyperconnection has an input beside which its average could
/// count: one that does not stand in for it.
static bool wouldCount(const Network &network, unsigned simple) {
  const model::Node &node = network.nodes[network.hyperconnections[simple].to];
  auto replaces = [&](unsigned incoming) {
    return incoming == simple || llvm::any_of(network.standIns, [&](const StandIn &standIn) {
             return llvm::is_contained(standIn.standsFor, simple) &&
                    llvm::is_contained(standIn.members, incoming);
           });
  };
  return !node.inputs.empty() || !llvm::all_of(node.incoming, replaces);
}

void Checker::checkAverages() {
  for (auto [index, connection] : llvm::enumerate(network.hyperconnections))
    if (connection.average && !wouldCount(network, index)) {
      const std::string &from = network.nodes[connection.from].spec->name.text;
      const ast::Name &to = network.nodes[connection.to].spec->name;
      diagnostics.report("bad-average", *connection.average,
                         "'" + to.text + "' has no input but '" + from +
                             "' and what stands in for it, beside which its average could count");
      diagnostics.note(to.range, "'" + to.text + "' is declared here");
    }
}

/// Because of its route.
static bool mayBeCut(const Network &network, const Route &route) {
  auto fails = [&](const auto &member) {
    return member.failable || llvm::any_of(member.groups, [&](unsigned group) {
             return network.groups[group].failable;
           });
  };
  return llvm::any_of(route.links, [&](unsigned link) { return fails(network.links[link]); }) ||
         llvm::any_of(route.relays, [&](unsigned relay) { return fails(network.nodes[relay]); });
}

std::vector<unsigned> rnet::findAverageable(const Network &network) {
  std::vector<bool> missing(network.hyperconnections.size());
  for (unsigned index : network.order) {
    const model::Node &node = network.nodes[index];
    const bool absent = network.mayBeDown(node) ||
                        (node.inputs.empty() && llvm::all_of(node.incoming, [&](unsigned incoming) {
                           return missing[incoming];
                         }));
    for (unsigned outgoing : node.outgoing)
      missing[outgoing] = absent || mayBeCut(network, network.hyperconnections[outgoing].route);
  }
  std::vector<unsigned> result;
  for (auto [index, connection] : llvm::enumerate(network.hyperconnections))
    if (missing[index] && !connection.isSkip && !connection.average &&
        connection.projection.empty() && !hasWeight(connection) && wouldCount(network, index))
      result.push_back(index);
  return result;
}
