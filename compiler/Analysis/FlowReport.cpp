// What failures do to a network under each of its reliability settings.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/FlowReport.h"

#include <cmath>

using namespace mlir;
using namespace rnet;

/// Graphs of more links than this are not taken apart link by link.
static constexpr size_t kMostLinks = 2000;

static void addLosses(const FlowGraph &graph, const std::vector<double> &up, SettingFlow &result) {
  auto lost = [&](const FlowGraph &rest, ArrayRef<double> reliability) {
    auto left = computeLive(rest, reliability);
    // What is left is never more, but for rounding.
    return left ? std::max(0.0, result.flow - (*left)[graph.output]) : std::nan("");
  };
  for (unsigned node = 0; node < graph.size(); ++node) {
    std::vector<double> down = up;
    down[node] = 0;
    result.lostWithNode.push_back(up[node] < 1 ? lost(graph, down) : std::nan(""));
  }
  for (unsigned link = 0; link < graph.links.size(); ++link)
    result.lostWithLink.push_back(lost(without(graph, link), up));
}

static SettingFlow analyze(const FlowGraph &graph, llvm::StringRef name,
                           const std::vector<double> &up, const FlowOptions &options) {
  SettingFlow result;
  result.name = name;
  if (auto live = computeLive(graph, up)) {
    result.live = std::move(*live);
    result.flow = result.live[graph.output];
    if (graph.links.size() <= kMostLinks)
      addLosses(graph, up, result);
    return result;
  }
  const size_t most = 1'000'000,
               samples =
                   options.samples.value_or(most * 4'000 / std::max<size_t>(graph.size(), 4'000));
  const std::vector<FlowEstimate> estimates = estimateLive(graph, up, samples, options.seed);
  for (const FlowEstimate &estimate : estimates)
    result.live.push_back(estimate.flow);
  result.flow = result.live[graph.output];
  result.estimate = estimates[graph.output];
  return result;
}

std::vector<SettingFlow> rnet::analyzeFlow(NetworkOp network, const FlowOptions &options) {
  const FlowGraph graph = getFlowGraph(network);
  std::vector<SettingFlow> settings;
  for (auto setting : network.getOps<ReliabilityOp>())
    settings.push_back(
        analyze(graph, setting.getName(), getReliability(network, setting), options));
  return settings;
}

bool rnet::isSinglePoint(llvm::ArrayRef<SettingFlow> settings, size_t node) {
  return llvm::any_of(settings, [&](const SettingFlow &setting) {
    return !setting.lostWithNode.empty() && setting.lostWithNode[node] == setting.flow;
  });
}
