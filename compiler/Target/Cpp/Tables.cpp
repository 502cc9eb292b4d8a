// The tables of a network: network.h and network.cpp.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/Causes.h"
#include "rnet/Target/Cpp/Project.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SHA256.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;
using llvm::formatv;

static std::string sha256(StringRef text) {
  return llvm::toHex(llvm::SHA256::hash(llvm::arrayRefFromStringRef(text)), /*LowerCase=*/true);
}

/// Names and shapes of all parameters: what a weights file must have.
static std::string fingerprintParameters(NetworkOp network) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (auto parameter : network.getOps<ParameterOp>())
    stream << parameter.getSymName() << ' ' << parameter.getType() << '\n';
  return sha256(text);
}

/// Everything that decides an answer: nodes, layers, hyperconnections, scheme. Not failout,
/// reliabilities or the recipe, which decide only how weights come about; nor links and groups,
/// which decide only what fails together; nor what is on standby, which decides only what travels.
static std::string fingerprintTopology(NetworkOp network) {
  OwningOpRef<NetworkOp> stripped(network.clone());
  for (NodeOp node : stripped->getOps<NodeOp>())
    node.removeFailoutAttr();
  for (Operation &op : llvm::make_early_inc_range(stripped->getBody().front()))
    if (isa<ReliabilityOp, RecipeOp, LinkOp, GroupOp>(op)) {
      op.erase();
    } else if (auto connection = dyn_cast<HyperconnectionOp>(op)) {
      connection.removeRouteAttr();
      connection.setStandby(false);
    }
  std::string text;
  llvm::raw_string_ostream stream(text);
  stripped->print(stream, OpPrintingFlags().printGenericOpForm());
  return sha256(text);
}

static std::string number(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.17g", value);
  // The shortest text that reads back as the same value.
  for (int digits = 1; digits < 17; ++digits) {
    std::string shorter;
    llvm::raw_string_ostream(shorter) << llvm::format("%.*g", digits, value);
    if (std::stod(shorter) == value)
      return shorter;
  }
  return text;
}

namespace {

class TableWriter {
public:
  TableWriter(NetworkOp network, raw_ostream &out)
      : network(network), out(out), causes(findFailureCauses(network)) {
    for (auto node : network.getOps<NodeOp>())
      nodeIndex.insert({node.getName(), nodeIndex.size()});
    for (auto connection : network.getOps<HyperconnectionOp>())
      connectionIndex.insert({connection, connectionIndex.size()});
    for (auto input : network.getOps<InputOp>())
      inputIndex.insert({input, inputIndex.size()});
  }

  void write() {
    writeNodes();
    writeHyperconnections();
    writeInputsAndOutputs();
    writeSettings();
    writeDomains();
    writeParameters();
    writeNetwork();
  }

private:
  /// `static constexpr TYPE NAME[] = {...};`, nothing for an empty list; returns what to put where
  /// a span is wanted.
  std::string array(StringRef type, const std::string &name, ArrayRef<std::string> elements) {
    if (elements.empty())
      return "{}";
    out << "constexpr " << type << " " << name << "[] = {";
    llvm::interleaveComma(elements, out);
    out << "};\n";
    return name;
  }

