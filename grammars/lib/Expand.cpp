// Layers written out.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Expand.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"

using namespace rnet;
using namespace rnet::model;

/// Layers of a network: more than any has, less than memory.
static constexpr size_t kMaxLayers = 1'000'000;
/// Blocks in blocks, repeats and branches: keeps hostile specs from exhausting the stack.
static constexpr unsigned kMaxDepth = 200;
static constexpr unsigned kMaxNotes = 3;

//===-- Declarations --------------------------------------------------------------------------===//

void Expander::declareBlock(const ast::Block &spec) {
  if (findLayer(spec.name.text)) {
    diagnostics.report("duplicate-name", spec.name.range,
                       "'" + spec.name.text + "' is a layer of the language");
    return;
  }
  if (spec.name.text == kCopy) {
    diagnostics.report("duplicate-name", spec.name.range, "'copy' is a projection of the language");
    return;
  }
  if (!declare(blockNames, spec.name.text, spec.name.range, "block", diagnostics))
    return;
  Block block{&spec, {}};
  for (const ast::Block::Parameter &parameter : spec.parameters)
    declare(block.parameters, parameter.name.text, parameter.name.range, "parameter", diagnostics);
  blocks.try_emplace(spec.name.text, std::move(block));
}

void Expander::declareList(const ast::List &spec) {
  if (!declare(listNames, spec.name.text, spec.name.range, "list", diagnostics))
    return;
  order.push_back(&lists.try_emplace(spec.name.text, List{&spec, {}}).first->second);
}

void Expander::expandLists() {
  for (List *list : order) {
    const std::string &name = list->spec->name.text;
    Scope scope{name + ".", "", constants, std::nullopt};
    unroll(list->spec->body, constants, "",
           [&](const ast::LayerItem &item, const std::string &suffix) {
             const ast::Range range = std::visit([](const auto &it) { return it.range; }, item);
             list->items.push_back({range, {}, std::nullopt});
             expandItem(item, suffix, scope, list->items.back().layers);
           });
    Names names;
    for (const ListItem &item : list->items)
      checkNames(item.layers, names);
  }
}

//===-- Nodes and projections -----------------------------------------------------------------===//

std::vector<Layer> Expander::expandNode(const ast::Node &node) {
  if (auto *slice = std::get_if<ast::Slice>(&node.layers))
    return cut(*slice);
  Layers layers;
  if (auto *body = std::get_if<ast::Body>(&node.layers)) {
    Scope scope{node.name.text + ".", "", constants, std::nullopt};
    expand(*body, scope, layers);
    Names names;
    checkNames(layers, names);
  }
  return layers;
}

std::vector<Layer> Expander::expandProjection(const ast::ConnectionOptions &options,
                                              const std::string &from,
                                              const std::string &connection) {
  Layers layers;
  if (auto *single = std::get_if<ast::Layer>(&options.project)) {
    expandCall(*single, "projection", Scope{connection + ".", from + "_", constants, std::nullopt},
               layers);
  } else if (auto *body = std::get_if<ast::Body>(&options.project)) {
    Scope scope{connection + ".projection.", from + "_projection_", constants, std::nullopt};
    expand(*body, scope, layers);
  }
  Names names;
  checkNames(layers, names);
  return layers;
}

std::vector<Layer> Expander::expandExit(const ast::Exit &exit, const Layers &layers) {
  Layers head;
  Scope scope{exit.node.text + ".exit.", "exit_", constants, std::nullopt};
  expand(exit.head, scope, head);
  Names names;
  checkNames(layers, names);
  checkNames(head, names);
  return head;
}

std::vector<Layer> Expander::copy(llvm::ArrayRef<Original> originals, const std::string &path,
                                  ast::Range word) {
  Layers layers;
  for (const Original &original : originals)
    copy(*original.layers, original.prefix, path, word, layers);
  Names names;
  checkNames(layers, names);
  return layers;
}

