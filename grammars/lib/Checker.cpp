// From AST to model: names, values, layers, hyperconnections.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Evaluate.h"
#include "Flow.h"
#include "Unnamed.h"

#include "llvm/ADT/StringExtras.h"

using namespace rnet;
using namespace rnet::model;

namespace {

//===-- The layers ----------------------------------------------------------------------------===//

struct Parameter {
  llvm::StringRef name;
  enum class Kind { count, activation } kind;
  bool required;
};
struct LayerKind {
  llvm::StringRef name;
  std::vector<Parameter> parameters;
};

/// All layers of the language: a new one is a row here and a case in the importer's table.
const std::vector<LayerKind> &layerKinds() {
  static const std::vector<LayerKind> kinds = {
      {"dense",
       {{"units", Parameter::Kind::count, true},
        {"activation", Parameter::Kind::activation, false}}},
      {"relu", {}},
      {"softmax", {}},
  };
  return kinds;
}
const llvm::StringRef kActivations[] = {"relu", "softmax"};

/// Unrolled layers of one node: more than any network has, less than memory.
constexpr size_t kMaxLayers = 1'000'000;

class Checker {
public:
  Checker(const ast::File &file, Diagnostics &diagnostics) : file(file), diagnostics(diagnostics) {}

  std::optional<Network> run(bool skips) {
    network.name = file.network.name.text;
    network.range = file.network.name.range;
    declareConstants();
    declareNodes();
    forEach<ast::Input>([&](const ast::Input &input) { addInput(input); });
    forEach<ast::Output>([&](const ast::Output &output) { addOutput(output); });
    if (network.inputs.empty() && !failedItems)
      diagnostics.report("missing-input", network.range,
                         "network '" + network.name + "' has no input");
    if (network.outputs.empty() && !failedItems)
      diagnostics.report("missing-output", network.range,
                         "network '" + network.name + "' has no output");
    for (const ast::Item &item : file.network.items) {
      if (auto *chain = std::get_if<ast::Chain>(&item))
        addChain(*chain);
      else if (auto *skip = std::get_if<ast::Skip>(&item))
        addSkip(*skip);
    }
    forEach<ast::Reliability>([&](const ast::Reliability &setting) { addReliability(setting); });
    forEach<ast::Train>([&](const ast::Train &train) { addRecipe(train); });
    if (diagnostics.errors() || !findOrder(network, diagnostics))
      return std::nullopt;
    checkReachability(network, diagnostics);
    findStandIns(network, groups, diagnostics);
    if (diagnostics.errors())
      return std::nullopt;
    warnSinglePoints(network, skips, diagnostics);
    return std::move(network);
  }

private:
  template <class T, class Action> void forEach(Action action) {
    for (const ast::Item &item : file.network.items)
      if (auto *found = std::get_if<T>(&item))
        action(*found);
  }

  /// False, and a diagnostic, where the name is taken.
  bool declare(llvm::StringMap<ast::Range> &names, const ast::Name &name, llvm::StringRef what) {
    auto [found, isNew] = names.try_emplace(name.text, name.range);
    if (isNew)
      return true;
    diagnostics.report("duplicate-name", name.range,
                       "there is a second " + what + " named '" + name.text + "'");
    diagnostics.note(found->second, "the first is here");
    return false;
  }

  std::optional<unsigned> findNode(const ast::Name &name) {
    auto found = nodeIndex.find(name.text);
    if (found != nodeIndex.end())
      return found->second;
    llvm::SmallVector<llvm::StringRef> known;
    if (nodeIndex.size() <= 1000) // a suggestion is not worth more
      for (const Node &node : network.nodes)
        known.push_back(node.spec->name.text);
    const std::string hint = suggest(name.text, known);
    diagnostics.report("unknown-node", name.range, "no node named '" + name.text + "'" + hint);
    for (const Node &node : network.nodes)
      if (!hint.empty() && hint == "; did you mean '" + node.spec->name.text + "'?")
        diagnostics.note(node.spec->name.range, "'" + node.spec->name.text + "' is declared here");
    if (!std::exchange(notedUnnamed, true))
      noteUnnamedNodes(file.network, diagnostics);
    return std::nullopt;
  }

