// Paths through a network.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Flow.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <queue>

using namespace rnet;
using model::Hyperconnection;
using model::Network;

//===-- Order ---------------------------------------------------------------------------------===//

/// Reports one cycle among the nodes that have no place in the order.
static void reportCycle(const Network &network, const std::vector<unsigned> &missing,
                        Diagnostics &diagnostics) {
  // Every such node has a predecessor among them: walking back must come round.
  unsigned node = 0;
  while (missing[node] == 0)
    ++node;
  std::vector<bool> seen(network.nodes.size());
  std::vector<unsigned> path;
  while (!seen[node]) {
    seen[node] = true;
    for (unsigned incoming : network.nodes[node].incoming)
      if (const Hyperconnection &connection = network.hyperconnections[incoming];
          missing[connection.from] > 0) {
        path.push_back(incoming);
        node = connection.from;
        break;
      }
  }
  // `node` is on the cycle; the path behind its first visit is the cycle, backwards.
  while (network.hyperconnections[path.front()].to != node)
    path.erase(path.begin());
  const Hyperconnection &closing = network.hyperconnections[path.front()];
  diagnostics.report("cycle", closing.range,
                     "this hyperconnection closes a cycle: '" +
                         network.nodes[closing.to].spec->name.text + "' feeds '" +
                         network.nodes[closing.from].spec->name.text + "'");
  if (path.size() > 1)
    diagnostics.note(network.hyperconnections[path[1]].range, "by way of this one");
}

bool rnet::findOrder(Network &network, Diagnostics &diagnostics) {
  std::vector<unsigned> missing(network.nodes.size());
  std::priority_queue<unsigned, std::vector<unsigned>, std::greater<>> ready;
  for (unsigned node = 0; node < network.nodes.size(); ++node)
    if ((missing[node] = network.nodes[node].incoming.size()) == 0)
      ready.push(node);
  while (!ready.empty()) {
    const unsigned node = ready.top();
    ready.pop();
    network.order.push_back(node);
    for (unsigned outgoing : network.nodes[node].outgoing)
      if (--missing[network.hyperconnections[outgoing].to] == 0)
        ready.push(network.hyperconnections[outgoing].to);
  }
  if (network.order.size() == network.nodes.size())
    return true;
  reportCycle(network, missing, diagnostics);
  return false;
}

void rnet::sortExits(Network &network) {
  std::vector<unsigned> places(network.order.size());
  for (unsigned place = 0; place < network.order.size(); ++place)
    places[network.order[place]] = place;
  llvm::sort(network.exits, [&](const model::Exit &left, const model::Exit &right) {
    return places[left.node] > places[right.node];
  });
}

//===-- Reachability --------------------------------------------------------------------------===//

void rnet::checkReachability(const Network &network, Diagnostics &diagnostics) {
  std::vector<bool> reached(network.nodes.size()), useful(network.nodes.size());
  for (unsigned node : network.order) {
    if (!network.nodes[node].inputs.empty())
      reached[node] = true;
    for (unsigned incoming : network.nodes[node].incoming)
      if (reached[network.hyperconnections[incoming].from])
        reached[node] = true;
  }
  for (const model::Output &output : network.outputs)
    useful[output.node] = true;
  for (const model::Exit &exit : network.exits)
    useful[exit.node] = true;
  for (unsigned node : llvm::reverse(network.order))
    for (unsigned outgoing : network.nodes[node].outgoing)
      if (useful[network.hyperconnections[outgoing].to])
        useful[node] = true;
  for (const model::Output &output : network.outputs)
    if (!reached[output.node])
      diagnostics.report("unreached-output", output.spec->name.range,
                         "no input reaches output '" + output.spec->name.text + "'");
  for (unsigned node = 0; node < network.nodes.size(); ++node) {
    const ast::Name &name = network.nodes[node].spec->name;
    if (!reached[node])
      diagnostics.report("unreachable-node", name.range,
                         "no input reaches node '" + name.text + "'");
    else if (!useful[node])
      diagnostics.report("unused-node", name.range,
                         "nothing that '" + name.text + "' computes reaches an output");
  }
}

//===-- Stand-ins -----------------------------------------------------------------------------===//

/// Nodes on the shortest way by simple hyperconnections from `sender` to the sender of `simple`,
/// that included; nothing where there is no way.
static std::optional<unsigned> countBypassed(const Network &network, unsigned sender,
                                             unsigned simple) {
  llvm::DenseMap<unsigned, unsigned> distance;
  std::queue<unsigned> queue;
  const unsigned last = network.hyperconnections[simple].from;
  distance[last] = 1;
  queue.push(last);
  while (!queue.empty()) {
    const unsigned node = queue.front();
    queue.pop();
    if (node == sender)
      return distance[node] - 1;
    for (unsigned incoming : network.nodes[node].incoming) {
      const Hyperconnection &connection = network.hyperconnections[incoming];
      if (!connection.isSkip && distance.try_emplace(connection.from, distance[node] + 1).second)
        queue.push(connection.from);
    }
  }
  return std::nullopt;
}

