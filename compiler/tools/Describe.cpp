// A compiled network as JSON and as a drawing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Describe.h"

#include "rnet/Analysis/Cost.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;
namespace json = llvm::json;

static json::Array shapeOf(Type rows) { return json::Array(getRowShape(rows)); }

static json::Array namesOf(ArrayAttr names) {
  return json::Array(llvm::to_vector(names.getAsValueRange<StringAttr>()));
}

static json::Object describeOutput(OutputOp output) {
  json::Object object{{"name", output.getName()},
                      {"node", output.getValue().getDefiningOp<NodeOp>().getName()},
                      {"width", getRowWidth(output.getValue().getType())}};
  if (std::optional<ArrayAttr> classes = output.getClassNames()) {
    json::Array names;
    for (auto name : classes->getAsRange<StringAttr>())
      names.push_back(name.getValue());
    object["classes"] = std::move(names);
  }
  json::Array exits; // in the order in which they answer
  for (auto exit : output->getParentOfType<NetworkOp>().getOps<ExitOp>())
    if (exit.getOutput() == output.getName())
      exits.push_back(exit.getNode().getName());
  if (!exits.empty())
    object["exits"] = std::move(exits);
  return object;
}

/// What is known of a node's cost: all of it where its programs have been planned.
static json::Object describeCost(NodeOp node, const SymbolTable &symbols) {
  auto module = node->getParentOfType<ModuleOp>();
  const NodeCost cost = getCost(node, symbols);
  json::Object object{{"parameters", cost.parameters},
                      {"weight_bytes", cost.weights},
                      {"multiply_adds", cost.multiplyAdds},
                      {"sent_bytes", getBytesSent(node)}};
  if (ProgramOp program = findProgram(module, node, Role::Infer))
    object["activation_bytes"] = getCost(program).activations;
  if (ProgramOp program = findProgram(module, node, Role::Train))
    object["training_bytes_a_row"] = getCost(program).activations;
  return object;
}

/// The simple hyperconnections for which each skip stands in, by the skip's name. The model knows:
/// of the IR, only a `failover` mux does.
static llvm::StringMap<json::Array> describeStandIns(const model::Network &model) {
  llvm::StringMap<json::Array> result;
  for (const model::StandIn &standIn : model.standIns)
    for (unsigned member : standIn.members)
      for (unsigned simple : standIn.standsFor)
        result[model.hyperconnections[member].name].push_back(model.hyperconnections[simple].name);
  return result;
}

json::Value tools::describe(const Spec &spec) {
  NetworkOp network = spec.getNetwork();
  const SymbolTable symbols(network);
  llvm::StringMap<json::Array> standIns = describeStandIns(spec.getModel());
  json::Array nodes, inputs, outputs, hyperconnections, links, groups;
  json::Object settings, costs;
  for (Operation &op : network.getBody().front()) {
    if (auto node = dyn_cast<NodeOp>(op)) {
      nodes.push_back(node.getName());
      costs[node.getName()] = describeCost(node, symbols);
    } else if (auto input = dyn_cast<InputOp>(op)) {
      inputs.push_back(json::Object{{"name", input.getName()},
                                    {"node", input.getNode()},
                                    {"shape", shapeOf(input.getValue().getType())},
                                    {"private", input.getIsPrivate()}});
    } else if (auto output = dyn_cast<OutputOp>(op)) {
      outputs.push_back(describeOutput(output));
    } else if (auto connection = dyn_cast<HyperconnectionOp>(op)) {
      json::Object object{{"name", connection.getName()},
                          {"kind", stringifyHyperconnectionKind(connection.getKind())},
                          {"from", connection.getSender().getName()},
                          {"to", connection.getReceiver()},
                          {"shape", shapeOf(connection.getValue().getType())},
                          {"element", connection.spellElement()},
                          {"bytes", getBytes(connection)}};
      if (connection.getStandby())
        object["standby"] = true;
      if (std::optional<ArrayAttr> route = connection.getRoute())
        object["route"] = namesOf(*route);
      if (auto found = standIns.find(connection.getName()); found != standIns.end())
        object["stands_for"] = std::move(found->second);
      hyperconnections.push_back(std::move(object));
    } else if (auto link = dyn_cast<LinkOp>(op)) {
      links.push_back(json::Object{{"name", link.getName()}, {"nodes", namesOf(link.getNodes())}});
    } else if (auto group = dyn_cast<GroupOp>(op)) {
      groups.push_back(
          json::Object{{"name", group.getName()}, {"members", namesOf(group.getMembers())}});
    } else if (auto reliability = dyn_cast<ReliabilityOp>(op)) {
      json::Object setting;
      for (NamedAttribute entry : reliability.getCauses())
        setting[entry.getName().getValue()] = cast<FloatAttr>(entry.getValue()).getValueAsDouble();
      settings[reliability.getName()] = std::move(setting);
    }
  }
  json::Object all{{"schema", 1},
                   {"network", network.getSymName()},
                   {"scheme", spellScheme(*network.getScheme())},
                   {"nodes", std::move(nodes)},
                   {"inputs", std::move(inputs)},
                   {"outputs", std::move(outputs)},
                   {"hyperconnections", std::move(hyperconnections)},
                   {"reliability", std::move(settings)},
                   {"costs", std::move(costs)}};
  // Only where more than nodes may fail.
  if (!links.empty())
    all["links"] = std::move(links);
  if (!groups.empty())
    all["groups"] = std::move(groups);
  return all;
}