  //===-- Constants, nodes, layers ------------------------------------------------------------===//

  void declareConstants() {
    llvm::StringMap<ast::Range> names;
    forEach<ast::Const>([&](const ast::Const &constant) {
      if (declare(names, constant.name, "constant"))
        if (std::optional<double> value = evaluate(constant.value, constants, diagnostics))
          constants[constant.name.text] = *value;
    });
  }

  void declareNodes() {
    llvm::StringMap<ast::Range> names;
    forEach<ast::Node>([&](const ast::Node &spec) {
      if (!declare(names, spec.name, "node"))
        return;
      nodeIndex[spec.name.text] = network.nodes.size();
      Node node;
      node.spec = &spec;
      labels.clear();
      counts.clear();
      addLayers(spec.layers, node.layers, "");
      network.nodes.push_back(std::move(node));
    });
  }

  void addLayers(const std::vector<ast::LayerItem> &items, std::vector<Layer> &layers,
                 const std::string &suffix) {
    for (const ast::LayerItem &item : items) {
      if (auto *spec = std::get_if<ast::Layer>(&item)) {
        if (std::optional<Layer> layer = checkLayer(*spec)) {
          if (spec->label) {
            ast::Name label = *spec->label;
            label.text += suffix;
            declare(labels, label, "layer");
            layer->name = label.text;
          } else {
            layer->name = layer->kind + std::to_string(++counts[layer->kind]);
          }
          layers.push_back(std::move(*layer));
        }
        continue;
      }
      const ast::Repeat &repeat = std::get<ast::Repeat>(item);
      std::optional<int64_t> count =
          evaluateCount(repeat.count, constants, 1, "the number of repetitions", diagnostics);
      for (int64_t k = 0; count && k < *count && !diagnostics.errors(); ++k) {
        addLayers(repeat.body, layers, suffix + "_" + std::to_string(k + 1));
        if (layers.size() > kMaxLayers) {
          diagnostics.report("bad-value", repeat.count.range,
                             "these repetitions give more than a million layers");
          return;
        }
      }
    }
  }

  std::optional<Layer> checkLayer(const ast::Layer &spec) {
    Layer layer;
    layer.kind = spec.kind.text;
    layer.range = spec.range;
    const LayerKind *kind = nullptr;
    llvm::SmallVector<llvm::StringRef> known;
    for (const LayerKind &candidate : layerKinds()) {
      known.push_back(candidate.name);
      if (candidate.name == layer.kind)
        kind = &candidate;
    }
    if (!kind) {
      diagnostics.report("unknown-layer", spec.kind.range,
                         "no layer named '" + layer.kind + "'" + suggest(layer.kind, known) +
                             "; there are " + llvm::join(llvm::ArrayRef(known), ", "));
      return std::nullopt;
    }
    size_t position = 0;
    llvm::StringMap<ast::Range> given;
    bool good = true;
    for (const ast::Argument &argument : spec.arguments) {
      const Parameter *parameter = nullptr;
      if (!argument.name) {
        if (position < kind->parameters.size())
          parameter = &kind->parameters[position++];
      } else {
        for (const Parameter &candidate : kind->parameters)
          if (candidate.name == argument.name->text)
            parameter = &candidate;
      }
      if (!parameter) {
        diagnostics.report(
            "bad-argument", argument.name ? argument.name->range : argument.range,
            "'" + layer.kind + "' takes " + describe(*kind) +
                (argument.name ? ", no '" + argument.name->text + "'" : std::string()));
        good = false;
        continue;
      }
      if (!given.try_emplace(parameter->name, argument.range).second) {
        diagnostics.report("bad-argument", argument.range,
                           "'" + parameter->name + "' is given twice");
        diagnostics.note(given[parameter->name], "the first time is here");
        good = false;
        continue;
      }
      good = setArgument(layer, *parameter, argument.value) && good;
    }
    for (const Parameter &parameter : kind->parameters)
      if (parameter.required && !given.count(parameter.name)) {
        diagnostics.report("bad-argument", spec.range,
                           "'" + layer.kind + "' needs '" + parameter.name + "'");
        good = false;
      }
    return good ? std::optional(std::move(layer)) : std::nullopt;
  }

