// Whether information still flows while nodes fail.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/Flow.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace rnet;

//===-- From the IR ---------------------------------------------------------------------------===//

namespace {
/// Vertices come just before the first that depends on them, so that few are on the way at a time.
class FlowBuilder {
public:
  FlowBuilder(NetworkOp network, bool standbys) : network(network), standbys(standbys) {
    flow.causes = findFailureCauses(network);
    flow.failures.resize(flow.causes.size());
    for (auto [number, connection] : llvm::enumerate(network.getOps<HyperconnectionOp>()))
      connections[connection] = number;
    flow.hyperconnections = connections.size();
    flow.spared.resize(connections.size());
    cutBy.resize(connections.size());
    downBy.resize(llvm::range_size(network.getOps<NodeOp>()));
    for (auto [number, cause] : llvm::enumerate(flow.causes)) {
      // A node that fails and relays nothing needs no vertex but that of its answer.
      if (!cause.failable || (cause.isNode() && cause.cut.empty()))
        continue;
      for (unsigned node : cause.nodes)
        downBy[node].push_back(number);
      for (unsigned connection : cause.cut)
        cutBy[connection].push_back(number);
    }
  }

  NetworkFlow run() {
    llvm::StringMap<unsigned> vertices;
    std::vector<bool> hasInput(downBy.size());
    for (auto input : network.getOps<InputOp>())
      hasInput[findNode(input.getNode())] = true;
    std::vector<std::optional<unsigned>> routes(connections.size());
    for (auto [number, node] : llvm::enumerate(network.getOps<NodeOp>())) {
      for (Value input : node.getInputs())
        if (auto connection = input.getDefiningOp<HyperconnectionOp>())
          if (const unsigned k = connections.lookup(connection); !cutBy[k].empty()) {
            routes[k] = add(false, cutBy[k]);
            further.push_back({vertices.lookup(connection.getSender().getName()), *routes[k]});
          }
      if (standbys)
        addSpared(node, [&](HyperconnectionOp connection) {
          return routes[connections.lookup(connection)].value_or(
              vertices.lookup(connection.getSender().getName()));
        });
      const unsigned vertex = add(hasInput[number], downBy[number]);
      flow.nodes.push_back(vertices[node.getName()] = vertex);
      if (!llvm::is_contained(downBy[number], number))
        flow.failures[number] = vertex;
    }
    // What may fail and cuts nothing has one all the same.
    for (auto [number, cause] : llvm::enumerate(flow.causes))
      if (cause.failable && !flow.failures[number])
        flow.failures[number] = add(true, {});
    for (auto [number, connection] : llvm::enumerate(network.getOps<HyperconnectionOp>()))
      flow.graph.links.push_back(
          {routes[number].value_or(vertices.lookup(connection.getSender().getName())),
           vertices.lookup(connection.getReceiver())});
    llvm::append_range(flow.graph.links, further);
    auto output = *network.getOps<OutputOp>().begin();
    flow.graph.output = vertices.lookup(output.getValue().getDefiningOp<NodeOp>().getName());
    addExits(vertices);
    return std::move(flow);
  }

private:
  /// A vertex for the answer, whoever gives it.
  void addExits(const llvm::StringMap<unsigned> &vertices) {
    auto exits = network.getOps<ExitOp>();
    if (exits.empty())
      return;
    const unsigned answer = add(false, {});
    flow.graph.links.push_back({flow.graph.output, answer});
    for (auto exit : exits)
      flow.graph.links.push_back({vertices.lookup(exit.getNode().getName()), answer});
    flow.graph.output = answer;
  }
  /// `arrival`: the vertex that is live while something comes along a hyperconnection.
  void addSpared(NodeOp receiver, llvm::function_ref<unsigned(HyperconnectionOp)> arrival) {
    auto inputAt = [&](int64_t position) {
      return receiver.getInputs()[position].getDefiningOp<HyperconnectionOp>();
    };
    for (auto mux : receiver.getBody().getOps<MuxOp>())
      for (auto group : mux.getStandIns().getAsRange<StandInAttr>())
        for (int64_t member : group.getMembers().asArrayRef()) {
          HyperconnectionOp connection = inputAt(member);
          if (!connection.getStandby())
            continue;
          const unsigned rather = add(false, {});
          auto take = [&](DenseI64ArrayAttr positions) {
            for (int64_t position : positions.asArrayRef())
              further.push_back({arrival(inputAt(position)), rather});
          };
          take(group.getStandsFor());
          for (auto other : mux.getStandIns().getAsRange<StandInAttr>())
            if (other.getStandsFor() == group.getStandsFor() &&
                other.getBypassed() < group.getBypassed())
              take(other.getMembers());
          const unsigned spared = add(false, {});
          further.push_back({arrival(connection), spared});
          flow.graph.needs.resize(spared + 1);
          flow.graph.needs.back().push_back(rather);
          flow.spared[connections.lookup(connection)] = spared;
        }
  }
  unsigned findNode(StringRef name) const {
    return llvm::find_if(flow.causes, [&](auto &cause) { return cause.name == name; }) -
           flow.causes.begin();
  }
  unsigned add(bool isSource, llvm::ArrayRef<unsigned> causes) {
    llvm::SmallVector<unsigned, 2> needs;
    for (unsigned cause : causes) {
      if (!flow.failures[cause])
        flow.failures[cause] = add(true, {});
      needs.push_back(*flow.failures[cause]);
    }
    const unsigned vertex = flow.graph.size();
    flow.graph.sources.push_back(isSource);
    if (!needs.empty()) {
      flow.graph.needs.resize(vertex + 1);
      flow.graph.needs.back() = std::move(needs);
    }
    return vertex;
  }

