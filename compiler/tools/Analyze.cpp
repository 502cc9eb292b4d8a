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
      : network(network), report(analyzeFlow(network, options)), settings(report.settings) {}

  void print(llvm::raw_ostream &out);
  json::Value describe();

private:
  /// What is expected of an inference where each `Op` costs so much with its probability.
  template <class Op>
  double expected(ArrayRef<double> probabilities, llvm::function_ref<int64_t(Op)> cost) {
    double sum = 0;
    for (auto [op, probability] : llvm::zip_equal(network.getOps<Op>(), probabilities))
      sum += probability * static_cast<double>(cost(op));
    return sum;
  }
  double sent(const SettingFlow &setting) {
    return expected<HyperconnectionOp>(setting.carries, getBytes);
  }
  double multiplyAdds(const SettingFlow &setting) {
    return expected<NodeOp>(setting.live, getMultiplyAdds);
  }
  /// A line for each name; `number`: its place among the losses.
  struct Line {
    size_t number;
    std::string name;
  };
  void printLosses(llvm::raw_ostream &out, StringRef title,
                   std::vector<double> SettingFlow::*losses, ArrayRef<Line> lines);

  /// Of all nodes, links or groups; nothing where there are none.
  template <class Kind> void printCauses(llvm::raw_ostream &out, StringRef title);
  void printRoutes(llvm::raw_ostream &out);
  template <class Kind>
  void describeCauses(json::Object &object, StringRef title, const SettingFlow &setting);

  NetworkOp network;
  FlowReport report;
  const std::vector<SettingFlow> &settings;
};

} // namespace

void Analysis::printLosses(llvm::raw_ostream &out, StringRef title,
                           std::vector<double> SettingFlow::*losses, ArrayRef<Line> lines) {
  out << '\n';
  if (llvm::any_of(settings,
                   [&](const SettingFlow &setting) { return (setting.*losses).empty(); })) {
    out << title << ": not computed, the network is too large\n";
    return;
  }
  out << llvm::left_justify(title, 36);
  for (const SettingFlow &setting : settings)
    out << llvm::right_justify(setting.name, 12);
  out << '\n';
  for (const auto &[k, name] : lines) {
    if (llvm::all_of(settings,
                     [&](const SettingFlow &setting) { return std::isnan((setting.*losses)[k]); }))
      continue; // what never fails
    out << "  " << llvm::left_justify(name, 34);
    for (const SettingFlow &setting : settings)
      out << llvm::formatv("{0,12:F4}", (setting.*losses)[k]);
    out << '\n';
  }
}

template <class Kind> void Analysis::printCauses(llvm::raw_ostream &out, StringRef title) {
  SmallVector<Line> lines;
  for (auto [k, cause] : llvm::enumerate(report.causes))
    if (isa<Kind>(cause.op))
      lines.push_back(
          {k, cause.name.str() + (report.isSinglePoint(k) ? "  (alone ends all flow)" : "")});
  if (!lines.empty())
    printLosses(out, title, &SettingFlow::lostWithCause, lines);
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
  printCauses<NodeOp>(out, "flow lost while a node is down");
  printCauses<LinkOp>(out, "flow lost while a link is down");
  printCauses<GroupOp>(out, "flow lost while a group is down");
  SmallVector<Line> connections;
  for (auto [k, connection] : llvm::enumerate(network.getOps<HyperconnectionOp>()))
    connections.push_back(
        {k,
         (connection.getName() + "  " + stringifyHyperconnectionKind(connection.getKind())).str()});
  printLosses(out, "flow lost without a hyperconnection", &SettingFlow::lostWithHyperconnection,
              connections);
  printRoutes(out);
}

void Analysis::printRoutes(llvm::raw_ostream &out) {
  if (network.getOps<LinkOp>().empty())
    return;
  out << '\n'
      << llvm::left_justify("hyperconnection", 36) << "over links, by nodes that relay it\n";
  for (auto connection : network.getOps<HyperconnectionOp>())
    out << "  " << llvm::left_justify(connection.getName(), 34)
        << llvm::join(connection.getRoute()->getAsValueRange<StringAttr>(), ", ") << '\n';
}

template <class Kind>
void Analysis::describeCauses(json::Object &object, StringRef title, const SettingFlow &setting) {
  if (network.getOps<Kind>().empty())
    return;
  json::Object losses;
  for (auto [cause, lost] : llvm::zip_equal(report.causes, setting.lostWithCause))
    if (isa<Kind>(cause.op) && !std::isnan(lost))
      losses[cause.name] = lost;
  object[title] = std::move(losses);
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
    if (!setting.lostWithCause.empty()) {
      describeCauses<NodeOp>(object, "lost_with_node", setting);
      describeCauses<LinkOp>(object, "lost_with_link", setting);
      describeCauses<GroupOp>(object, "lost_with_group", setting);
      json::Object connections;
      for (auto [connection, lost] :
           llvm::zip_equal(network.getOps<HyperconnectionOp>(), setting.lostWithHyperconnection))
        connections[connection.getName()] = lost;
      object["lost_with_hyperconnection"] = std::move(connections);
    }
    all[setting.name] = std::move(object);
  }
  json::Array points;
  for (auto [k, cause] : llvm::enumerate(report.causes))
    if (report.isSinglePoint(k))
      points.push_back(cause.name);
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