  static std::string describe(const LayerKind &kind) {
    std::string text;
    for (const Parameter &parameter : kind.parameters)
      text += (text.empty() ? "'" : ", '") + parameter.name.str() + "'";
    return text.empty() ? "no arguments" : text;
  }

  bool setArgument(Layer &layer, const Parameter &parameter, const ast::Expression &value) {
    if (parameter.kind == Parameter::Kind::count) {
      std::optional<int64_t> count =
          evaluateCount(value, constants, 1, "'" + parameter.name.str() + "'", diagnostics);
      if (count)
        layer.numbers[parameter.name.str()] = static_cast<double>(*count);
      return count.has_value();
    }
    if (value.kind == ast::Expression::Kind::name && llvm::is_contained(kActivations, value.text)) {
      layer.words[parameter.name.str()] = value.text;
      return true;
    }
    diagnostics.report(
        "bad-value", value.range,
        "expected an activation: " + llvm::join(llvm::ArrayRef(kActivations), " or ") +
            (value.kind == ast::Expression::Kind::name
                 ? suggest(value.text, llvm::ArrayRef(kActivations))
                 : ""));
    return false;
  }

  //===-- Inputs and outputs ------------------------------------------------------------------===//

  std::optional<std::vector<int64_t>> checkShape(const ast::TensorType &type) {
    if (type.element.text != "f32") {
      diagnostics.report("unknown-type", type.element.range,
                         "no element type '" + type.element.text + "'; there is f32");
      return std::nullopt;
    }
    std::vector<int64_t> shape;
    for (const ast::Expression &dimension : type.shape) {
      if (dimension.kind == ast::Expression::Kind::size) {
        llvm::SmallVector<llvm::StringRef> parts;
        llvm::StringRef(dimension.text).split(parts, 'x');
        for (llvm::StringRef part : parts)
          if (int64_t size; !part.getAsInteger(10, size) && size > 0)
            shape.push_back(size);
      } else if (std::optional<int64_t> size =
                     evaluateCount(dimension, constants, 1, "a dimension", diagnostics)) {
        shape.push_back(*size);
      } else {
        return std::nullopt;
      }
    }
    double elements = 1;
    for (int64_t size : shape)
      elements *= static_cast<double>(size);
    if (shape.empty() || elements > 1e9) {
      diagnostics.report("bad-value", type.range,
                         "expected a shape of 1 to 1,000,000,000 elements");
      return std::nullopt;
    }
    return shape;
  }

  void addInput(const ast::Input &input) {
    std::optional<unsigned> node = findNode(input.node);
    std::optional<std::vector<int64_t>> shape = checkShape(input.type);
    if (!declare(inputNames, input.name, "input") || !node || !shape) {
      failedItems = true;
      return;
    }
    network.nodes[*node].inputs.push_back(network.inputs.size());
    network.inputs.push_back({&input, *node, std::move(*shape)});
  }

  void addOutput(const ast::Output &output) {
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
    } else {
      const ast::ClassType &classes = std::get<ast::ClassType>(output.type);
      if (classes.classes.size() == 1 && classes.classes[0].kind != ast::Expression::Kind::name) {
        std::optional<int64_t> count =
            evaluateCount(classes.classes[0], constants, 1, "the number of classes", diagnostics);
        if (!count)
          return void(failedItems = true);
        result.width = *count;
      } else if (classes.classes.size() == 1 && constants.count(classes.classes[0].text)) {
        std::optional<int64_t> count =
            evaluateCount(classes.classes[0], constants, 1, "the number of classes", diagnostics);
        if (!count)
          return void(failedItems = true);
        result.width = *count;
      } else {
        llvm::StringMap<ast::Range> names;
        for (const ast::Expression &name : classes.classes) {
          if (name.kind != ast::Expression::Kind::name) {
            diagnostics.report("bad-value", name.range, "expected the name of a class");
            return void(failedItems = true);
          }
          ast::Name declared;
          declared.range = name.range;
          declared.text = name.text;
          declare(names, declared, "class");
          result.classNames.push_back(name.text);
        }
        result.width = static_cast<int64_t>(result.classNames.size());
      }
    }
    network.outputs.push_back(std::move(result));
  }