  void writeNodes() {
    SmallVector<std::string> rows;
    for (auto node : network.getOps<NodeOp>()) {
      const std::string name = node.getName().str();
      SmallVector<std::string> sources, widths, groups;
      for (Value input : node.getInputs()) {
        auto connection = input.getDefiningOp<HyperconnectionOp>();
        sources.push_back(connection ? formatv("{{rnet::Source::Kind::hyperconnection, {0}}",
                                               connectionIndex.lookup(connection))
                                           .str()
                                     : formatv("{{rnet::Source::Kind::network_input, {0}}",
                                               inputIndex.lookup(input.getDefiningOp<InputOp>()))
                                           .str());
      }
      for (Type type : node.getResultTypes())
        widths.push_back(std::to_string(getRowWidth(type)));
      StringRef kind = "sum";
      for (MuxOp mux : node.getBody().getOps<MuxOp>()) {
        if (mux.getKind() == MuxKind::Failover)
          kind = "failover";
        for (auto group : mux.getStandIns().getAsRange<StandInAttr>())
          groups.push_back(formatv("{{{0}, {1}, {2}}", bits(group.getStandsFor()),
                                   bits(group.getMembers()), group.getBypassed())
                               .str());
      }
      const std::string sourcesName = array("rnet::Source", name + "_inputs", sources);
      const std::string groupsName = array("rnet::StandIn", name + "_stand_ins", groups);
      const std::string widthsName = array("std::size_t", name + "_widths", widths);
      const FailureCause &cause = causes[nodeIndex.lookup(node.getName())];
      const std::string relays = array("std::size_t", name + "_relays", numbers(cause.cut));
      const double failout = node.getFailoutAttr() ? node.getFailoutAttr().getValueAsDouble() : 0;
      rows.push_back(formatv("    {{\"{0}\", {1}, {2}, {3}, {{rnet::MuxKind::{4}, {5}}, {6}{7}},",
                             name, cause.failable ? "true" : "false", number(failout), sourcesName,
                             kind, groupsName, widthsName, cause.cut.empty() ? "" : ", " + relays)
                         .str());
    }
    table("rnet::NodeDescription", "nodes", rows);
  }

  static std::string bits(DenseI64ArrayAttr positions) {
    uint64_t mask = 0;
    for (int64_t position : positions.asArrayRef())
      mask |= uint64_t(1) << position;
    return std::to_string(mask) + "u";
  }

  void table(StringRef type, StringRef name, ArrayRef<std::string> rows) {
    if (rows.empty())
      return;
    out << "constexpr " << type << " " << name << "[] = {\n";
    for (const std::string &row : rows)
      out << row << '\n';
    out << "};\n\n";
  }

  void writeHyperconnections() {
    SmallVector<std::string> rows;
    for (auto connection : network.getOps<HyperconnectionOp>())
      rows.push_back(
          formatv("    {{\"{0}\", rnet::HyperconnectionKind::{1}, {2}, {3}, {4}, {5}{6}},",
                  connection.getName(), stringifyHyperconnectionKind(connection.getKind()),
                  nodeIndex.lookup(connection.getSender().getName()),
                  cast<OpResult>(connection.getSource()).getResultNumber(),
                  nodeIndex.lookup(connection.getReceiver()),
                  getRowWidth(connection.getValue().getType()),
                  connection.getElement() || connection.getStandby()
                      ? (", rnet::Element::" + connection.spellElement() +
                         (connection.getStandby() ? ", true" : ""))
                            .str()
                      : "")
              .str());
    connectionsName = rows.empty() ? "{}" : "hyperconnections";
    table("rnet::HyperconnectionDescription", "hyperconnections", rows);
  }

  void writeInputsAndOutputs() {
    SmallVector<std::string> rows;
    for (auto input : network.getOps<InputOp>()) {
      SmallVector<std::string> shape;
      for (int64_t size : getRowShape(input.getValue().getType()))
        shape.push_back(std::to_string(size));
      const std::string shapeName = array("std::size_t", input.getName().str() + "_shape", shape);
      rows.push_back(formatv("    {{\"{0}\", {1}, {2}, {3}},", input.getName(),
                             nodeIndex.lookup(input.getNode()),
                             getRowWidth(input.getValue().getType()), shapeName)
                         .str());
    }
    table("rnet::InputDescription", "inputs", rows);

    rows.clear();
    for (auto output : network.getOps<OutputOp>()) {
      SmallVector<std::string> classes;
      if (std::optional<ArrayAttr> names = output.getClassNames())
        for (auto name : names->getAsRange<StringAttr>())
          classes.push_back(("\"" + name.getValue() + "\"").str());
      const std::string classesName =
          array("std::string_view", output.getName().str() + "_classes", classes);
      auto node = output.getValue().getDefiningOp<NodeOp>();
      SmallVector<std::string> exits;
      for (auto exit : network.getOps<ExitOp>())
        if (exit.getOutput() == output.getName())
          exits.push_back(formatv("{{{0}, {1}}", nodeIndex.lookup(exit.getNode().getName()),
                                  cast<OpResult>(exit.getValue()).getResultNumber())
                              .str());
      const std::string exitsName = array("rnet::Head", output.getName().str() + "_exits", exits);
      rows.push_back(formatv("    {{\"{0}\", {1}, {2}, {3}, {4}{5}},", output.getName(),
                             nodeIndex.lookup(node.getName()),
                             cast<OpResult>(output.getValue()).getResultNumber(),
                             getRowWidth(output.getValue().getType()), classesName,
                             exits.empty() ? "" : ", " + exitsName)
                         .str());
    }
    table("rnet::OutputDescription", "outputs", rows);
  }

