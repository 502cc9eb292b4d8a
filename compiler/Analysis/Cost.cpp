// What a node costs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/Cost.h"

using namespace mlir;
using namespace rnet;

static int64_t countMultiplyAdds(Operation *op) {
  int64_t count = 0;
  op->walk([&](LayerOpInterface layer) { count += layer.getMultiplyAdds(); });
  return count;
}
int64_t rnet::getMultiplyAdds(NodeOp node) { return countMultiplyAdds(node); }

/// Of f32 where there is none.
static int64_t sizeOf(std::optional<ir::Element> element) {
  if (!element)
    return sizeof(float);
  return *element == ir::Element::BF16 ? 2 : 1;
}

llvm::MapVector<ParameterOp, int64_t> rnet::getParameterBytes(Operation *op,
                                                              const SymbolTable &symbols) {
  llvm::MapVector<ParameterOp, int64_t> bytes;
  op->walk([&](KernelOpInterface kernel) {
    std::optional<ir::Element> element; // of the first one
    if (auto layer = dyn_cast<LayerOpInterface>(*kernel))
      if (QuantizedAttr quantized = layer.getQuantization())
        element = quantized.getElement();
    for (FlatSymbolRefAttr symbol : kernel.getKernelParameters()) {
      if (auto parameter = symbols.lookup<ParameterOp>(symbol.getAttr())) {
        auto type = cast<RankedTensorType>(parameter.getType());
        bytes.insert({parameter, type.getNumElements() * sizeOf(element)});
      }
      element.reset();
    }
  });
  return bytes;
}

static NodeCost getCostOf(Operation *op, const SymbolTable &symbols) {
  NodeCost cost;
  cost.multiplyAdds = countMultiplyAdds(op);
  for (auto [parameter, bytes] : getParameterBytes(op, symbols)) {
    cost.parameters += cast<RankedTensorType>(parameter.getType()).getNumElements();
    cost.weights += bytes;
  }
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
  return getRowWidth(connection.getValue().getType()) * sizeOf(connection.getElement());
}

static int64_t sumBytes(NodeOp node, bool standbys) {
  int64_t bytes = 0;
  for (Value result : node.getResults())
    for (Operation *user : result.getUsers())
      if (auto connection = dyn_cast<HyperconnectionOp>(user))
        if (standbys || !connection.getStandby())
          bytes += getBytes(connection);
  return bytes;
}

int64_t rnet::getBytesSent(NodeOp node) { return sumBytes(node, /*standbys=*/false); }
int64_t rnet::getMostBytesSent(NodeOp node) { return sumBytes(node, /*standbys=*/true); }

std::string rnet::grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(at, ",");
  return digits;
}
