// From AST to model: names, values, inputs, outputs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Checker.h"
#include "Unnamed.h"

using namespace rnet;
using namespace rnet::model;

std::optional<Network> rnet::check(llvm::ArrayRef<ast::File> files, bool skips,
                                   Diagnostics &diagnostics) {
  return Checker(files, diagnostics).run(skips);
}

std::optional<Network> Checker::run(bool skips) {
  const ast::File &file = files.back();
  declareDefinitions();
  if (!file.network) {
    diagnostics.report("missing-network", {0, 0, file.file},
                       "this file has no network: it can only be imported");
    return std::nullopt;
  }
  network.name = file.network->name.text;
  network.range = file.network->name.range;
  declareNodes();
  forEach<ast::Input>([&](const ast::Input &input) { addInput(input); });
  forEach<ast::Output>([&](const ast::Output &output) { addOutput(output); });
  if (network.inputs.empty() && !failedItems)
    diagnostics.report("missing-input", network.range,
                       "network '" + network.name + "' has no input");
  if (network.outputs.empty() && !failedItems)
    diagnostics.report("missing-output", network.range,
                       "network '" + network.name + "' has no output");
  addConnections();
  forEach<ast::Reliability>([&](const ast::Reliability &setting) { addReliability(setting); });
  forEach<ast::Budget>([&](const ast::Budget &budget) { addBudget(budget); });
  forEach<ast::Train>([&](const ast::Train &train) { addRecipe(train); });
  if (diagnostics.errors() || !findOrder(network, diagnostics))
    return std::nullopt;
  checkReachability(network, diagnostics);
  findStandIns(network, groups, diagnostics);
  if (diagnostics.errors())
    return std::nullopt;
  warnSinglePoints(network, skips, diagnostics);
  expander.warnUnused();
  return std::move(network);
}

std::optional<unsigned> Checker::findNode(const ast::Name &name) {
  auto found = nodeIndex.find(name.text);
  if (found != nodeIndex.end())
    return found->second;
  llvm::SmallVector<llvm::StringRef> known(nodeNames.keys());
  const std::string hint = suggest(name.text, known);
  diagnostics.report("unknown-node", name.range, "no node named '" + name.text + "'" + hint);
  llvm::StringRef suggested;
  for (const Node &node : network.nodes)
    if (!hint.empty() && hint == "; did you mean '" + node.spec->name.text + "'?") {
      suggested = node.spec->name.text;
      diagnostics.note(node.spec->name.range, "'" + suggested + "' is declared here");
    }
  if (!std::exchange(notedUnnamed, true))
    noteUnnamedNodes(*files.back().network, suggested, diagnostics);
  return std::nullopt;
}

//===-- Definitions and nodes -----------------------------------------------------------------===//

/// Constants, blocks and lists, those of imported files first; a constant may use those above it.
void Checker::declareDefinitions() {
  auto define = [&](const auto &item) {
    using Item = std::decay_t<decltype(item)>;
    if constexpr (std::is_same_v<Item, ast::Const>) {
      if (declare(constantNames, item.name, "constant"))
        if (std::optional<double> value = evaluate(item.value, constants, diagnostics))
          constants.values[item.name.text] = {*value, item.name.range, item.range};
    } else if constexpr (std::is_same_v<Item, ast::Block>) {
      expander.declareBlock(item);
    } else if constexpr (std::is_same_v<Item, ast::List>) {
      expander.declareList(item);
    }
  };
  for (const ast::File &file : files) {
    std::optional<Diagnostics::Context> context;
    if (file.importedBy)
      context.emplace(diagnostics, *file.importedBy, "imported here");
    for (const ast::FileItem &item : file.items)
      std::visit(define, item);
  }
  if (files.back().network)
    for (const ast::Item &item : files.back().network->items)
      std::visit(define, item);
  expander.expandLists();
}

void Checker::declareNodes() {
  forEach<ast::Node>([&](const ast::Node &spec) {
    if (!declare(nodeNames, spec.name, "node"))
      return;
    nodeIndex[spec.name.text] = network.nodes.size();
    Node node;
    node.spec = &spec;
    node.layers = expander.expandNode(spec);
    network.nodes.push_back(std::move(node));
  });
}

//===-- Inputs and outputs ------------------------------------------------------------------===//

std::optional<std::vector<int64_t>> Checker::checkShape(const ast::TensorType &type) {
  if (type.element.text != "f32") {
    diagnostics.report("unknown-type", type.element.range,
                       "no element type '" + type.element.text + "'; there is f32");
    return std::nullopt;
  }
  std::vector<int64_t> shape;
  for (const ast::Expression &dimension : type.shape) {
    std::optional<std::vector<int64_t>> sizes =
        evaluateSizes(dimension, constants, "a shape", diagnostics);
    if (!sizes)
      return std::nullopt;
    llvm::append_range(shape, *sizes);
  }
  double elements = 1;
  for (int64_t size : shape)
    elements *= static_cast<double>(size);
  if (elements > 1e9) {
    diagnostics.report("bad-size", type.range, "a shape has 1,000,000,000 elements at most");
    return std::nullopt;
  }
  return shape;
}

void Checker::addInput(const ast::Input &input) {
  std::optional<unsigned> node = findNode(input.node);
  std::optional<std::vector<int64_t>> shape = checkShape(input.type);
  if (!declare(inputNames, input.name, "input") || !node || !shape) {
    failedItems = true;
    return;
  }
  network.nodes[*node].inputs.push_back(network.inputs.size());
  network.inputs.push_back({&input, *node, std::move(*shape)});
}

void Checker::addOutput(const ast::Output &output) {
  std::optional<unsigned> node = findNode(output.node);
  if (!declare(outputNames, output.name, "output") || !node) {
    failedItems = true;
    return;
  }
  Output result{&output, *node, 1, {}};
  if (auto *type = std::get_if<ast::TensorType>(&output.type)) {
    std::optional<std::vector<int64_t>> shape = checkShape(*type);
    if (!shape)
      return void(failedItems = true);
    for (int64_t size : *shape)
      result.width *= size;
  } else if (!addClasses(std::get<ast::ClassType>(output.type), result)) {
    return void(failedItems = true);
  }
  network.outputs.push_back(std::move(result));
}

/// Their number, or their names; one name is a constant where there is one.
bool Checker::addClasses(const ast::ClassType &type, Output &output) {
  const ast::Expression &first = type.classes.front();
  if (type.classes.size() == 1 &&
      (first.kind != ast::Expression::Kind::name || constants.find(first.text))) {
    std::optional<int64_t> count =
        evaluateCount(first, constants, 1, "the number of classes", diagnostics);
    output.width = count.value_or(0);
    return count.has_value();
  }
  Names names;
  for (const ast::Expression &name : type.classes) {
    if (name.kind != ast::Expression::Kind::name) {
      diagnostics.report("bad-value", name.range, "expected the name of a class");
      return false;
    }
    rnet::declare(names, name.text, name.range, "class", diagnostics);
    output.classNames.push_back(name.text);
  }
  output.width = static_cast<int64_t>(output.classNames.size());
  return true;
}