  void writeSettings() {
    SmallVector<std::string> rows;
    for (auto reliability : network.getOps<ReliabilityOp>()) {
      SmallVector<std::string> values;
      for (const FailureCause &cause : causes)
        if (cause.isNode() || cause.failable) {
          auto value = reliability.getCauses().getAs<FloatAttr>(cause.name);
          values.push_back(value ? number(value.getValueAsDouble()) : "1");
        }
      const std::string name =
          array("double", reliability.getName().str() + "_reliability", values);
      rows.push_back(formatv("    {{\"{0}\", {1}},", reliability.getName(), name).str());
    }
    settingsName = rows.empty() ? "{}" : "settings";
    table("rnet::SettingDescription", "settings", rows);
  }

  /// Links and groups that may fail.
  void writeDomains() {
    SmallVector<std::string> rows;
    for (const FailureCause &cause : causes) {
      if (cause.isNode() || !cause.failable)
        continue;
      const std::string nodes =
          array("std::size_t", cause.name.str() + "_nodes", numbers(cause.nodes));
      const std::string cut = array("std::size_t", cause.name.str() + "_cut", numbers(cause.cut));
      auto failout = cause.op->getAttrOfType<FloatAttr>(kFailoutAttr);
      rows.push_back(formatv("    {{\"{0}\", {1}, {2}{3}},", cause.name, nodes, cut,
                             failout ? ", " + number(failout.getValueAsDouble()) : "")
                         .str());
    }
    hasDomains = !rows.empty();
    table("rnet::DomainDescription", "domains", rows);
  }
  static SmallVector<std::string> numbers(ArrayRef<unsigned> values) {
    return llvm::map_to_vector(values, [](unsigned value) { return std::to_string(value); });
  }

  /// A parameter belongs to the node that reads it.
  void writeParameters() {
    llvm::StringMap<size_t> owner;
    for (auto node : network.getOps<NodeOp>())
      node.walk([&](KernelOpInterface kernel) {
        for (FlatSymbolRefAttr symbol : kernel.getKernelParameters())
          owner.insert({symbol.getValue(), nodeIndex.lookup(node.getName())});
      });
    // Equal shapes share one array.
    llvm::MapVector<ArrayRef<int64_t>, std::string> shapes;
    SmallVector<std::string> rows;
    for (auto parameter : network.getOps<ParameterOp>()) {
      ArrayRef<int64_t> shape = cast<RankedTensorType>(parameter.getType()).getShape();
      std::string &name = shapes[shape];
      if (name.empty()) {
        name = "shape";
        SmallVector<std::string> sizes;
        for (int64_t size : shape) {
          name += "_" + std::to_string(size);
          sizes.push_back(std::to_string(size));
        }
        array("std::size_t", name, sizes);
      }
      const std::string original =
          parameter.getOriginal() ? formatv(", \"{0}\"", *parameter.getOriginal()).str() : "";
      rows.push_back(formatv("    {{\"{0}\", {1}, {2}, rnet::Initializer::{3}, {4}{5}},",
                             parameter.getSymName(), owner.lookup(parameter.getSymName()), name,
                             stringifyInitializer(parameter.getInitializer()),
                             parameter.getFrozen() ? "false" : "true", original)
                         .str());
    }
    parametersName = rows.empty() ? "{}" : "parameters";
    table("rnet::ParameterDescription", "parameters", rows);
  }

  void writeNetwork() {
    out << "constexpr rnet::NetworkDescription description = {\n"
        << "    \"" << network.getSymName() << "\",\n"
        << "    \"" << spellScheme(*network.getScheme()) << "\",\n"
        << "    \"" << fingerprintParameters(network) << "\", // parameters\n"
        << "    \"" << fingerprintTopology(network) << "\", // topology and scheme\n"
        << "    nodes,\n    " << connectionsName << ",\n    inputs,\n    outputs,\n    "
        << settingsName << ",\n    " << parametersName << ",\n";
    auto recipes = network.getOps<RecipeOp>();
    if (recipes.empty())
      out << "    {},\n";
    else
      out << "    {" << llvm::join(recipeFields(*recipes.begin()), ",\n     ") << "},\n";
    out << (hasDomains ? "    domains,\n};\n" : "};\n");
  }

