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

ParameterOp NetworkOp::lookupParameter(StringRef name) {
  return dyn_cast_or_null<ParameterOp>(mlir::SymbolTable::lookupSymbolIn(*this, name));
}

LogicalResult NetworkOp::verifyRegions() {
  llvm::StringMap<Operation *> nodes, names;
  for (NodeOp node : getOps<NodeOp>())
    if (!nodes.try_emplace(node.getName(), node).second)
      return node.emitOpError() << "is the second node named '" << node.getName() << "'";

  auto checkNode = [&](Operation *op, StringRef name) -> LogicalResult {
    if (!nodes.count(name))
      return op->emitOpError() << "names the node '" << name
                               << "', which the network does not have";
    return success();
  };
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
    } else if (auto reliability = dyn_cast<ReliabilityOp>(op)) {
      for (NamedAttribute entry : reliability.getNodes())
        if (failed(checkNode(reliability, entry.getName())))
          return failure();
    } else if (auto budget = dyn_cast<BudgetOp>(op)) {
      if (failed(checkNode(budget, budget.getNode())))
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

LogicalResult HyperconnectionOp::verify() {
  if (!getSender())
    return emitOpError("must start at a node");
  Region &projection = getProjection();
  if (projection.empty()) {
    if (getSource().getType() != getValue().getType() &&
        isa<RankedTensorType>(getSource().getType()) && isa<RankedTensorType>(getValue().getType()))
      return emitOpError() << "carries " << getSource().getType() << " to " << getValue().getType()
                           << " without a projection";
    return success();
  }
  Block &block = projection.front();
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (block.getNumArguments() != 1 || block.getArgument(0).getType() != getSource().getType())
    return emitOpError("must project one value of the type of its source");
  if (!yield || yield.getResults().size() != 1 ||
      yield.getResults()[0].getType() != getValue().getType())
    return emitOpError("must end its projection by yielding one value of its result type");
  return success();
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
  if (getInputs().empty())
    return emitOpError("needs an input");
  for (Type type : getInputs().getTypes())
    if (isa<RankedTensorType>(type) && isa<RankedTensorType>(getOutput().getType()) &&
        type != getOutput().getType())
      return emitOpError() << "adds inputs of different shapes: " << type << " and "
                           << getOutput().getType();
  return verifyStandIns(*this, getStandIns(), getInputs().size());
}

SmallVector<Value> MuxOp::buildAdjoint(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  SmallVector<Value> gradients;
  for (auto [index, input] : llvm::enumerate(getInputs()))
    gradients.push_back(needed[index]
                            ? MuxAdjointOp::create(builder, input.getLoc(), getOutput().getType(),
                                                   gradient, getOutput(), index)
                                  .getOutput()
                            : Value());
  return gradients;
}

LogicalResult FailoverOp::verify() {
  if (getPresent().size() != getTaken().size())
    return emitOpError("must give a mask for each input");
  return verifyStandIns(*this, getStandIns(), getPresent().size());
}

//===-- Reliability ---------------------------------------------------------------------------===//

LogicalResult ReliabilityOp::verify() {
  for (NamedAttribute entry : getNodes()) {
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
