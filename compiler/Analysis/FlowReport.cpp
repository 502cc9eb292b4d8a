// What failures do to a network under each of its reliability settings.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/FlowReport.h"

#include "llvm/ADT/DenseMap.h"

#include <cmath>

using namespace mlir;
using namespace rnet;

/// Graphs of more links than this are not taken apart link by link.
static constexpr size_t kMostLinks = 2000;

static void addLosses(const NetworkFlow &network, const std::vector<double> &up,
                      SettingFlow &result) {
  const FlowGraph &graph = network.graph;
  auto lost = [&](const FlowGraph &rest, ArrayRef<double> reliability) {
    auto left = computeLive(rest, reliability);
    // What is left is never more, but for rounding.
    return left ? std::max(0.0, result.flow - (*left)[graph.output]) : std::nan("");
  };
  for (std::optional<unsigned> vertex : network.failures) {
    if (!vertex || up[*vertex] >= 1) {
      result.lostWithCause.push_back(std::nan(""));
      continue;
    }
    std::vector<double> down = up;
    down[*vertex] = 0;
    result.lostWithCause.push_back(lost(graph, down));
  }
  for (unsigned link = 0; link < network.hyperconnections; ++link)
    result.lostWithHyperconnection.push_back(lost(without(graph, link), up));
}

/// What the probabilities of all vertices say of nodes and hyperconnections.
static void addLive(const NetworkFlow &network, ArrayRef<unsigned> senders,
                    llvm::function_ref<double(unsigned)> probability, SettingFlow &result) {
  for (unsigned vertex : network.nodes)
    result.live.push_back(probability(vertex));
  for (auto [sender, spared] : llvm::zip_equal(senders, network.spared))
    result.carries.push_back(result.live[sender] - (spared ? probability(*spared) : 0));
}

static SettingFlow analyze(const NetworkFlow &network, ArrayRef<unsigned> senders,
                           llvm::StringRef name, const std::vector<double> &up,
                           const FlowOptions &options) {
  const FlowGraph &graph = network.graph;
  SettingFlow result;
  result.name = name;
  if (auto live = computeLive(graph, up)) {
    addLive(network, senders, [&](unsigned vertex) { return (*live)[vertex]; }, result);
    result.flow = (*live)[graph.output];
    if (graph.links.size() <= kMostLinks)
      addLosses(network, up, result);
    return result;
  }
  const size_t most = 1'000'000,
               samples =
                   options.samples.value_or(most * 4'000 / std::max<size_t>(graph.size(), 4'000));
  const std::vector<FlowEstimate> estimates = estimateLive(graph, up, samples, options.seed);
  addLive(network, senders, [&](unsigned vertex) { return estimates[vertex].flow; }, result);
  result.flow = estimates[graph.output].flow;
  result.estimate = estimates[graph.output];
  return result;
}

FlowReport rnet::analyzeFlow(NetworkOp network, const FlowOptions &options) {
  NetworkFlow flow = getFlow(network, /*standbys=*/true);
  FlowReport report;
  llvm::DenseMap<Operation *, unsigned> nodes;
  for (auto node : network.getOps<NodeOp>())
    nodes.try_emplace(node, nodes.size());
  std::vector<unsigned> senders; // of each hyperconnection
  for (auto connection : network.getOps<HyperconnectionOp>())
    senders.push_back(nodes.lookup(connection.getSender()));
  for (auto setting : network.getOps<ReliabilityOp>())
    report.settings.push_back(
        analyze(flow, senders, setting.getName(), getReliability(flow, setting), options));
  report.causes = std::move(flow.causes);
  return report;
}

bool FlowReport::isSinglePoint(size_t cause) const {
  return llvm::any_of(settings, [&](const SettingFlow &setting) {
    return !setting.lostWithCause.empty() && setting.lostWithCause[cause] == setting.flow;
  });
}
