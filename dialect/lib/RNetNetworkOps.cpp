// Verifiers and look-ups of the ops that describe a network.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Dialect/RNetDialect.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace rnet;

//===-- Network -------------------------------------------------------------------------------===//

NodeOp NetworkOp::lookupNode(StringRef name) {
  for (NodeOp node : getOps<NodeOp>())
    if (node.getName() == name)
      return node;
  return {};
}

OutputOp NetworkOp::lookupOutput(StringRef name) {
  for (OutputOp output : getOps<OutputOp>())
    if (output.getName() == name)
      return output;
  return {};
}

/// A hyperconnection over links and relays in turn, each of which joins its neighbours.
static LogicalResult verifyRoute(HyperconnectionOp connection,
                                 const llvm::StringMap<Operation *> &causes) {
  StringRef place = connection.getSender().getName(), link;
  auto route = *connection.getRoute();
  if (route.size() % 2 == 0)
    return connection.emitOpError()
           << "needs a route of links with a relay between two, found " << route;
  auto step = [&](StringRef node) -> LogicalResult {
    auto found = dyn_cast_or_null<LinkOp>(causes.lookup(link));
    if (!found)
      return connection.emitOpError()
             << "is routed over the link '" << link << "', which the network does not have";
    for (StringRef end : {place, node})
      if (!llvm::is_contained(found.getNodes().getAsValueRange<StringAttr>(), end))
        return connection.emitOpError()
               << "is routed over the link '" << link << "', which does not join '" << end << "'";
    place = node;
    return success();
  };
  for (auto [k, name] : llvm::enumerate(route.getAsValueRange<StringAttr>())) {
    if (k % 2 == 0)
      link = name;
    else if (failed(step(name)))
      return failure();
  }
  return step(connection.getReceiver());
}

/// At a node of its own, for the output that is trained and scored: the first.
static LogicalResult verifyExit(ExitOp exit, NetworkOp network,
                                llvm::DenseMap<Operation *, ExitOp> &taken) {
  StringRef name = exit.getOutput(), node = exit.getNode().getName();
  OutputOp output = network.lookupOutput(name);
  if (!output)
    return exit.emitOpError() << "answers for the output '" << name
                              << "', which the network does not have";
  if (output != *network.getOps<OutputOp>().begin())
    return exit.emitOpError() << "answers for the output '" << name << "', which is not the first";
  if (output.getValue().getDefiningOp() == exit.getNode())
    return exit.emitOpError() << "is at '" << node << "', which holds the output itself";
  if (!taken.try_emplace(exit.getNode(), exit).second)
    return exit.emitOpError() << "is the second at '" << node << "'";
  return success();
}

LogicalResult NetworkOp::verifyRegions() {
  // Nodes, links and groups share one space of names.
  llvm::StringMap<Operation *> causes, names;
  auto declare = [&](auto op, StringRef what) -> LogicalResult {
    if (!causes.try_emplace(op.getName(), op).second)
      return op.emitOpError() << "is the second " << what << " named '" << op.getName() << "'";
    return success();
  };
  for (NodeOp node : getOps<NodeOp>())
    if (failed(declare(node, "node")))
      return failure();
  for (LinkOp link : getOps<LinkOp>())
    if (failed(declare(link, "node or link")))
      return failure();
  for (GroupOp group : getOps<GroupOp>())
    if (failed(declare(group, "node, link or group")))
      return failure();

  auto checkNode = [&](Operation *op, StringRef name) -> LogicalResult {
    if (!isa_and_nonnull<NodeOp>(causes.lookup(name)))
      return op->emitOpError() << "names the node '" << name
                               << "', which the network does not have";
    return success();
  };
  llvm::DenseMap<Operation *, ExitOp> exits;
  const bool hasLinks = !getOps<LinkOp>().empty();
  for (Operation &op : getBody().front()) {
    if (auto input = dyn_cast<InputOp>(op)) {
      if (failed(checkNode(input, input.getNode())))
        return failure();
    } else if (auto connection = dyn_cast<HyperconnectionOp>(op)) {
      if (!names.try_emplace(connection.getName(), connection).second)
        return connection.emitOpError()
               << "is the second hyperconnection named '" << connection.getName() << "'";
      if (failed(checkNode(connection, connection.getReceiver())))
        return failure();
      if (hasLinks && !connection.getRoute())
        return connection.emitOpError("needs a route, since the network has links");
      if (connection.getRoute() && failed(verifyRoute(connection, causes)))
        return failure();
    } else if (auto link = dyn_cast<LinkOp>(op)) {
      for (StringRef name : link.getNodes().getAsValueRange<StringAttr>())
        if (failed(checkNode(link, name)))
          return failure();
    } else if (auto group = dyn_cast<GroupOp>(op)) {
      for (StringRef name : group.getMembers().getAsValueRange<StringAttr>())
        if (!isa_and_nonnull<NodeOp, LinkOp>(causes.lookup(name)))
          return group.emitOpError()
                 << "holds '" << name << "', which is no node or link of the network";
    } else if (auto reliability = dyn_cast<ReliabilityOp>(op)) {
      for (NamedAttribute entry : reliability.getCauses())
        if (!causes.count(entry.getName().getValue()))
          return reliability.emitOpError() << "names '" << entry.getName().getValue()
                                           << "', which is no node, link or group of the network";
    } else if (auto budget = dyn_cast<BudgetOp>(op)) {
      if (failed(checkNode(budget, budget.getNode())))
        return failure();
    } else if (auto exit = dyn_cast<ExitOp>(op)) {
      if (failed(verifyExit(exit, *this, exits)))
        return failure();
    } else if (!isa<NodeOp, ParameterOp, OutputOp, RecipeOp>(op)) {
      return op.emitOpError("may not stand directly in a network");
    }
  }
  return success();
}