void Expander::copy(const Layers &originals, const std::string &prefix, const std::string &path,
                    ast::Range word, Layers &copies) {
  for (const Layer &original : originals) {
    if (!spend(1 + (path.size() + original.path.size()) / 64, word))
      return;
    Layer layer = original;
    layer.name = prefix + original.name;
    layer.path = path + original.path;
    layer.original = original.path;
    for (Layers &branch : layer.branches) {
      Layers inner;
      std::swap(inner, branch);
      copy(inner, prefix, path, word, branch);
    }
    copies.push_back(std::move(layer));
  }
}

/// What a node takes from a list.
std::vector<Layer> Expander::cut(const ast::Slice &slice) {
  const std::string &name = slice.list.text;
  auto found = lists.find(name);
  if (found == lists.end()) {
    llvm::SmallVector<llvm::StringRef> known(listNames.keys());
    diagnostics.report("unknown-list", slice.list.range,
                       "no list of layers named '" + name + "'" + suggest(name, known));
    noteUnused(lists, isUsed, "takes layers of");
    return {};
  }
  List &list = found->second;
  const int64_t size = static_cast<int64_t>(list.items.size());
  int64_t first = 1, last = size;
  auto evaluateIndex = [&](const ast::Expression &index, int64_t &result) {
    std::optional<int64_t> value =
        evaluateCount(index, constants, 1, "the number of a layer", diagnostics);
    if (!value)
      return false;
    result = *value;
    if (*value <= size)
      return true;
    diagnostics.report("bad-slice", index.range,
                       "'" + name + "' has " + std::to_string(size) + " layers, no layer " +
                           std::to_string(*value));
    diagnostics.note(list.spec->name.range, "'" + name + "' is declared here");
    return false;
  };
  if (slice.first && !evaluateIndex(*slice.first, first))
    return {};
  if (slice.last && !evaluateIndex(*slice.last, last))
    return {};
  if (slice.first && !slice.last && !slice.isOpen)
    last = first;
  if (first > last) {
    diagnostics.report("bad-slice", slice.range,
                       size == 0 ? "'" + name + "' has no layers"
                                 : "this takes no layers: the last stands before the first");
    diagnostics.note(list.spec->name.range, "'" + name + "' is declared here");
    return {};
  }
  Layers layers;
  for (ListItem &item :
       llvm::MutableArrayRef(list.items)
           .slice(static_cast<size_t>(first - 1), static_cast<size_t>(last - first + 1))) {
    if (item.taken) {
      diagnostics.report("layer-used-twice", slice.range,
                         "two nodes take layer " + std::to_string(&item - list.items.data() + 1) +
                             " of '" + name + "': weights are not shared");
      diagnostics.note(*item.taken, "the other takes it here");
      diagnostics.note(item.range, "this is the layer");
      return {};
    }
    item.taken = slice.range;
    std::move(item.layers.begin(), item.layers.end(), std::back_inserter(layers));
    item.layers.clear();
  }
  return layers;
}

bool Expander::isUsed(const List &list) {
  return llvm::any_of(list.items, [](const ListItem &item) { return item.taken.has_value(); });
}

template <class Declared, class IsUsed>
void Expander::noteUnused(const llvm::StringMap<Declared> &declared, IsUsed isUsed,
                          llvm::StringRef use) {
  unsigned notes = 0;
  for (const auto &[name, item] : declared)
    if (!isUsed(item) && notes++ < kMaxNotes)
      diagnostics.note(item.spec->name.range,
                       "'" + name + "' is declared here, and nothing above " + use + " it");
}

void Expander::warnUnused() {
  for (const List *list : order) {
    if (!isUsed(*list))
      continue;
    llvm::ArrayRef<ListItem> items = list->items;
    auto isTaken = [](const ListItem &item) { return item.taken.has_value(); };
    const ListItem *gap = llvm::find_if_not(items, isTaken);
    if (gap == items.end())
      continue; // one says it
    diagnostics.report("unused-layer", gap->range,
                       "no node takes layer " + std::to_string(gap - items.begin() + 1) + " of '" +
                           list->spec->name.text + "'");
    if (gap != items.begin())
      diagnostics.note(*(gap - 1)->taken, "the layer before it is taken here");
    if (const ListItem *next = std::find_if(gap, items.end(), isTaken); next != items.end())
      diagnostics.note(*next->taken, "the next layer of it that a node takes is taken here");
  }
}