  //===-- Hyperconnections --------------------------------------------------------------------===//

  std::optional<unsigned> connect(unsigned from, unsigned to, bool isSkip, ast::Range range,
                                  const ast::ConnectionOptions &options) {
    Hyperconnection connection{network.nodes[from].spec->name.text + "_to_" +
                                   network.nodes[to].spec->name.text,
                               from,
                               to,
                               isSkip,
                               range,
                               std::nullopt,
                               std::nullopt};
    auto [found, isNew] = connectionNames.try_emplace(connection.name, range);
    if (!isNew) {
      diagnostics.report("duplicate-hyperconnection", range,
                         "there is a second hyperconnection from '" +
                             network.nodes[from].spec->name.text + "' to '" +
                             network.nodes[to].spec->name.text + "'");
      diagnostics.note(found->second, "the first is here");
      return std::nullopt;
    }
    if (options.project)
      if (!(connection.projection = checkLayer(*options.project)))
        return std::nullopt;
    if (options.weight)
      if (!(connection.weight = evaluate(*options.weight, constants, diagnostics)))
        return std::nullopt;
    const unsigned index = network.hyperconnections.size();
    network.nodes[from].outgoing.push_back(index);
    network.nodes[to].incoming.push_back(index);
    if (network.nodes[to].incoming.size() + network.nodes[to].inputs.size() == 65)
      diagnostics.report("not-supported", range,
                         "'" + network.nodes[to].spec->name.text + "' has more than 64 inputs");
    network.hyperconnections.push_back(std::move(connection));
    return index;
  }

  void addChain(const ast::Chain &chain) {
    for (const ast::Name &name : chain.options.standsFor)
      diagnostics.report("bad-stand-in", name.range,
                         "only a skip stands in for another hyperconnection");
    std::optional<unsigned> from = findNode(chain.nodes.front());
    for (size_t k = 1; k < chain.nodes.size(); ++k) {
      std::optional<unsigned> to = findNode(chain.nodes[k]);
      const ast::Range range{chain.nodes[k - 1].range.begin, chain.nodes[k].range.end};
      if (from && to)
        connect(*from, *to, false, range,
                k + 1 == chain.nodes.size() ? chain.options : ast::ConnectionOptions());
      from = to;
    }
  }

  void addSkip(const ast::Skip &skip) {
    SkipGroup group{{}, &skip.options.standsFor, skip.range};
    std::optional<unsigned> to = findNode(skip.receiver);
    for (const ast::Name &sender : skip.senders) {
      std::optional<unsigned> from = findNode(sender);
      if (from && to)
        if (std::optional<unsigned> index = connect(*from, *to, true, skip.range, skip.options))
          group.members.push_back(*index);
    }
    if (!group.members.empty())
      groups.push_back(std::move(group));
  }

  //===-- Reliabilities and the recipe --------------------------------------------------------===//

  void addReliability(const ast::Reliability &setting) {
    if (!declare(settingNames, setting.name, "reliability setting"))
      return;
    Reliability reliability{&setting, {}};
    llvm::StringMap<ast::Range> names;
    for (const ast::Reliability::Entry &entry : setting.entries) {
      std::optional<unsigned> node = findNode(entry.node);
      if (!declare(names, entry.node, "reliability") || !node || !entry.value)
        continue;
      std::optional<double> value = evaluate(*entry.value, constants, diagnostics);
      if (!value)
        continue;
      if (!(*value >= 0 && *value <= 1)) {
        diagnostics.report("bad-reliability", entry.value->range,
                           "a reliability is a probability from 0 to 1");
        continue;
      }
      reliability.nodes[*node] = *value;
      network.nodes[*node].failable = true;
    }
    network.reliabilities.push_back(std::move(reliability));
  }