//===-- Node ----------------------------------------------------------------------------------===//

YieldOp NodeOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

LogicalResult NodeOp::verifyRegions() {
  Block &body = getBody().front();
  auto compatible = [](Type a, Type b) { // an unranked type is one that is not known yet
    return a == b || !isa<RankedTensorType>(a) || !isa<RankedTensorType>(b);
  };
  if (body.getNumArguments() != getInputs().size() ||
      !llvm::all_of_zip(body.getArgumentTypes(), getInputs().getTypes(), compatible))
    return emitOpError("must have a block argument of the same type for each input");
  if (body.empty() || !isa<YieldOp>(body.back()))
    return emitOpError("must end with rnet.yield");
  if (getYield().getResults().size() != getNumResults() ||
      !llvm::all_of_zip(getYield().getResults().getTypes(), getResultTypes(), compatible))
    return emitOpError("must have the result types that its rnet.yield gives");
  for (Value input : getInputs()) {
    if (auto connection = input.getDefiningOp<HyperconnectionOp>()) {
      if (connection.getReceiver() != getName())
        return emitOpError() << "takes the hyperconnection '" << connection.getName()
                             << "', which goes to '" << connection.getReceiver() << "'";
    } else if (auto networkInput = input.getDefiningOp<InputOp>()) {
      if (networkInput.getNode() != getName())
        return emitOpError() << "takes the input '" << networkInput.getName() << "', which is at '"
                             << networkInput.getNode() << "'";
    } else {
      return emitOpError("takes values from network inputs and hyperconnections only");
    }
  }
  return success();
}

//===-- Hyperconnection -----------------------------------------------------------------------===//

NodeOp HyperconnectionOp::getSender() { return getSource().getDefiningOp<NodeOp>(); }

NodeOp HyperconnectionOp::getReceiverNode() {
  for (Operation *user : getValue().getUsers())
    if (auto node = dyn_cast<NodeOp>(user))
      return node;
  return {};
}

StringRef HyperconnectionOp::spellElement() {
  return getElement() ? stringifyElement(*getElement()) : "f32";
}

/// The type of what the layers of an op's `part` make of one value.
static FailureOr<Type> verifyLayers(Operation *op, Region &region, StringRef part, Type source) {
  Block &block = region.front();
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (block.getNumArguments() != 1 || block.getArgument(0).getType() != source)
    return op->emitOpError() << "must have a " << part << " of one value of the type of its source";
  if (!yield || yield.getResults().size() != 1)
    return op->emitOpError() << "must end its " << part << " by yielding one value";
  return yield.getResults()[0].getType();
}

LogicalResult HyperconnectionOp::verify() {
  if (!getSender())
    return emitOpError("must start at a node");
  if (getStandby() && getKind() != ir::HyperconnectionKind::Skip)
    return emitOpError("is simple: only a skip can be on standby");
  Region &projection = getProjection();
  if (projection.empty()) {
    if (getSource().getType() != getValue().getType() &&
        isa<RankedTensorType>(getSource().getType()) && isa<RankedTensorType>(getValue().getType()))
      return emitOpError() << "carries " << getSource().getType() << " to " << getValue().getType()
                           << " without a projection";
    return success();
  }
  FailureOr<Type> result = verifyLayers(*this, projection, "projection", getSource().getType());
  if (failed(result))
    return failure();
  if (*result != getValue().getType())
    return emitOpError("must end its projection by yielding a value of its result type");
  return success();
}

//===-- Exit ----------------------------------------------------------------------------------===//

NodeOp ExitOp::getNode() { return getValue().getDefiningOp<NodeOp>(); }

LogicalResult ExitOp::verify() {
  if (!getNode())
    return emitOpError("must be at a node");
  if (getHead().empty())
    return success();
  return verifyLayers(*this, getHead(), "head", getValue().getType());
}

//===-- Mux -----------------------------------------------------------------------------------===//