//===-- Layers --------------------------------------------------------------------------------===//

bool Expander::spend(size_t cost, ast::Range range) {
  if (spent <= kMaxLayers && (spent += cost) > kMaxLayers)
    diagnostics.report("too-many-layers", range,
                       "blocks and repetitions give more than a million layers");
  return spent <= kMaxLayers;
}

void Expander::unroll(
    const ast::Body &body, const Constants &constants, const std::string &suffix,
    llvm::function_ref<void(const ast::LayerItem &, const std::string &)> action) {
  if (depth == kMaxDepth) {
    diagnostics.report("too-many-layers", body.range, "layers are nested more than 200 deep");
    return;
  }
  ++depth;
  for (const ast::LayerItem &item : body.items) {
    auto *repeat = std::get_if<ast::Repeat>(&item);
    if (!repeat) {
      action(item, suffix);
      continue;
    }
    std::optional<int64_t> count =
        evaluateCount(repeat->count, constants, 1, "the number of repetitions", diagnostics);
    if (count && *count > static_cast<int64_t>(kMaxLayers))
      spend(kMaxLayers + 1, repeat->count.range);
    for (int64_t k = 0; count && k < *count && spent <= kMaxLayers; ++k) {
      const size_t before = spent;
      unroll(repeat->body, constants, suffix + "_" + std::to_string(k + 1), action);
      if (spent == before) // nothing, but that often
        spend(1, repeat->count.range);
    }
  }
  --depth;
}

void Expander::expand(const ast::Body &body, Scope &scope, Layers &layers) {
  unroll(body, scope.constants, "", [&](const ast::LayerItem &item, const std::string &suffix) {
    expandItem(item, suffix, scope, layers);
  });
}

void Expander::expandItem(const ast::LayerItem &item, const std::string &suffix, Scope &scope,
                          Layers &layers) {
  auto nameOf = [&](const auto &spec, const std::string &kind) {
    if (spec.label)
      return spec.label->text + suffix;
    const std::string number = std::to_string(++scope.counts[kind]);
    return kind + (llvm::isDigit(kind.back()) ? "_" : "") + number; // relu6_1 is no relu61
  };
  auto *call = std::get_if<ast::Layer>(&item);
  auto *branches = std::get_if<ast::Branches>(&item);
  const std::string name =
      call ? nameOf(*call, call->kind.text) : nameOf(*branches, branches->kind.text);
  const std::optional<ast::Name> &label = call ? call->label : branches->label;
  const ast::Range range = call ? call->range : branches->range;
  // A long name costs memory each time: it counts as several layers.
  if (!spend(1 + (scope.path.size() + name.size()) / 64, scope.call.value_or(range)) ||
      !declare(scope.names, name, label ? label->range : range, "layer", diagnostics))
    return;
  if (call)
    expandCall(*call, name, scope, layers);
  else
    expandBranches(*branches, name, scope, layers);
}

void Expander::expandCall(const ast::Layer &spec, const std::string &name, const Scope &scope,
                          Layers &layers) {
  if (auto block = blocks.find(spec.kind.text); block != blocks.end()) {
    expandBlock(block->second, spec,
                Scope{scope.path + name + ".", scope.prefix + name + "_", scope.constants,
                      scope.call ? *scope.call : spec.range},
                layers);
    return;
  }
  const Signature *kind = findLayer(spec.kind.text);
  if (!kind) {
    llvm::SmallVector<llvm::StringRef> known;
    for (const Signature &candidate : layerKinds())
      known.push_back(candidate.name);
    const std::string all = llvm::join(known, ", ");
    known.append(blockNames.keys().begin(), blockNames.keys().end());
    diagnostics.report("unknown-layer", spec.kind.range,
                       "no layer or block named '" + spec.kind.text + "'" +
                           suggest(spec.kind.text, known) + "; there are " + all);
    noteUnused(blocks, [](const Block &block) { return block.isUsed; }, "calls");
    return;
  }
  Layer layer;
  if (std::optional<Arguments> arguments =
          readArguments(*kind, spec.arguments, spec.range, scope.constants, diagnostics))
    static_cast<Arguments &>(layer) = std::move(*arguments);
  else
    return;
  layer.name = name;
  layer.kind = spec.kind.text;
  addLayer(std::move(layer), spec.range, scope, layers);
}

