// What failures do to a network, before it is trained.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Analyze.h"

#include "Describe.h"
#include "rnet/Analysis/Cost.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;
using namespace rnet::tools;
namespace json = llvm::json;

namespace {

class Analysis {
public:
  Analysis(NetworkOp network, const FlowOptions &options)
      : network(network), settings(analyzeFlow(network, options)) {}

  void print(llvm::raw_ostream &out);
  json::Value describe();

private:
  /// What is expected of an inference where a node that is live costs so much.
  double expected(const SettingFlow &setting, llvm::function_ref<int64_t(NodeOp)> cost) {
    double sum = 0;
    for (auto [node, probability] : llvm::zip_equal(network.getOps<NodeOp>(), setting.live))
      sum += probability * static_cast<double>(cost(node));
    return sum;
  }
  double sent(const SettingFlow &setting) { return expected(setting, getBytesSent); }
  double multiplyAdds(const SettingFlow &setting) { return expected(setting, getMultiplyAdds); }
  template <class Of>
  void printLosses(llvm::raw_ostream &out, StringRef title, Of losses, ArrayRef<std::string> names);

  NetworkOp network;
  std::vector<SettingFlow> settings;
};

} // namespace

template <class Of>
void Analysis::printLosses(llvm::raw_ostream &out, StringRef title, Of losses,
                           ArrayRef<std::string> names) {
  if (llvm::any_of(settings, [&](const SettingFlow &setting) { return losses(setting).empty(); })) {
    out << title << ": not computed, the network is too large\n";
    return;
  }
  out << llvm::left_justify(title, 36);
  for (const SettingFlow &setting : settings)
    out << llvm::right_justify(setting.name, 12);
  out << '\n';
  for (auto [k, name] : llvm::enumerate(names)) {
    if (llvm::all_of(settings,
                     [&](const SettingFlow &setting) { return std::isnan(losses(setting)[k]); }))
      continue; // a node that never fails
    out << "  " << llvm::left_justify(name, 34);
    for (const SettingFlow &setting : settings)
      out << llvm::formatv("{0,12:F4}", losses(setting)[k]);
    out << '\n';
  }
}

void Analysis::print(llvm::raw_ostream &out) {
  out << network.getSymName() << ", scheme " << spellScheme(*network.getScheme()) << "\n\n"
      << "setting                     information flow         sent B  multiply-adds   (expected, "
         "an inference)\n";
  for (const SettingFlow &setting : settings) {
    out << llvm::left_justify(setting.name, 16) << llvm::formatv("{0,28:F6}", setting.flow)
        << llvm::right_justify(grouped(std::llround(sent(setting))), 15)
        << llvm::right_justify(grouped(std::llround(multiplyAdds(setting))), 15) << '\n';
    if (setting.estimate)
      out << llvm::formatv("  sampled; with 95 % confidence from {0:F6} to {1:F6}\n",
                           setting.estimate->low, setting.estimate->high);
  }
  std::vector<std::string> nodes, links;
  for (auto [k, node] : llvm::enumerate(network.getOps<NodeOp>()))
    nodes.push_back(node.getName().str() +
                    (isSinglePoint(settings, k) ? "  (alone ends all flow)" : ""));
  for (auto connection : network.getOps<HyperconnectionOp>())
    links.push_back(
        (connection.getName() + "  " + stringifyHyperconnectionKind(connection.getKind())).str());
  out << '\n';
  printLosses(
      out, "flow lost while a node is down",
      [](const SettingFlow &s) -> auto & { return s.lostWithNode; }, nodes);
  out << '\n';
  printLosses(
      out, "flow lost without a hyperconnection",
      [](const SettingFlow &s) -> auto & { return s.lostWithLink; }, links);
}

json::Value Analysis::describe() {
  json::Object all;
  for (const SettingFlow &setting : settings) {
    json::Object object{{"flow", setting.flow},
                        {"exact", !setting.estimate},
                        {"sent_bytes", sent(setting)},
                        {"multiply_adds", multiplyAdds(setting)}};
    if (setting.estimate)
      object["interval"] = json::Array{setting.estimate->low, setting.estimate->high};
    if (!setting.lostWithNode.empty()) {
      json::Object nodes, links;
      for (auto [node, lost] : llvm::zip_equal(network.getOps<NodeOp>(), setting.lostWithNode))
        if (!std::isnan(lost))
          nodes[node.getName()] = lost;
      for (auto [link, lost] :
           llvm::zip_equal(network.getOps<HyperconnectionOp>(), setting.lostWithLink))
        links[link.getName()] = lost;
      object["lost_with_node"] = std::move(nodes);
      object["lost_with_hyperconnection"] = std::move(links);
    }
    all[setting.name] = std::move(object);
  }
  json::Array points;
  for (auto [k, node] : llvm::enumerate(network.getOps<NodeOp>()))
    if (isSinglePoint(settings, k))
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
