// rnet-infer-shapes: shapes flow downstream through LayerOpInterface.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

#include "llvm/Support/FormatVariadic.h"

namespace rnet {
#define GEN_PASS_DEF_INFERSHAPES
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

/// "f32[32x32x3]", as a spec writes it.
static std::string describe(Type type) {
  std::string text = "f32[";
  llvm::raw_string_ostream stream(text);
  llvm::interleave(getRowShape(type), stream, "x");
  stream << ']';
  return text;
}

/// The layer that makes rows of one shape those of another; empty where there is none so simple.
static std::string suggestProjection(Type from, Type to) {
  ArrayRef<int64_t> have = getRowShape(from), want = getRowShape(to);
  if (have.size() == 1 && want.size() == 1)
    return llvm::formatv("dense({0})", want[0]);
  if (have.size() != 3 || want.size() != 3)
    return "";
  auto ceil = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
  const int64_t y = ceil(have[0], want[0]), x = ceil(have[1], want[1]);
  if (y == x && ceil(have[0], y) == want[0] && ceil(have[1], x) == want[1])
    return llvm::formatv(y == 1 ? "conv({0}, 1x1)" : "conv({0}, 1x1, stride: {1})", want[2], y);
  if (have[2] == want[2] && have[0] <= want[0] && have[1] <= want[1])
    return llvm::formatv("zero_pad(bottom: {0}, right: {1})", want[0] - have[0], want[1] - have[1]);
  return "";
}

/// The operation that gave a value its shape: hyperconnections, joins, nodes without layers and
/// activations only pass it on.
static Operation *findMaker(Value value) {
  for (;;) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      Operation *parent = argument.getOwner()->getParentOp();
      value = parent->getOperand(argument.getArgNumber());
      continue;
    }
    Operation *op = value.getDefiningOp();
    if (auto node = dyn_cast<NodeOp>(op))
      value = node.getYield().getResults()[cast<OpResult>(value).getResultNumber()];
    else if (auto mux = dyn_cast<MuxOp>(op))
      value = mux.getInputs().front();
    else if (auto connection = dyn_cast<HyperconnectionOp>(op))
      value = connection.getProjection().empty()
                  ? connection.getSource()
                  : connection.getProjection().front().getTerminator()->getOperand(0);
    else if (isa<LayerOpInterface>(op) && op->getNumOperands() == 1 &&
             op->getOperand(0).getType() == value.getType() &&
             cast<LayerOpInterface>(op).getParameterUses({getRowShape(value.getType())}).empty())
      value = op->getOperand(0);
    else
      return op;
  }
}

namespace {
struct InferShapes : rnet::impl::InferShapesBase<InferShapes> {
  using InferShapesBase::InferShapesBase;

  void runOnOperation() override {
    symbols.emplace(getOperation());
    for (Operation &op : getOperation().getBody().front()) {
      LogicalResult result = success();
      if (auto node = dyn_cast<NodeOp>(op))
        result = inferNode(node);
      else if (auto connection = dyn_cast<HyperconnectionOp>(op))
        result = inferHyperconnection(connection);
      else if (auto output = dyn_cast<OutputOp>(op))
        result = checkOutput(output);
      if (failed(result))
        return signalPassFailure();
    }
  }

private:
  LogicalResult inferNode(NodeOp node) {
    for (auto [argument, input] : llvm::zip_equal(node.getBody().getArguments(), node.getInputs()))
      argument.setType(input.getType());
    if (failed(inferBlock(node.getBody().front())))
      return failure();
    for (auto [result, value] : llvm::zip_equal(node.getResults(), node.getYield().getResults()))
      result.setType(value.getType());
    return success();
  }

  static void noteMaker(InFlightDiagnostic &error, Value value) {
    error.attachNote(findMaker(value)->getLoc())
        << describe(value.getType()) << " is computed here";
  }