/// Its name is that within the scope.
void Expander::addLayer(Layer layer, ast::Range range, const Scope &scope, Layers &layers) {
  layer.path = scope.path + layer.name;
  layer.name = scope.prefix + layer.name;
  layer.range = range;
  if (scope.call) {
    layer.range = *scope.call;
    layer.inner = range;
  }
  layers.push_back(std::move(layer));
}

void Expander::expandBlock(Block &block, const ast::Layer &spec, Scope scope, Layers &layers) {
  const ast::Block &declaration = *block.spec;
  const std::string &name = declaration.name.text;
  if (block.isOpen) {
    diagnostics.report("recursive-block", spec.range,
                       "block '" + name + "' calls itself, directly or by way of others");
    diagnostics.note(declaration.name.range, "'" + name + "' is declared here");
    return;
  }
  llvm::SmallVector<llvm::StringRef> names;
  for (const ast::Block::Parameter &parameter : declaration.parameters)
    names.push_back(parameter.name.text);
  auto bound = bindArguments(name, names, spec.arguments, diagnostics);
  if (!bound) {
    diagnostics.note(declaration.name.range, "'" + name + "' is declared here");
    return;
  }
  // Arguments are evaluated where the call stands, defaults where the block stands.
  Constants parameters{&constants, {}};
  bool good = true;
  for (auto [parameter, argument] : llvm::zip(declaration.parameters, *bound)) {
    if (!argument && !parameter.otherwise) {
      diagnostics.report("bad-argument", spec.range,
                         "'" + name + "' needs '" + parameter.name.text + "'");
      diagnostics.note(parameter.name.range, "'" + parameter.name.text + "' is declared here");
      good = false;
      continue;
    }
    std::optional<double> value = argument
                                      ? evaluate(argument->value, scope.constants, diagnostics)
                                      : evaluate(*parameter.otherwise, parameters, diagnostics);
    if (value)
      parameters.values[parameter.name.text] = {*value, parameter.name.range,
                                                argument ? argument->value.range : parameter.range};
    good = good && value;
  }
  if (!good)
    return;
  block.isOpen = block.isUsed = true;
  auto close = llvm::scope_exit([&] { block.isOpen = false; });
  Diagnostics::Context context(diagnostics, spec.range, "in '" + name + "', called here");
  Scope inside{std::move(scope.path), std::move(scope.prefix), parameters, scope.call};
  expand(declaration.body, inside, layers);
}

void Expander::expandBranches(const ast::Branches &spec, const std::string &name,
                              const Scope &scope, Layers &layers) {
  const bool isResidual = spec.kind.text == "residual";
  if (isResidual && spec.bodies.front().items.empty()) {
    diagnostics.report("empty-residual", spec.bodies.front().range,
                       "a residual without layers would add its input to itself");
    return;
  }
  Layer layer;
  layer.name = name;
  layer.kind = spec.kind.text;
  for (const auto &[index, body] : llvm::enumerate(spec.bodies)) {
    const std::string branch =
        isResidual ? index == 0 ? "" : "shortcut" : "branch" + std::to_string(index + 1);
    const std::string member = branch.empty() ? name : name + "." + branch;
    Scope inside{scope.path + member + ".", scope.prefix + name + "_", scope.constants, scope.call};
    if (!branch.empty())
      inside.prefix += branch + "_";
    expand(body, inside, layer.branches.emplace_back());
  }
  addLayer(std::move(layer), spec.range, scope, layers);
}

/// Names are unique in each scope; "a_b" in one may still be "b" of "a".
void Expander::checkNames(const Layers &layers, Names &names) {
  for (const Layer &layer : layers) {
    declare(names, layer.name, layer.inner.value_or(layer.range), "layer", diagnostics);
    for (const Layers &branch : layer.branches)
      checkNames(branch, names);
  }
}
