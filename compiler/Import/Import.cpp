// From the checked spec to the `rnet` dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Import/Import.h"

#include "Context.h"

#include "rnet/Analysis/Causes.h"

#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

namespace {

class Importer {
public:
  Importer(const model::Network &network, const llvm::SourceMgr &sources, MLIRContext &context)
      : network(network), context(sources, context), builder(this->context.builder) {}

  OwningOpRef<ModuleOp> run() {
    OwningOpRef<ModuleOp> module(ModuleOp::create(context.locate(network.range)));
    builder.setInsertionPointToEnd(module->getBody());
    auto op = NetworkOp::create(builder, named(network.name, network.range),
                                builder.getStringAttr(network.name), SchemeAttr());
    body = context.body = &op.getBody().emplaceBlock();
    builder.setInsertionPointToEnd(body);

    for (const model::Input &input : network.inputs)
      inputs.push_back(InputOp::create(builder, named(input.spec->name.text, input.spec->range),
                                       getRowsType(builder.getContext(), input.shape),
                                       builder.getStringAttr(input.spec->name.text),
                                       builder.getStringAttr(input.spec->node.text),
                                       input.spec->isPrivate));
    importLinks();
    connections.resize(network.hyperconnections.size());
    for (unsigned node : network.order)
      importNode(node);
    for (const model::Output &output : network.outputs)
      importOutput(output);
    for (const model::Exit &exit : network.exits)
      importExit(exit);
    for (const model::Reliability &reliability : network.reliabilities)
      importReliability(reliability);
    for (const model::Node &node : network.nodes)
      if (node.budget)
        importBudget(node);
    if (network.recipe)
      importRecipe(*network.recipe);
    return module;
  }

private:
  Location named(const Twine &name, ast::Range range) { return context.named(name, range); }

  ArrayAttr namesOf(const std::vector<ast::Name> &names) {
    return builder.getStrArrayAttr(
        llvm::map_to_vector(names, [](const ast::Name &name) { return StringRef(name.text); }));
  }
  void importLinks() {
    auto setFailout = [&](Operation *op, model::Cause::Kind kind, size_t index) {
      if (FloatAttr failout = failoutAs({kind, static_cast<unsigned>(index)}))
        op->setAttr(kFailoutAttr, failout);
    };
    for (auto [index, link] : llvm::enumerate(network.links))
      setFailout(LinkOp::create(builder, named(link.spec->name.text, link.spec->range),
                                link.spec->name.text, namesOf(link.spec->members)),
                 model::Cause::Kind::link, index);
    for (auto [index, group] : llvm::enumerate(network.groups))
      setFailout(GroupOp::create(builder, named(group.spec->name.text, group.spec->range),
                                 group.spec->name.text, namesOf(group.spec->members)),
                 model::Cause::Kind::group, index);
  }

  /// Links and relays in turn; null where the network has no links.
  ArrayAttr importRoute(const model::Route &route) {
    if (route.links.empty())
      return {};
    SmallVector<StringRef> names;
    for (auto [k, link] : llvm::enumerate(route.links)) {
      if (k > 0)
        names.push_back(network.nodes[route.relays[k - 1]].spec->name.text);
      names.push_back(network.links[link].spec->name.text);
    }
    return builder.getStrArrayAttr(names);
  }

  /// Null for f32.
  ElementAttr elementOf(StringRef spelled) {
    std::optional<Element> element = symbolizeElement(spelled);
    return element ? ElementAttr::get(builder.getContext(), *element) : ElementAttr();
  }

  void importNode(unsigned index) {
    const model::Node &node = network.nodes[index];
    const std::string &name = node.spec->name.text;
    Location where = named(name, node.spec->name.range);

    // Mux order: network inputs, then hyperconnections in the order of the spec.
    SmallVector<Value> operands;
    for (unsigned input : node.inputs)
      operands.push_back(inputs[input].getValue());
    for (unsigned incoming : node.incoming)
      operands.push_back(connections[incoming].getValue());

    FloatAttr failout;
    if (network.mayBeDown(node)) {
      failout = failoutAs({model::Cause::Kind::node, index});
      if (!failout)
        failout = builder.getF64FloatAttr(getFailout().rate);
    }
    auto op = NodeOp::create(builder, where, TypeRange{unknown}, builder.getStringAttr(name),
                             operands, failout, elementOf(node.element));
    {
      OpBuilder::InsertionGuard guard(builder);
      Block &block = op.getBody().emplaceBlock();
      for (Value operand : operands)
        block.addArgument(operand.getType(), operand.getLoc());
      builder.setInsertionPointToEnd(&block);
      Value value = importMux(index, block);
      YieldOp::create(builder, where, importLayers(context, node.layers, value));
    }
    for (unsigned outgoing : node.outgoing)
      importHyperconnection(outgoing, op);
  }

