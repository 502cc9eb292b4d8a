// What a node costs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/Cost.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace rnet;

static NodeCost getCostOf(Operation *op) {
  NodeCost cost;
  llvm::SetVector<ParameterOp> parameters;
  op->walk([&](Operation *inner) {
    if (auto layer = dyn_cast<LayerOpInterface>(inner))
      cost.multiplyAdds += layer.getMultiplyAdds();
    if (auto kernel = dyn_cast<KernelOpInterface>(inner))
      for (FlatSymbolRefAttr symbol : kernel.getKernelParameters())
        if (ParameterOp parameter = lookupParameter(inner, symbol.getValue()))
          parameters.insert(parameter);
  });
  for (ParameterOp parameter : parameters)
    cost.parameters += cast<RankedTensorType>(parameter.getType()).getNumElements();
  return cost;
}

NodeCost rnet::getCost(NodeOp node) { return getCostOf(node); }
NodeCost rnet::getCost(ProgramOp program) { return getCostOf(program); }

int64_t rnet::getBytes(HyperconnectionOp connection) {
  return getRowWidth(connection.getValue().getType()) * static_cast<int64_t>(sizeof(float));
}