  void addRecipe(const ast::Train &train) {
    if (network.recipe) {
      diagnostics.report("duplicate-name", train.keyword, "there is a second 'train'");
      return;
    }
    network.recipe.emplace();
    llvm::StringMap<ast::Range> names;
    for (const ast::Argument &setting : train.settings)
      if (declare(names, *setting.name, "setting"))
        addSetting(setting);
  }

  void addSetting(const ast::Argument &setting) {
    static const llvm::StringRef known[] = {"optimizer", "batch", "epochs", "failout",
                                            "seed",      "keep",  "loss"};
    Recipe &recipe = *network.recipe;
    const std::string &name = setting.name->text;
    const ast::Expression &value = setting.value;
    if (name == "batch" || name == "epochs" || name == "seed") {
      if (auto count = evaluateCount(value, constants, name == "batch" ? 1 : 0, "'" + name + "'",
                                     diagnostics))
        recipe.numbers[name] = static_cast<double>(*count);
    } else if (name == "failout") {
      std::optional<double> rate = evaluate(value, constants, diagnostics);
      if (rate && !(*rate >= 0 && *rate <= 1))
        diagnostics.report("bad-value", value.range,
                           "'failout' is a failure probability from 0 to 1");
      else if (rate)
        recipe.failout = *rate;
    } else if (name == "optimizer") {
      addOptimizer(value);
    } else if (name == "keep") {
      const bool isBest = value.text == "best" && value.kind == ast::Expression::Kind::call &&
                          value.operands.size() == 1;
      const bool best = isBest && value.operands[0].value.text == "validation_accuracy";
      const bool last = value.text == "last" && value.kind == ast::Expression::Kind::name;
      recipe.keepBest = best;
      if (!best && !last)
        diagnostics.report("bad-value", isBest ? value.operands[0].range : value.range,
                           "expected 'best(validation_accuracy)' or 'last'");
    } else if (name == "loss") {
      if (value.text != "cross_entropy" || value.kind != ast::Expression::Kind::name)
        diagnostics.report("bad-value", value.range, "expected 'cross_entropy'");
    } else {
      diagnostics.report("unknown-setting", setting.name->range,
                         "no training setting named '" + name + "'" + suggest(name, known) +
                             "; there are " + llvm::join(llvm::ArrayRef(known), ", "));
    }
  }

  void addOptimizer(const ast::Expression &value) {
    static const llvm::StringRef adam[] = {"rate", "beta1", "beta2", "epsilon"},
                                 sgd[] = {"rate", "momentum"};
    llvm::ArrayRef<llvm::StringRef> known;
    if (value.kind == ast::Expression::Kind::call || value.kind == ast::Expression::Kind::name)
      known = value.text == "adam"  ? llvm::ArrayRef(adam)
              : value.text == "sgd" ? llvm::ArrayRef(sgd)
                                    : known;
    if (known.empty()) {
      diagnostics.report("bad-value", value.range, "expected 'adam(...)' or 'sgd(...)'");
      return;
    }
    network.recipe->optimizer = value.text;
    for (const ast::Argument &argument : value.operands) {
      if (!argument.name || !llvm::is_contained(known, argument.name->text)) {
        diagnostics.report("bad-argument", argument.range,
                           "'" + value.text + "' takes " + llvm::join(known, ", ") +
                               ", each by name");
        continue;
      }
      std::optional<double> number = evaluate(argument.value, constants, diagnostics);
      if (number && !(*number >= 0))
        diagnostics.report("bad-value", argument.value.range,
                           "'" + argument.name->text + "' is negative");
      else if (number)
        network.recipe->numbers[argument.name->text] = *number;
    }
  }

  const ast::File &file;
  Diagnostics &diagnostics;
  Network network;
  Constants constants;
  llvm::StringMap<unsigned> nodeIndex;
  llvm::StringMap<ast::Range> labels, inputNames, outputNames, settingNames, connectionNames;
  llvm::StringMap<unsigned> counts;
  std::vector<SkipGroup> groups;
  bool failedItems = false;
  bool notedUnnamed = false; ///< once is enough
};

} // namespace

std::optional<Network> rnet::check(const ast::File &file, bool skips, Diagnostics &diagnostics) {
  return Checker(file, diagnostics).run(skips);
}