  /// In the order of rnet::TrainingRecipe; what few recipes say only where this one does.
  SmallVector<std::string> recipeFields(RecipeOp recipe) {
    SmallVector<std::string> fields;
    auto say = [&](StringRef name, const Twine &value) {
      fields.push_back(("." + name + " = " + value).str());
    };
    auto real = [&](StringRef name, const APFloat &value) {
      say(name, number(value.convertToDouble()));
    };
    say("optimizer", "rnet::Optimizer::" + recipe.getOptimizer());
    real("rate", recipe.getRate());
    real("beta1", recipe.getBeta1());
    real("beta2", recipe.getBeta2());
    real("epsilon", recipe.getEpsilon());
    real("momentum", recipe.getMomentum());
    say("batch", Twine(recipe.getBatch()));
    say("epochs", Twine(recipe.getEpochs()));
    say("seed", Twine(recipe.getSeed()));
    say("keep_best", recipe.getKeepBest() ? "true" : "false");
    if (!recipe.getWeightDecay().isZero())
      real("weight_decay", recipe.getWeightDecay());
    if (recipe.getBalanced())
      say("balanced", "true");
    if (recipe.getSchedule() != Schedule::Constant)
      say("schedule", "rnet::Schedule::" + stringifySchedule(recipe.getSchedule()));
    if (recipe.getSchedule() == Schedule::Step) {
      real("schedule_factor", recipe.getScheduleFactor());
      say("schedule_every", Twine(recipe.getScheduleEvery()));
    }
    if (recipe.getWarmup() != 0)
      say("warmup", Twine(recipe.getWarmup()));
    if (!recipe.getRotation().isZero() || !recipe.getShift().isZero() || recipe.getFlip())
      say("augmentation", "{" + number(recipe.getRotation().convertToDouble()) + ", " +
                              number(recipe.getShift().convertToDouble()) + ", " +
                              (recipe.getFlip() ? "true" : "false") + "}");
    if (recipe.getFailoutPerRow())
      say("failout_per_row", "true");
    if (recipe.getFailoutStratified())
      say("failout_stratified", "true");
    if (recipe.getFailoutExpected())
      say("failout_expected", "true");
    if (!recipe.getDistill().isZero())
      real("distill", recipe.getDistill());
    if (!network.getOps<ExitOp>().empty())
      real("exits", recipe.getExits());
    return fields;
  }

  NetworkOp network;
  raw_ostream &out;
  llvm::MapVector<StringRef, size_t> nodeIndex;
  llvm::DenseMap<Operation *, size_t> connectionIndex, inputIndex;
  std::vector<FailureCause> causes;
  bool hasDomains = false;
  std::string connectionsName, settingsName, parametersName;
};

} // namespace

target::GeneratedFile target::generateNetworkHeader(NetworkOp network, StringRef spec) {
  return {"network.h",
          formatv("// Network `{0}`, compiled by rnet from {1}; edits are lost.\n#pragma once\n\n"
                  "#include \"rnet/core/network.h\"\n\nnamespace {0} {{\n\n"
                  "/// Nodes, hyperconnections, parameters, reliabilities: all that is known "
                  "before there is data.\n"
                  "const rnet::NetworkDescription &network();\n\n} // namespace {0}\n",
                  network.getSymName(), spec)};
}

target::GeneratedFile target::generateNetworkTables(NetworkOp network, StringRef spec) {
  GeneratedFile file{"network.cpp", ""};
  llvm::raw_string_ostream out(file.text);
  out << formatv(
      "// Network `{0}`, compiled by rnet from {1}; edits are lost.\n#include \"network.h\"\n\n"
      "namespace {0} {{\nnamespace {{\n\n",
      network.getSymName(), spec);
  TableWriter(network, out).write();
  out << formatv(
      "\n} // namespace\n\nconst rnet::NetworkDescription &network() {{ return description; }\n\n"
      "} // namespace {0}\n",
      network.getSymName());
  return file;
}