std::vector<unsigned> rnet::findBypassed(const Network &network, unsigned sender,
                                         unsigned receiver) {
  std::vector<unsigned> result;
  for (unsigned incoming : network.nodes[receiver].incoming)
    if (!network.hyperconnections[incoming].isSkip &&
        countBypassed(network, sender, incoming).value_or(0) > 0)
      result.push_back(incoming);
  return result;
}

/// Notes where simple hyperconnections from a node end, if they lead anywhere.
static void noteDeadEnd(const Network &network, unsigned sender, Diagnostics &diagnostics) {
  std::vector<bool> seen(network.nodes.size());
  std::queue<unsigned> queue;
  seen[sender] = true;
  queue.push(sender);
  while (!queue.empty()) {
    const unsigned node = queue.front();
    queue.pop();
    for (unsigned outgoing : network.nodes[node].outgoing) {
      const Hyperconnection &connection = network.hyperconnections[outgoing];
      if (connection.isSkip || seen[connection.to])
        continue;
      const model::Node &next = network.nodes[connection.to];
      if (llvm::all_of(next.outgoing,
                       [&](unsigned i) { return network.hyperconnections[i].isSkip; })) {
        // A simple hyperconnection ends with the name of its receiver.
        const uint32_t end = connection.range.end;
        diagnostics.note(
            {end - static_cast<uint32_t>(next.spec->name.text.size()), end, connection.range.file},
            "simple hyperconnections from '" + network.nodes[sender].spec->name.text +
                "' end here");
        return;
      }
      seen[connection.to] = true;
      queue.push(connection.to);
    }
  }
}

/// Notes some simple hyperconnections of a node.
static void noteSimple(const Network &network, llvm::StringRef name, Diagnostics &diagnostics) {
  constexpr unsigned kMaxNotes = 3;
  unsigned notes = 0;
  for (const Hyperconnection &connection : network.hyperconnections)
    if (!connection.isSkip &&
        (network.nodes[connection.from].spec->name.text == name ||
         network.nodes[connection.to].spec->name.text == name) &&
        notes++ < kMaxNotes)
      diagnostics.note(connection.range, "a simple hyperconnection of '" + name + "'");
}

void rnet::findStandIns(Network &network, llvm::ArrayRef<SkipGroup> groups,
                        Diagnostics &diagnostics) {
  for (const SkipGroup &group : groups) {
    const unsigned receiver = network.hyperconnections[group.members.front()].to;
    const model::Node &node = network.nodes[receiver];
    const std::string &receiverName = node.spec->name.text;
    llvm::SmallVector<unsigned> simple;
    for (unsigned incoming : node.incoming)
      if (!network.hyperconnections[incoming].isSkip)
        simple.push_back(incoming);

    model::StandIn standIn{receiver, group.members, {}, 0};
    if (group.named->empty()) {
      // What any member bypasses.
      for (unsigned connection : simple)
        for (unsigned member : group.members)
          if (auto bypassed =
                  countBypassed(network, network.hyperconnections[member].from, connection);
              bypassed && *bypassed > 0) {
            if (!llvm::is_contained(standIn.standsFor, connection))
              standIn.standsFor.push_back(connection);
            standIn.bypassed = std::max(standIn.bypassed, *bypassed);
          }
      if (standIn.standsFor.empty()) {
        diagnostics.report(
            "useless-skip", group.range,
            "this skip bypasses no node: no chain of simple hyperconnections leads the same way");
        noteDeadEnd(network, network.hyperconnections[group.members.front()].from, diagnostics);
        continue;
      }
      if (standIn.standsFor.size() > 1) {
        std::string names;
        for (unsigned connection : standIn.standsFor)
          names += (names.empty() ? "'" : "' or '") +
                   network.nodes[network.hyperconnections[connection].from].spec->name.text;
        diagnostics.report("ambiguous-stand-in", group.range,
                           "which input of '" + receiverName +
                               "' this skip stands in for is unclear: write 'for' and " + names +
                               "'");
        diagnostics.note(node.spec->name.range, "'" + receiverName + "' is declared here");
        continue;
      }
    } else {
      bool good = true;
      for (const ast::Name &name : *group.named) {
        auto found = llvm::find_if(simple, [&](unsigned connection) {
          return network.nodes[network.hyperconnections[connection].from].spec->name.text ==
                 name.text;
        });
        if (found == simple.end()) {
          diagnostics.report("bad-stand-in", name.range,
                             "'" + name.text + "' has no simple hyperconnection to '" +
                                 receiverName + "'");
          noteSimple(network, name.text, diagnostics);
          noteSimple(network, receiverName, diagnostics);
          good = false;
          continue;
        }
        standIn.standsFor.push_back(*found);
        for (unsigned member : group.members)
          if (auto bypassed = countBypassed(network, network.hyperconnections[member].from, *found))
            standIn.bypassed = std::max(standIn.bypassed, *bypassed);
      }
      if (!good)
        continue;
    }
    network.standIns.push_back(std::move(standIn));
  }
}