void tools::printCosts(NetworkOp network, llvm::raw_ostream &out) {
  auto module = network->getParentOfType<ModuleOp>();
  auto cell = [](int64_t number) { return llvm::formatv("{0,15}", grouped(number)).str(); };
  auto row = [&](StringRef title, const NodeCost &deployed, int64_t training, int64_t sent) {
    out << llvm::left_justify(title, 16) << cell(deployed.parameters) << cell(deployed.multiplyAdds)
        << cell(deployed.weights) << cell(deployed.activations) << cell(training) << cell(sent)
        << '\n';
  };
  out << network.getSymName() << ", scheme " << spellScheme(*network.getScheme())
      << ", one row, f32\n\n"
      << llvm::left_justify("node", 16);
  for (StringRef title :
       {"parameters", "multiply-adds", "weights B", "activations B", "in training B", "sent B"})
    out << llvm::right_justify(title, 15);
  out << '\n';
  NodeCost total;
  int64_t training = 0, sent = 0;
  for (auto node : network.getOps<NodeOp>()) {
    const NodeCost deployed = getCost(findProgram(module, node, Role::Infer));
    const int64_t trained = getCost(findProgram(module, node, Role::Train)).activations;
    row(node.getName(), deployed, trained, getBytesSent(node));
    total.parameters += deployed.parameters;
    total.weights += deployed.weights;
    total.multiplyAdds += deployed.multiplyAdds;
    total.activations += deployed.activations;
    training += trained;
    sent += getBytesSent(node);
  }
  row("all", total, training, sent);
  out << "\nhyperconnection                       sent B\n";
  for (auto connection : network.getOps<HyperconnectionOp>())
    out << llvm::left_justify(connection.getName(), 29) << cell(getBytes(connection)) << "  "
        << stringifyHyperconnectionKind(connection.getKind())
        << (connection.getElement() ? ", " + connection.spellElement() : "")
        << (connection.getStandby() ? ", standby" : "") << '\n';
}

/// A link or a group, whose name no node has, with a line to each member. The lines have no part in
/// the ranks of the layout, which are those of the ways of information.
static void drawJoint(StringRef kind, StringRef name, StringRef shape, ArrayAttr members,
                      llvm::raw_ostream &out) {
  out << "  \"" << name << "\" [shape=" << shape << ", style=solid, class=\"" << kind << "\"];\n";
  for (StringRef member : members.getAsValueRange<StringAttr>())
    out << "  \"" << name << "\" -> \"" << member
        << "\" [dir=none, style=dotted, constraint=false, class=\"" << kind << "\"];\n";
}

void tools::drawDot(NetworkOp network, llvm::raw_ostream &out) {
  const SymbolTable symbols(network);
  // Names are identifiers, so they need no escapes.
  out << "digraph \"" << network.getSymName() << "\" {\n"
      << "  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
      << "  edge [fontname=\"sans-serif\", fontsize=10];\n";
  for (auto node : network.getOps<NodeOp>())
    out << "  \"" << node.getName() << "\" [label=\"" << node.getName() << "\\n"
        << grouped(getCost(node, symbols).parameters) << " parameters\", class=\""
        << (node.getFailoutAttr() ? "failable" : "steady") << "\"];\n";
  for (auto connection : network.getOps<HyperconnectionOp>()) {
    out << "  \"" << connection.getSender().getName() << "\" -> \"" << connection.getReceiver()
        << "\" [label=\"" << grouped(getBytes(connection)) << " B"
        << (connection.getStandby() ? ", standby" : "") << "\", class=\""
        << stringifyHyperconnectionKind(connection.getKind()) << '"';
    if (connection.getKind() == HyperconnectionKind::Skip)
      out << ", style=" << (connection.getStandby() ? "dotted" : "dashed") << ", constraint=false";
    out << "];\n";
  }
  for (auto link : network.getOps<LinkOp>())
    drawJoint("link", link.getName(), "hexagon", link.getNodes(), out);
  for (auto group : network.getOps<GroupOp>())
    drawJoint("group", group.getName(), "folder", group.getMembers(), out);
  for (auto input : network.getOps<InputOp>())
    out << "  \"in " << input.getName() << "\" [label=\"" << input.getName()
        << "\", shape=plaintext];\n  \"in " << input.getName() << "\" -> \"" << input.getNode()
        << "\";\n";
  for (auto output : network.getOps<OutputOp>())
    out << "  \"out " << output.getName() << "\" [label=\"" << output.getName()
        << "\", shape=plaintext];\n  \"" << output.getValue().getDefiningOp<NodeOp>().getName()
        << "\" -> \"out " << output.getName() << "\";\n";
  for (auto exit : network.getOps<ExitOp>())
    out << "  \"" << exit.getNode().getName() << "\" -> \"out " << exit.getOutput()
        << "\" [class=\"exit\", style=dotted, constraint=false];\n";
  out << "}\n";
}
