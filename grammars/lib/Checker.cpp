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
  declareLinks();
  forEach<ast::Input>([&](const ast::Input &input) { addInput(input); });
  forEach<ast::Output>([&](const ast::Output &output) { addOutput(output); });
  forEach<ast::Exit>([&](const ast::Exit &exit) { addExit(exit); });
  if (network.inputs.empty() && !failedItems)
    diagnostics.report("missing-input", network.range,
                       "network '" + network.name + "' has no input");
  if (network.outputs.empty() && !failedItems)
    diagnostics.report("missing-output", network.range,
                       "network '" + network.name + "' has no output");
  addConnections();
  forEach<ast::Average>([&](const ast::Average &average) { addAverage(average); });
  forEach<ast::Reliability>([&](const ast::Reliability &setting) { addReliability(setting); });
  forEach<ast::Budget>([&](const ast::Budget &budget) { addBudget(budget); });
  forEach<ast::Train>([&](const ast::Train &train) { addRecipe(train); });
  if (diagnostics.errors() || !findOrder(network, diagnostics))
    return std::nullopt;
  sortExits(network);
  checkReachability(network, diagnostics);
  findStandIns(network, groups, diagnostics);
  if (!diagnostics.errors()) {
    addCopies();
    checkAverages();
  }
  findRoutes(network, diagnostics);
  if (diagnostics.errors())
    return std::nullopt;
  if (skips)
    warnUselessRoutes(network, diagnostics);
  warnSinglePoints(network, skips, diagnostics);
  expander.warnUnused();
  return std::move(network);
}

std::optional<unsigned> Checker::findNode(const ast::Name &name) {
  std::optional<Cause> cause = findCause(name, "node");
  if (cause && cause->kind != Cause::Kind::node) {
    const bool isLink = cause->kind == Cause::Kind::link;
    diagnostics.report("unknown-node", name.range,
                       "'" + name.text + "' is a " + (isLink ? "link" : "group") + ", not a node");
    diagnostics.note(network.nameOf(*cause).range, "it is declared here");
    return std::nullopt;
  }
  return cause ? std::optional(cause->index) : std::nullopt;
}

std::optional<Cause> Checker::findCause(const ast::Name &name, llvm::StringRef kinds) {
  auto found = causes.find(name.text);
  if (found != causes.end())
    return found->second;
  llvm::SmallVector<llvm::StringRef> known;
  for (const auto &[knownName, cause] : causes)
    if (kinds != "node" || cause.kind == Cause::Kind::node)
      known.push_back(knownName);
  const std::string hint = suggest(name.text, known);
  diagnostics.report("unknown-node", name.range,
                     "no " + kinds + " named '" + name.text + "'" + hint);
  llvm::StringRef suggested;
  for (llvm::StringRef candidate : known)
    if (!hint.empty() && hint == ("; did you mean '" + candidate + "'?").str()) {
      suggested = candidate;
      diagnostics.note(network.nameOf(causes.lookup(candidate)).range,
                       "'" + candidate + "' is declared here");
    }
  if (!std::exchange(notedUnnamed, true))
    noteUnnamed(*files.back().network, suggested, kinds == "node", diagnostics);
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
    if (!declare(causeNames, spec.name, "node"))
      return;
    causes[spec.name.text] = {Cause::Kind::node, static_cast<unsigned>(network.nodes.size())};
    Node node;
    node.spec = &spec;
    node.layers = expander.expandNode(spec);
    node.element = checkElement(spec.element, "weights");
    network.nodes.push_back(std::move(node));
  });
}

std::string Checker::checkElement(const std::optional<ast::Name> &element, llvm::StringRef of) {
  if (!element || element->text == "f32")
    return "";
  if (element->text == "bf16" || element->text == "int8")
    return element->text;
  diagnostics.report("unknown-type", element->range,
                     "no element type '" + element->text + "' of " + of.str() +
                         "; there are f32, bf16 and int8");
  return "";
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

void Checker::addExit(const ast::Exit &exit) {
  const std::string &output = exit.output.text, &node = exit.node.text;
  const std::optional<unsigned> index = findNode(exit.node);
  auto found =
      llvm::find_if(network.outputs, [&](auto &it) { return it.spec->name.text == output; });
  if (found == network.outputs.end()) {
    llvm::SmallVector<llvm::StringRef> known(outputNames.keys());
    if (llvm::is_contained(known, output))
      return; // something is wrong with the output itself
    diagnostics.report("unknown-output", exit.output.range,
                       "no output named '" + output + "'" + suggest(output, known));
    if (!network.outputs.empty())
      diagnostics.note(network.outputs.front().spec->name.range, "an output is declared here");
    return;
  }
  if (found != network.outputs.begin()) {
    diagnostics.report("not-supported", exit.output.range,
                       "only the first output, which is trained and scored, has exits; '" + output +
                           "' is another one");
    diagnostics.note(network.outputs.front().spec->range, "the first output is here");
    return;
  }
  if (!index)
    return;
  if (*index == found->node) {
    diagnostics.report("bad-exit", exit.node.range,
                       "'" + node + "' holds output '" + output +
                           "' itself: an exit answers while that node is down");
    diagnostics.note(found->spec->range, "the output is here");
    return;
  }
  auto [first, isNew] = exitNodes.try_emplace(node, exit.range);
  if (!isNew) {
    diagnostics.report("bad-exit", exit.node.range, "there is a second exit at '" + node + "'");
    diagnostics.note(first->second, "the first is here");
    return;
  }
  network.exits.push_back({&exit, *index, expander.expandExit(exit, network.nodes[*index].layers)});
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