  model::Failout getFailout() const {
    return network.recipe ? network.recipe->failout : model::Failout();
  }
  /// How often a node, link or group fails by itself in training, where that is as in a reliability
  /// setting; null where it is not, or the setting does not name a link or group.
  FloatAttr failoutAs(model::Cause cause) {
    const model::Failout failout = getFailout();
    if (!failout.setting)
      return {};
    const std::map<model::Cause, double> &given = network.reliabilities[*failout.setting].causes;
    auto found = given.find(cause);
    if (found == given.end() && cause.kind != model::Cause::Kind::node)
      return {};
    return builder.getF64FloatAttr(found == given.end() ? 0 : 1 - found->second);
  }

  /// What reaches the node: inputs of the network normalised, all joined.
  Value importMux(unsigned index, Block &block) {
    const model::Node &node = network.nodes[index];
    SmallVector<Value> values(block.getArguments());
    for (auto [position, input] : llvm::enumerate(node.inputs)) {
      const ast::Input &spec = *network.inputs[input].spec;
      Location where = named(spec.name.text + "_normalized", spec.range);
      FlatSymbolRefAttr mean =
          context.parameter(spec.name.text + ".mean", Initializer::Zeros, true, where);
      FlatSymbolRefAttr deviation =
          context.parameter(spec.name.text + ".deviation", Initializer::Ones, true, where);
      values[position] =
          NormalizeOp::create(builder, where, unknown, values[position], Value(), mean, deviation);
    }
    if (node.incoming.empty() && values.size() == 1)
      return values.front();
    SmallVector<Attribute> standIns;
    for (const model::StandIn &standIn : network.standIns) {
      if (standIn.receiver != index)
        continue;
      auto positions = [&](const std::vector<unsigned> &list) {
        SmallVector<int64_t> result;
        for (unsigned connection : list)
          result.push_back(static_cast<int64_t>(node.inputs.size()) +
                           (llvm::find(node.incoming, connection) - node.incoming.begin()));
        return builder.getDenseI64ArrayAttr(result);
      };
      standIns.push_back(StandInAttr::get(builder.getContext(), positions(standIn.members),
                                          positions(standIn.standsFor), standIn.bypassed));
    }
    SmallVector<int64_t> averages;
    for (auto [position, incoming] : llvm::enumerate(node.incoming)) {
      const model::Hyperconnection &connection = network.hyperconnections[incoming];
      if (!connection.average)
        continue;
      averages.push_back(static_cast<int64_t>(node.inputs.size() + position));
      Location where =
          named(network.nodes[connection.from].spec->name.text + "_average", *connection.average);
      FlatSymbolRefAttr value =
          context.parameter(connection.name + ".average", Initializer::Zeros, true, where);
      values.push_back(AverageOp::create(builder, where, unknown, Value(), value));
    }
    return MuxOp::create(builder, named(node.spec->name.text + "_input", node.spec->name.range),
                         unknown, values, MuxKindAttr(), builder.getArrayAttr(standIns),
                         averages.empty() ? DenseI64ArrayAttr()
                                          : builder.getDenseI64ArrayAttr(averages));
  }

  void importHyperconnection(unsigned index, NodeOp sender) {
    const model::Hyperconnection &spec = network.hyperconnections[index];
    Location where = named(spec.name, spec.range);
    FloatAttr weight;
    if (spec.weight)
      weight = builder.getF64FloatAttr(*spec.weight);
    auto op = HyperconnectionOp::create(
        builder, where, unknown, builder.getStringAttr(spec.name),
        spec.isSkip ? HyperconnectionKind::Skip : HyperconnectionKind::Simple, sender.getResult(0),
        builder.getStringAttr(network.nodes[spec.to].spec->name.text), importRoute(spec.route),
        weight, elementOf(spec.element), spec.isStandby);
    if (!spec.projection.empty())
      importRegion(op.getProjection(), spec.projection, where);
    connections[index] = op;
  }

  /// Layers that take one value and yield one.
  void importRegion(Region &region, ArrayRef<model::Layer> layers, Location where) {
    OpBuilder::InsertionGuard guard(builder);
    Block &block = region.emplaceBlock();
    builder.setInsertionPointToEnd(&block);
    YieldOp::create(builder, where,
                    importLayers(context, layers, block.addArgument(unknown, where)));
  }