  LogicalResult checkOutput(OutputOp output) {
    const int64_t found = getRowWidth(output.getValue().getType());
    if (!output.getWidth() || static_cast<int64_t>(*output.getWidth()) == found)
      return success();
    auto node = output.getValue().getDefiningOp<NodeOp>();
    InFlightDiagnostic error = emitError(output.getLoc());
    error << "output '" << output.getName() << "' has " << *output.getWidth() << " elements, but '"
          << node.getName() << "' computes " << describe(output.getValue().getType())
          << " [output-width]";
    error.attachNote(node.getLoc()) << "'" << node.getName() << "' is declared here";
    noteMaker(error, output.getValue());
    return failure();
  }

  LogicalResult inferHyperconnection(HyperconnectionOp connection) {
    Type type = connection.getSource().getType();
    if (Region &projection = connection.getProjection(); !projection.empty()) {
      projection.getArgument(0).setType(type);
      if (failed(inferBlock(projection.front())))
        return failure();
      type = projection.front().getTerminator()->getOperand(0).getType();
    }
    connection.getValue().setType(cast<TensorType>(type));
    return success();
  }

  LogicalResult inferBlock(Block &block) {
    for (Operation &op : block) {
      if (auto mux = dyn_cast<MuxOp>(op)) {
        if (failed(inferMux(mux)))
          return failure();
      } else if (auto layer = dyn_cast<LayerOpInterface>(op)) {
        if (failed(inferLayer(layer)))
          return failure();
      }
    }
    return success();
  }

  LogicalResult inferLayer(LayerOpInterface layer) {
    SmallVector<ArrayRef<int64_t>> inputs;
    for (Value operand : layer->getOperands())
      if (!isMask(operand.getType()))
        inputs.push_back(getRowShape(operand.getType()));
    FailureOr<SmallVector<int64_t>> shape = layer.inferRowShape(inputs);
    if (failed(shape))
      return failure();
    layer->getResult(0).setType(getRowsType(&getContext(), *shape));
    for (const ParameterUse &use : layer.getParameterUses(inputs)) {
      auto parameter = symbols->lookup<ParameterOp>(use.symbol.getAttr());
      if (!parameter)
        return layer->emitOpError()
               << "reads the parameter " << use.symbol << ", which does not exist";
      auto type = RankedTensorType::get(use.shape, Float32Type::get(&getContext()));
      if (isa<RankedTensorType>(parameter.getType()) && parameter.getType() != type)
        return layer->emitOpError() << "needs the parameter " << use.symbol << " as " << type
                                    << ", but it is " << parameter.getType();
      parameter.setType(type);
    }
    return success();
  }

  /// All inputs of a mux have the shape of the first simple one. A hyperconnection that does not is
  /// where the person can mend it, so that is where the error points.
  LogicalResult inferMux(MuxOp mux) {
    auto node = cast<NodeOp>(mux->getParentOp());
    auto connectionOf = [&](Value input) {
      auto argument = dyn_cast<BlockArgument>(input);
      return argument ? node.getInputs()[argument.getArgNumber()].getDefiningOp<HyperconnectionOp>()
                      : HyperconnectionOp();
    };
    Value model = mux.getInputs().front();
    for (Value input : mux.getInputs()) {
      HyperconnectionOp connection = connectionOf(input);
      if (!connection || connection.getKind() == HyperconnectionKind::Simple) {
        model = input;
        break;
      }
    }
    for (Value input : mux.getInputs()) {
      if (input.getType() == model.getType())
        continue;
      HyperconnectionOp connection = connectionOf(input);
      Operation *place = connection ? connection.getOperation() : mux.getOperation();
      InFlightDiagnostic error = emitError(place->getLoc());
      error << "found " << describe(input.getType()) << ", but '" << node.getName() << "' adds "
            << describe(model.getType());
      if (std::string mend = suggestProjection(input.getType(), model.getType());
          connection && !mend.empty())
        error << "; 'project " << mend << "' would make them meet";
      error << " [shape-mismatch]";
      error.attachNote(node.getLoc()) << "'" << node.getName() << "' is declared here";
      noteMaker(error, model);
      noteMaker(error, input);
      return failure();
    }
    mux.getOutput().setType(cast<TensorType>(model.getType()));
    return success();
  }

  std::optional<SymbolTable>
      symbols; ///< of the network: looking parameters up one by one is quadratic
};
} // namespace
