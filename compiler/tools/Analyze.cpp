// What failures do to a network, before it is trained.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Analyze.h"

#include "Describe.h"
#include "rnet/Analysis/Cost.h"
#include "rnet/Analysis/Flow.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;
using namespace rnet::tools;
namespace json = llvm::json;

/// Graphs of more links than this are not taken apart link by link.
static constexpr size_t kMostLinks = 2000;

namespace {

struct Setting {
  StringRef name;
  double flow = 0;
  std::optional<FlowEstimate> estimate; ///< where the flow is not exact
  double sent = 0, multiplyAdds = 0;    ///< expected, an inference
  /// Flow that is lost where a node is down, or a hyperconnection is not there; empty where the
  /// flow is not exact, or the network too large.
  std::vector<double> withoutNode, withoutLink;
};

class Analysis {
public:
  Analysis(NetworkOp network, const AnalyzeOptions &how)
      : network(network), graph(getFlowGraph(network)), how(how) {
    for (auto setting : network.getOps<ReliabilityOp>())
      settings.push_back(analyze(setting));
  }

  void print(llvm::raw_ostream &out);
  json::Value describe();

private:
  /// All flow is lost while the node is down; not where losses are not known, or the node never
  /// fails.
  bool isSinglePoint(size_t node) const {
    return llvm::any_of(settings, [&](const Setting &setting) {
      return !setting.withoutNode.empty() && setting.withoutNode[node] == setting.flow;
    });
  }
  Setting analyze(ReliabilityOp op) {
    Setting setting;
    setting.name = op.getName();
    const std::vector<double> up = getReliability(network, op);
    std::optional<std::vector<double>> live = computeLive(graph, up);
    if (!live) {
      const std::vector<FlowEstimate> estimates = estimateLive(graph, up, how.samples, how.seed);
      setting.estimate = estimates[graph.output];
      live.emplace();
      for (const FlowEstimate &estimate : estimates)
        live->push_back(estimate.flow);
    }
    setting.flow = (*live)[graph.output];
    for (auto [node, probability] : llvm::zip_equal(network.getOps<NodeOp>(), *live)) {
      setting.sent += probability * static_cast<double>(getBytesSent(node));
      setting.multiplyAdds += probability * static_cast<double>(getCost(node).multiplyAdds);
    }
    if (setting.estimate || graph.links.size() > kMostLinks)
      return setting;
    auto lost = [&](const FlowGraph &rest, ArrayRef<double> reliability) {
      auto left = computeLive(rest, reliability);
      // What is left is never more, but for rounding.
      return left ? std::max(0.0, setting.flow - (*left)[graph.output]) : std::nan("");
    };
    for (unsigned node = 0; node < graph.size(); ++node) {
      std::vector<double> down = up;
      down[node] = 0;
      setting.withoutNode.push_back(up[node] < 1 ? lost(graph, down) : std::nan(""));
    }
    for (unsigned link = 0; link < graph.links.size(); ++link)
      setting.withoutLink.push_back(lost(without(graph, link), up));
    return setting;
  }

  template <class Of>
  void printLosses(llvm::raw_ostream &out, StringRef title, Of losses, ArrayRef<std::string> names);

  NetworkOp network;
  FlowGraph graph;
  const AnalyzeOptions &how;
  std::vector<Setting> settings;
};

} // namespace

template <class Of>
void Analysis::printLosses(llvm::raw_ostream &out, StringRef title, Of losses,
                           ArrayRef<std::string> names) {
  if (llvm::any_of(settings, [&](const Setting &setting) { return losses(setting).empty(); })) {
    out << title << ": not computed, the network is too large\n";
    return;
  }
  out << llvm::left_justify(title, 36);
  for (const Setting &setting : settings)
    out << llvm::right_justify(setting.name, 12);
  out << '\n';
  for (auto [k, name] : llvm::enumerate(names)) {
    if (llvm::all_of(settings,
                     [&](const Setting &setting) { return std::isnan(losses(setting)[k]); }))
      continue; // a node that never fails
    out << "  " << llvm::left_justify(name, 34);
    for (const Setting &setting : settings)
      out << llvm::formatv("{0,12:F4}", losses(setting)[k]);
    out << '\n';
  }
}

void Analysis::print(llvm::raw_ostream &out) {
  out << network.getSymName() << ", scheme " << spellScheme(*network.getScheme()) << "\n\n"
      << "setting                     information flow         sent B  multiply-adds   (expected, "
         "an inference)\n";
  for (const Setting &setting : settings) {
    out << llvm::left_justify(setting.name, 16) << llvm::formatv("{0,28:F6}", setting.flow)
        << llvm::right_justify(grouped(std::llround(setting.sent)), 15)
        << llvm::right_justify(grouped(std::llround(setting.multiplyAdds)), 15) << '\n';
    if (setting.estimate)
      out << llvm::formatv("  sampled; with 95 % confidence from {0:F6} to {1:F6}\n",
                           setting.estimate->low, setting.estimate->high);
  }
  std::vector<std::string> nodes, links;
  for (auto [k, node] : llvm::enumerate(network.getOps<NodeOp>()))
    nodes.push_back(node.getName().str() + (isSinglePoint(k) ? "  (alone ends all flow)" : ""));
  for (auto connection : network.getOps<HyperconnectionOp>())
    links.push_back(
        (connection.getName() + "  " + stringifyHyperconnectionKind(connection.getKind())).str());
  out << '\n';
  printLosses(
      out, "flow lost while a node is down",
      [](const Setting &s) -> auto & { return s.withoutNode; }, nodes);
  out << '\n';
  printLosses(
      out, "flow lost without a hyperconnection",
      [](const Setting &s) -> auto & { return s.withoutLink; }, links);
}

json::Value Analysis::describe() {
  json::Object all;
  for (const Setting &setting : settings) {
    json::Object object{{"flow", setting.flow},
                        {"exact", !setting.estimate},
                        {"sent_bytes", setting.sent},
                        {"multiply_adds", setting.multiplyAdds}};
    if (setting.estimate)
      object["interval"] = json::Array{setting.estimate->low, setting.estimate->high};
    if (!setting.withoutNode.empty()) {
      json::Object nodes, links;
      for (auto [node, lost] : llvm::zip_equal(network.getOps<NodeOp>(), setting.withoutNode))
        if (!std::isnan(lost))
          nodes[node.getName()] = lost;
      for (auto [link, lost] :
           llvm::zip_equal(network.getOps<HyperconnectionOp>(), setting.withoutLink))
        links[link.getName()] = lost;
      object["lost_with_node"] = std::move(nodes);
      object["lost_with_hyperconnection"] = std::move(links);
    }
    all[setting.name] = std::move(object);
  }
  json::Array points;
  for (auto [k, node] : llvm::enumerate(network.getOps<NodeOp>()))
    if (isSinglePoint(k))
      points.push_back(node.getName());
  return json::Object{{"schema", 1},
                      {"network", network.getSymName()},
                      {"scheme", spellScheme(*network.getScheme())},
                      {"settings", std::move(all)},
                      {"single_points", std::move(points)}};
}

int tools::analyze(const std::string &path, Scheme scheme, const SpecOptions &options,
                   const AnalyzeOptions &how) {
  Spec spec(options);
  if (!spec.load(path, scheme) || !spec.compileNetwork(scheme))
    return 1;
  Analysis analysis(spec.getNetwork(), how);
  if (how.json)
    llvm::outs() << llvm::formatv("{0:2}", analysis.describe()) << '\n';
  else
    analysis.print(llvm::outs());
  return 0;
}