  NetworkOp network;
  const bool standbys;
  NetworkFlow flow;
  llvm::DenseMap<Operation *, unsigned> connections;
  std::vector<llvm::SmallVector<unsigned, 2>> downBy, cutBy; ///< causes, of nodes, connections
  std::vector<FlowGraph::Link> further; ///< behind those of the hyperconnections
};
} // namespace

NetworkFlow rnet::getFlow(NetworkOp network, bool standbys) {
  return FlowBuilder(network, standbys).run();
}

std::vector<double> rnet::getReliability(const NetworkFlow &flow, ReliabilityOp setting) {
  std::vector<double> up(flow.graph.size(), 1);
  for (auto [cause, vertex] : llvm::zip_equal(flow.causes, flow.failures))
    if (auto value = setting.getCauses().getAs<FloatAttr>(cause.name); value && vertex)
      up[*vertex] = value.getValueAsDouble();
  return up;
}

//===-- Ways ----------------------------------------------------------------------------------===//

namespace {
/// What feeds each vertex, and the last one that it feeds or that needs it; 0: there is none.
struct Ways {
  explicit Ways(const FlowGraph &graph)
      : incoming(graph.size()), needs(graph.needs), lastUse(graph.size()) {
    needs.resize(graph.size());
    for (unsigned vertex = 0; vertex < graph.size(); ++vertex)
      for (unsigned need : needs[vertex])
        lastUse[need] = std::max(lastUse[need], vertex);
    for (const FlowGraph::Link &link : graph.links) {
      incoming[link.to].push_back(link.from);
      lastUse[link.from] = std::max(lastUse[link.from], link.to);
    }
  }

  std::vector<llvm::SmallVector<unsigned, 2>> incoming, needs;
  std::vector<unsigned> lastUse;
};
} // namespace

FlowGraph rnet::without(const FlowGraph &graph, unsigned link) {
  FlowGraph rest = graph;
  rest.links.erase(rest.links.begin() + link);
  return rest;
}

