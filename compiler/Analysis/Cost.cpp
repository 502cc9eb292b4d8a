// What a node costs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/Cost.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace rnet;

static int64_t countMultiplyAdds(Operation *op) {
  int64_t count = 0;
  op->walk([&](LayerOpInterface layer) { count += layer.getMultiplyAdds(); });
  return count;
}
int64_t rnet::getMultiplyAdds(NodeOp node) { return countMultiplyAdds(node); }

static NodeCost getCostOf(Operation *op, const SymbolTable &symbols) {
  NodeCost cost;
  cost.multiplyAdds = countMultiplyAdds(op);
  llvm::SetVector<ParameterOp> parameters;
  op->walk([&](Operation *inner) {
    if (auto kernel = dyn_cast<KernelOpInterface>(inner))
      for (FlatSymbolRefAttr symbol : kernel.getKernelParameters())
        if (auto parameter = symbols.lookup<ParameterOp>(symbol.getAttr()))
          parameters.insert(parameter);
  });
  for (ParameterOp parameter : parameters)
    cost.parameters += cast<RankedTensorType>(parameter.getType()).getNumElements();
  return cost;
}

NodeCost rnet::getCost(NodeOp node, const SymbolTable &symbols) { return getCostOf(node, symbols); }
NodeCost rnet::getCost(ProgramOp program) {
  NodeCost cost = getCostOf(program, SymbolTable(program));
  if (ArenaAttr arena = program.getArenaAttr())
    cost.activations = arena.getColumns() * static_cast<int64_t>(sizeof(float)) + arena.getMasks();
  return cost;
}

ProgramOp rnet::findProgram(ModuleOp module, NodeOp node, ir::Role role) {
  for (auto program : module.getOps<ProgramOp>())
    if (program.getNode() == node.getName() && program.getRole() == role)
      return program;
  return {};
}

int64_t rnet::getBytes(HyperconnectionOp connection) {
  int64_t element = sizeof(float);
  if (std::optional<ir::Element> narrow = connection.getElement())
    element = *narrow == ir::Element::BF16 ? 2 : 1;
  return getRowWidth(connection.getValue().getType()) * element;
}

int64_t rnet::getBytesSent(NodeOp node) {
  int64_t bytes = 0;
  for (Value result : node.getResults())
    for (Operation *user : result.getUsers())
      if (auto connection = dyn_cast<HyperconnectionOp>(user))
        bytes += getBytes(connection);
  return bytes;
}

std::string rnet::grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(at, ",");
  return digits;
}
