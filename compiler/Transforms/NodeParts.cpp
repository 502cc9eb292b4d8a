// What passes do to nodes that take up layers from elsewhere.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "NodeParts.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace rnet;

Value rnet::inlineLayers(Region &layers, Value source, OpBuilder &builder) {
  IRMapping mapping;
  mapping.map(layers.getArgument(0), source);
  for (Operation &op : layers.front().without_terminator())
    builder.clone(op, mapping);
  return mapping.lookup(layers.front().getTerminator()->getOperand(0));
}

NodeOp rnet::addResult(NodeOp node, Value value) {
  YieldOp yield = node.getYield();
  yield.getResultsMutable().append(value);
  SmallVector<Type> types = llvm::to_vector(node.getResultTypes());
  types.push_back(value.getType());
  OpBuilder builder(node);
  auto wider = NodeOp::create(builder, node.getLoc(), types, node.getNameAttr(), node.getInputs(),
                              node.getFailoutAttr(), node.getElementAttr());
  wider.getBody().takeBody(node.getBody());
  node.replaceAllUsesWith(wider.getResults().drop_back());
  node.erase();
  return wider;
}