  void importOutput(const model::Output &output) {
    ArrayAttr classes;
    if (!output.classNames.empty()) {
      SmallVector<StringRef> names(output.classNames.begin(), output.classNames.end());
      classes = builder.getStrArrayAttr(names);
    }
    OutputOp::create(builder, named(output.spec->name.text, output.spec->range),
                     builder.getStringAttr(output.spec->name.text), resultOf(output.node),
                     builder.getI64IntegerAttr(output.width), classes);
  }

  void importExit(const model::Exit &exit) {
    Location where = named(exit.spec->node.text + "_exit", exit.spec->range);
    auto op = ExitOp::create(builder, where, builder.getStringAttr(exit.spec->output.text),
                             resultOf(exit.node));
    importRegion(op.getHead(), exit.head, where);
  }

  /// What the last layer of a node computes.
  Value resultOf(unsigned node) {
    return cast<NetworkOp>(body->getParentOp())
        .lookupNode(network.nodes[node].spec->name.text)
        .getResult(0);
  }

  void importReliability(const model::Reliability &reliability) {
    NamedAttrList causes;
    for (auto [cause, value] : reliability.causes)
      causes.append(network.nameOf(cause).text, builder.getF64FloatAttr(value));
    ReliabilityOp::create(builder, named(reliability.spec->name.text, reliability.spec->range),
                          builder.getStringAttr(reliability.spec->name.text),
                          causes.getDictionary(builder.getContext()));
  }

  void importBudget(const model::Node &node) {
    auto limit = [&](BudgetKind kind, const std::optional<model::Budget::Limit> &given) {
      if (given)
        BudgetOp::create(builder, context.locate(given->range), node.spec->name.text, kind,
                         static_cast<int64_t>(given->bytes));
    };
    limit(BudgetKind::Memory, node.budget->memory);
    limit(BudgetKind::Sent, node.budget->sent);
  }

  void importRecipe(const model::Recipe &recipe) {
    OperationState state(context.locate(network.range), RecipeOp::getOperationName());
    auto op = cast<RecipeOp>(builder.create(state));
    op.setOptimizer(recipe.optimizer);
    op.setKeepBest(recipe.keepBest);
    op.setWeightDecay(llvm::APFloat(recipe.weightDecay));
    op.setBalanced(recipe.balanced);
    op.setFailoutPerRow(recipe.failout.perRow);
    op.setFailoutStratified(recipe.failout.stratified);
    op.setFailoutExpected(recipe.failout.expected);
    if (const std::optional<model::Schedule> &schedule = recipe.schedule) {
      if (schedule->kind == model::Schedule::Kind::step) {
        op.setSchedule(Schedule::Step);
        op.setScheduleFactor(llvm::APFloat(schedule->factor));
        op.setScheduleEvery(schedule->every);
      } else {
        op.setSchedule(Schedule::Cosine);
        op.setWarmup(schedule->warmup);
      }
    }
    if (const std::optional<model::Augmentation> &augmentation = recipe.augmentation) {
      op.setRotation(llvm::APFloat(augmentation->rotation));
      op.setShift(llvm::APFloat(augmentation->shift));
      op.setFlip(augmentation->flip);
    }
    auto real = [&](StringRef name, auto setter) {
      if (auto found = recipe.numbers.find(name.str()); found != recipe.numbers.end())
        (op.*setter)(llvm::APFloat(found->second));
    };
    real("rate", &RecipeOp::setRate);
    real("beta1", &RecipeOp::setBeta1);
    real("beta2", &RecipeOp::setBeta2);
    real("epsilon", &RecipeOp::setEpsilon);
    real("momentum", &RecipeOp::setMomentum);
    real("distill", &RecipeOp::setDistill);
    real("exits", &RecipeOp::setExits);
    auto whole = [&](StringRef name, auto setter) {
      if (auto found = recipe.numbers.find(name.str()); found != recipe.numbers.end())
        (op.*setter)(static_cast<uint64_t>(found->second));
    };
    whole("batch", &RecipeOp::setBatch);
    whole("epochs", &RecipeOp::setEpochs);
    whole("seed", &RecipeOp::setSeed);
  }

  const model::Network &network;
  ImportContext context;
  OpBuilder &builder;
  TensorType unknown = context.unknown;
  Block *body = nullptr;
  SmallVector<InputOp> inputs;
  std::vector<HyperconnectionOp> connections;
};

} // namespace

OwningOpRef<ModuleOp> rnet::importNetwork(const model::Network &network,
                                          const llvm::SourceMgr &sources, MLIRContext &context) {
  return Importer(network, sources, context).run();
}