std::optional<std::vector<double>> rnet::computeLive(const FlowGraph &graph,
                                                     llvm::ArrayRef<double> up, size_t limit) {
  const Ways ways(graph);
  std::vector<double> result(graph.size());
  // Bit `slot[vertex]` of a state says that the vertex is live, from its own turn to that of the
  // last one it feeds.
  std::vector<unsigned> slot(graph.size());
  std::vector<std::pair<uint64_t, double>> states{{0, 1}}, next;
  uint64_t taken = 0;
  for (unsigned vertex = 0; vertex < graph.size(); ++vertex) {
    uint64_t feeds = 0, needed = 0, ends = 0, own = 0;
    auto use = [&](unsigned from, uint64_t &as) {
      as |= uint64_t(1) << slot[from];
      if (ways.lastUse[from] == vertex)
        ends |= uint64_t(1) << slot[from];
    };
    for (unsigned from : ways.incoming[vertex])
      use(from, feeds);
    for (unsigned need : ways.needs[vertex])
      use(need, needed);
    taken &= ~ends;
    if (ways.lastUse[vertex] > 0) {
      if (~taken == 0)
        return std::nullopt;
      slot[vertex] = llvm::countr_one(taken);
      own = uint64_t(1) << slot[vertex];
      taken |= own;
    }
    next.clear();
    for (const auto &[state, probability] : states) {
      const bool reached = graph.sources[vertex] || (state & feeds);
      const double live = reached && (state & needed) == needed ? up[vertex] : 0;
      result[vertex] += probability * live;
      if (live > 0)
        next.emplace_back((state & ~ends) | own, probability * live);
      if (live < 1)
        next.emplace_back(state & ~ends, probability * (1 - live));
    }
    // States that no later vertex can tell apart are one.
    llvm::sort(next, llvm::less_first());
    states.clear();
    for (const auto &[state, probability] : next)
      if (!states.empty() && states.back().first == state)
        states.back().second += probability;
      else
        states.emplace_back(state, probability);
    if (states.size() > limit)
      return std::nullopt;
  }
  return result;
}

//===-- Sampling ------------------------------------------------------------------------------===//

/// 64 independent bits, each 1 with this probability: bits of the probability against random ones,
/// from the highest down, until all 64 comparisons are decided.
static uint64_t drawBits(double probability, std::mt19937_64 &random) {
  if (probability >= 1)
    return ~uint64_t(0);
  uint64_t result = 0, open = ~uint64_t(0);
  for (double rest = probability; open != 0 && rest > 0;) {
    rest *= 2;
    const uint64_t bits = random();
    if (rest >= 1) {
      rest -= 1;
      result |= open & ~bits;
      open &= bits;
    } else {
      open &= ~bits;
    }
  }
  return result;
}

std::vector<FlowEstimate> rnet::estimateLive(const FlowGraph &graph, llvm::ArrayRef<double> up,
                                             size_t samples, uint64_t seed) {
  const Ways ways(graph);
  std::mt19937_64 random(seed);
  std::vector<uint64_t> live(graph.size());
  std::vector<size_t> hits(graph.size());
  size_t count = 0;
  for (; count < samples; count += 64) {
    for (unsigned vertex = 0; vertex < graph.size(); ++vertex) {
      uint64_t reached = graph.sources[vertex] ? ~uint64_t(0) : 0;
      for (unsigned from : ways.incoming[vertex])
        reached |= live[from];
      for (unsigned need : ways.needs[vertex])
        reached &= live[need];
      live[vertex] = reached ? reached & drawBits(up[vertex], random) : 0;
      hits[vertex] += llvm::popcount(live[vertex]);
    }
  }
  const double n = static_cast<double>(count), z = 1.959964;
  std::vector<FlowEstimate> estimates;
  for (size_t hit : hits) {
    const double p = static_cast<double>(hit) / n, middle = (p + z * z / (2 * n)) / (1 + z * z / n),
                 reach = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    estimates.push_back({p, middle - reach, middle + reach});
  }
  return estimates;
}
