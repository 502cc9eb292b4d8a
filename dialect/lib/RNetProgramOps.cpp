// Failout, routing and programs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Dialect/RNetDialect.h"

using namespace mlir;
using namespace rnet;

SmallVector<Value> FailoutOp::buildAdjoint(OpBuilder &, Value gradient, ArrayRef<bool>) {
  // No receiver takes a row that failout made absent, so its gradient is absent already.
  return {gradient};
}

MuxOp MuxAdjointOp::getMuxOp() { return getMux().getDefiningOp<MuxOp>(); }

LogicalResult MuxAdjointOp::verify() {
  MuxOp mux = getMuxOp();
  if (!mux)
    return emitOpError("must name the result of an rnet.mux");
  if (getInput() >= mux.getInputs().size())
    return emitOpError() << "names input " << getInput() << " of a mux with "
                         << mux.getInputs().size();
  return success();
}

LogicalResult ReverseOp::verify() {
  if (getValues().getTypes() != getGradients().getTypes())
    return emitOpError("must give a gradient of the same type for each value");
  return success();
}

ReverseOp ProgramOp::getReverse() {
  for (ReverseOp reverse : getOps<ReverseOp>())
    return reverse;
  return {};
}

SmallVector<StringRef> ProgramOp::getOutgoing() {
  SmallVector<StringRef> names;
  for (auto result : getOutputs().getAsRange<ArrayAttr>())
    for (auto name : result.getAsRange<StringAttr>())
      names.push_back(name);
  return names;
}

LogicalResult JoinOp::verify() {
  if (getInputs().empty())
    return emitOpError("needs an input");
  return success();
}

OpFoldResult IntersectOp::fold(FoldAdaptor) { return getLhs() == getRhs() ? getLhs() : Value(); }