static LogicalResult verifyStandIns(Operation *op, ArrayAttr standIns, int64_t inputs) {
  if (inputs > 64)
    return op->emitOpError() << "has " << inputs << " inputs; 64 are possible";
  for (auto group : standIns.getAsRange<StandInAttr>()) {
    for (DenseI64ArrayAttr positions : {group.getMembers(), group.getStandsFor()}) {
      if (positions.empty())
        return op->emitOpError(
            "has a stand-in group without members or without inputs to stand for");
      for (int64_t position : positions.asArrayRef())
        if (position < 0 || position >= inputs)
          return op->emitOpError() << "has a stand-in group with position " << position << ", but "
                                   << inputs << " inputs";
    }
  }
  return success();
}

LogicalResult MuxOp::verify() {
  const int64_t inputs = static_cast<int64_t>(getTerms().size() - getAveraged().size());
  if (getTerms().empty() || inputs <= 0)
    return emitOpError("needs an input");
  for (Type type : getTerms().getTypes())
    if (isa<RankedTensorType>(type) && isa<RankedTensorType>(getOutput().getType()) &&
        type != getOutput().getType())
      return emitOpError() << "adds inputs of different shapes: " << type << " and "
                           << getOutput().getType();
  if (failed(verifyStandIns(*this, getStandIns(), inputs)))
    return failure();
  for (auto [term, input] : llvm::zip_equal(getAverageTerms(), getAveraged())) {
    if (input < 0 || input >= inputs)
      return emitOpError() << "has the average of input " << input << ", but " << inputs
                           << " inputs";
    if (!term.getDefiningOp<AverageOp>())
      return emitOpError() << "must have an rnet.average as the average of input " << input;
    if (static_cast<int64_t>(findReplaceable(input).size()) == inputs)
      return emitOpError() << "has the average of input " << input
                           << ", but no other input beside which it could count";
  }
  return success();
}

SmallVector<int64_t> MuxOp::findReplaceable(int64_t input) {
  SmallVector<int64_t> result = {input};
  for (auto group : getStandIns().getAsRange<StandInAttr>())
    if (llvm::is_contained(group.getStandsFor().asArrayRef(), input))
      for (int64_t member : group.getMembers().asArrayRef())
        if (!llvm::is_contained(result, member))
          result.push_back(member);
  return result;
}

SmallVector<Value> MuxOp::buildAdjoint(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  SmallVector<Value> gradients;
  for (auto [index, input] : llvm::enumerate(getInputs()))
    gradients.push_back(needed[index]
                            ? MuxAdjointOp::create(builder, input.getLoc(), getOutput().getType(),
                                                   gradient, getOutput(), index)
                                  .getOutput()
                            : Value());
  gradients.resize(getTerms().size()); // averages are constant
  return gradients;
}

//===-- Average -------------------------------------------------------------------------------===//

std::string AverageOp::getKernelName() { return "average"; }
SmallVector<FlatSymbolRefAttr> AverageOp::getKernelParameters() { return {getParameterAttr()}; }
std::string AverageOp::getKernelStorage() {
  return "rnet::Average<" + std::to_string(getRowWidth(getOutput().getType())) + ">";
}

LogicalResult FailoverOp::verify() {
  if (getPresent().size() != getTaken().size())
    return emitOpError("must give a mask for each input");
  return verifyStandIns(*this, getStandIns(), getPresent().size());
}

//===-- Links and groups ----------------------------------------------------------------------===//

/// The first name that stands twice.
static std::optional<StringRef> findRepeated(ArrayAttr names) {
  llvm::StringSet<> seen;
  for (StringRef name : names.getAsValueRange<StringAttr>())
    if (!seen.insert(name).second)
      return name;
  return std::nullopt;
}

LogicalResult LinkOp::verify() {
  if (getNodes().size() < 2)
    return emitOpError() << "must join two nodes or more, found " << getNodes();
  if (std::optional<StringRef> name = findRepeated(getNodes()))
    return emitOpError() << "joins '" << *name << "' twice";
  return success();
}

LogicalResult GroupOp::verify() {
  if (getMembers().empty())
    return emitOpError("must hold a node or link");
  if (std::optional<StringRef> name = findRepeated(getMembers()))
    return emitOpError() << "holds '" << *name << "' twice";
  return success();
}

//===-- Reliability ---------------------------------------------------------------------------===//

LogicalResult ReliabilityOp::verify() {
  for (NamedAttribute entry : getCauses()) {
    auto value = dyn_cast<FloatAttr>(entry.getValue());
    if (!value || !(value.getValueAsDouble() >= 0 && value.getValueAsDouble() <= 1))
      return emitOpError() << "needs a probability from 0 to 1 for '" << entry.getName().getValue()
                           << "', found " << entry.getValue();
  }
  return success();
}

LogicalResult YieldOp::verify() {
  if (getGradients().size() != getGradientInputs().size())
    return emitOpError("must say for each gradient which input it is of");
  return success();
}
