// rnet-differentiate: reverse mode, node by node, through AdjointOpInterface.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

#include "llvm/ADT/SetVector.h"

namespace rnet {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

namespace {

/// Writes the backward program of one node behind its forward layers.
class NodeAdjoint {
public:
  /// `learns` holds the node results, network-wide, that depend on a trained parameter.
  NodeAdjoint(NodeOp node, const SymbolTable &symbols, llvm::DenseSet<Value> &learns)
      : node(node), symbols(symbols), learns(learns) {}

  LogicalResult run() {
    SmallVector<Operation *> forward;
    for (Operation &op : node.getBody().front().without_terminator())
      forward.push_back(&op);
    findActive(forward);

    YieldOp yield = node.getYield();
    OpBuilder builder(yield);
    turn(builder, yield);
    for (Operation *op : llvm::reverse(forward))
      if (failed(adjoint(builder, op)))
        return failure();
    handBack(builder, yield);
    return success();
  }

private:
  /// Does the op read a parameter that training changes?
  bool trains(Operation *op) {
    auto kernel = dyn_cast<KernelOpInterface>(op);
    return kernel && llvm::any_of(kernel.getKernelParameters(), [&](FlatSymbolRefAttr symbol) {
             auto parameter = symbols.lookup<ParameterOp>(symbol.getAttr());
             return parameter && !parameter.getFrozen();
           });
  }

  /// A value is active where its gradient is wanted: it depends on a trained parameter, here or
  /// upstream.
  void findActive(ArrayRef<Operation *> forward) {
    for (auto [argument, input] : llvm::zip_equal(node.getBody().getArguments(), node.getInputs()))
      if (auto connection = input.getDefiningOp<HyperconnectionOp>())
        if (learns.contains(connection.getSource()))
          active.insert(argument);
    for (Operation *op : forward)
      if (trains(op) ||
          llvm::any_of(op->getOperands(), [&](Value v) { return active.contains(v); }))
        active.insert(op->result_begin(), op->result_end());
    for (auto [result, value] : llvm::zip_equal(node.getResults(), node.getYield().getResults()))
      if (active.contains(value))
        learns.insert(result);
  }

  /// Inserts rnet.reverse for what the node sends and learns from.
  void turn(OpBuilder &builder, YieldOp yield) {
    llvm::SetVector<Value> sent;
    for (auto [result, value] : llvm::zip_equal(node.getResults(), yield.getResults()))
      if (active.contains(value) &&
          llvm::any_of(result.getUsers(), llvm::IsaPred<HyperconnectionOp>))
        sent.insert(value);
    auto reverse = ReverseOp::create(builder, node.getLoc(),
                                     ValueRange(sent.getArrayRef()).getTypes(), sent.getArrayRef());
    for (auto [value, gradient] : llvm::zip_equal(sent, reverse.getGradients()))
      gradients[value].push_back(gradient);
  }

  /// The gradient of a value, its contributions added; null where there is none.
  Value gradientOf(OpBuilder &builder, Value value) {
    SmallVector<Value> &parts = gradients[value];
    if (parts.size() > 1) {
      // A mux, since each part is present for rows of its own.
      auto sum = MuxOp::create(builder, value.getLoc(), value.getType(), parts,
                               MuxKindAttr::get(builder.getContext(), MuxKind::Sum),
                               builder.getArrayAttr({}), DenseI64ArrayAttr());
      parts.assign({sum.getOutput()});
    }
    return parts.empty() ? Value() : parts.front();
  }

  LogicalResult adjoint(OpBuilder &builder, Operation *op) {
    if (op->getNumResults() != 1 || !active.contains(op->getResult(0)))
      return success();
    auto differentiable = dyn_cast<AdjointOpInterface>(op);
    if (!differentiable)
      return op->emitOpError("has no adjoint");
    Value gradient = gradientOf(builder, op->getResult(0));
    if (!gradient && !differentiable.isLoss())
      return success();
    SmallVector<bool> needed;
    for (Value operand : op->getOperands())
      needed.push_back(active.contains(operand));
    SmallVector<Value> results = differentiable.buildAdjoint(builder, gradient, needed);
    for (auto [operand, result] : llvm::zip_equal(op->getOperands(), results))
      if (result && active.contains(operand))
        gradients[operand].push_back(result);
    return success();
  }

  /// Lists the gradients of the inputs in the terminator.
  void handBack(OpBuilder &builder, YieldOp yield) {
    SmallVector<int64_t> positions;
    for (BlockArgument argument : node.getBody().getArguments()) {
      if (!active.contains(argument))
        continue;
      if (Value gradient = gradientOf(builder, argument)) {
        yield.getGradientsMutable().append(gradient);
        positions.push_back(argument.getArgNumber());
      }
    }
    yield.setGradientInputs(positions);
  }

  NodeOp node;
  const SymbolTable &symbols;
  llvm::DenseSet<Value> &learns;
  llvm::DenseSet<Value> active;
  llvm::DenseMap<Value, SmallVector<Value>> gradients;
};

struct Differentiate : rnet::impl::DifferentiateBase<Differentiate> {
  using DifferentiateBase::DifferentiateBase;

  void runOnOperation() override {
    const SymbolTable symbols(getOperation());
    llvm::DenseSet<Value> learns;
    for (auto node : getOperation().getOps<NodeOp>())
      if (failed(NodeAdjoint(node, symbols, learns).run()))
        return signalPassFailure();
  }
};
} // namespace
