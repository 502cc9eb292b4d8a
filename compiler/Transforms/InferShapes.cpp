// rnet-infer-shapes: shapes flow downstream through LayerOpInterface.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

#include "rnet/Analysis/Projections.h"

#include "llvm/ADT/SmallBitVector.h"

namespace rnet {
#define GEN_PASS_DEF_INFERSHAPES
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

/// What hands a value on as it is: hyperconnections, joins and nodes, from the outside in; null
/// where an operation computes it.
static Value passedOn(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getOwner()->getParentOp()->getOperand(argument.getArgNumber());
  Operation *op = value.getDefiningOp();
  if (auto node = dyn_cast<NodeOp>(op))
    return node.getYield().getResults()[cast<OpResult>(value).getResultNumber()];
  if (auto mux = dyn_cast<MuxOp>(op))
    return mux.getInputs().front();
  if (auto connection = dyn_cast<HyperconnectionOp>(op))
    return connection.getProjection().empty()
               ? connection.getSource()
               : connection.getProjection().front().getTerminator()->getOperand(0);
  return {};
}

/// Whether a layer decides on the channels of its result, whatever those of its operand are.
static bool setsChannels(LayerOpInterface layer, ArrayRef<int64_t> input) {
  if (layer->getNumOperands() != 1 || layer.getParameterUses({input}).empty())
    return false;
  SmallVector<int64_t> wider(input);
  ++wider.back();
  FailureOr<SmallVector<int64_t>> result = layer.inferRowShape({wider});
  return succeeded(result) && result->back() == getRowShape(layer->getResult(0).getType()).back();
}

namespace {
/// Where a value got a shape that does not fit.
class ShapeOrigins {
public:
  explicit ShapeOrigins(Value value) : value(value), open(getRowShape(value.getType()).size()) {
    open.set();
  }
  /// Only sizes that differ from those of another value; all where not even the ranks agree.
  ShapeOrigins(Value value, Value other) : ShapeOrigins(value) {
    ArrayRef<int64_t> have = getRowShape(value.getType()), want = getRowShape(other.getType());
    otherRank = have.size() != want.size();
    for (size_t axis = 0; !otherRank && axis < have.size(); ++axis)
      open[axis] = have[axis] != want[axis];
  }

  /// The last operations that set these sizes, back from the value, the nearest first.
  SmallVector<Operation *> find() {
    SmallVector<Operation *> origins;
    while (open.any()) {
      if (Value before = passedOn(value)) {
        value = before;
        continue;
      }
      Operation *op = value.getDefiningOp();
      auto layer = dyn_cast<LayerOpInterface>(op);
      if (!layer || op->getNumOperands() == 0 || take(layer))
        origins.push_back(op);
      if (!layer || op->getNumOperands() == 0)
        break;
      value = op->getOperand(0);
    }
    return origins;
  }

private:
  /// Crosses off the sizes that the layer sets; true where there are any.
  bool take(LayerOpInterface layer) {
    ArrayRef<int64_t> in = getRowShape(layer->getOperand(0).getType()),
                      out = getRowShape(layer->getResult(0).getType());
    if (in.size() != out.size()) {
      open.reset();
      return true;
    }
    if (otherRank)
      return false;
    llvm::SmallBitVector rest = open;
    for (size_t axis = 0; axis < out.size(); ++axis)
      if (in[axis] != out[axis])
        rest.reset(axis);
    if (open.test(out.size() - 1) && setsChannels(layer, in))
      rest.reset(out.size() - 1);
    const bool any = rest != open;
    open = rest;
    return any;
  }

  Value value;
  llvm::SmallBitVector open; ///< axes whose sizes are still to be explained
  bool otherRank = false;
};
} // namespace

/// The operation before one, but for those that the same layer of the spec gave: an activation
/// stands where its layer does.
static Operation *findBefore(Operation *op) {
  auto place = [](Operation *of) {
    auto name = dyn_cast<NameLoc>(of->getLoc());
    return name ? name.getChildLoc() : of->getLoc();
  };
  Operation *before = op;
  while (before && place(before) == place(op))
    before = before->getNumOperands() == 0 ? nullptr : before->getOperand(0).getDefiningOp();
  return before;
}

static std::string describeOrigin(Operation *origin) {
  return spellRows(origin->getResult(0).getType()) +
         (isa<InputOp>(origin) ? " is declared here" : " is computed here");
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
      else if (auto exit = dyn_cast<ExitOp>(op))
        result = inferExit(exit);
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

  static void noteOrigins(InFlightDiagnostic &error, ShapeOrigins origins) {
    for (Operation *origin : origins.find())
      error.attachNote(origin->getLoc()) << describeOrigin(origin);
  }

  LogicalResult checkOutput(OutputOp output) {
    const int64_t found = getRowWidth(output.getValue().getType());
    if (!output.getWidth() || static_cast<int64_t>(*output.getWidth()) == found)
      return success();
    auto node = output.getValue().getDefiningOp<NodeOp>();
    InFlightDiagnostic error = emitError(output.getLoc());
    error << "output '" << output.getName() << "' has " << *output.getWidth() << " elements, but '"
          << node.getName() << "' computes " << spellRows(output.getValue().getType())
          << " [output-width]";
    error.attachNote(node.getLoc()) << "'" << node.getName() << "' is declared here";
    noteOrigins(error, ShapeOrigins(output.getValue()));
    return failure();
  }

  /// An exit answers with what its output answers with.
  LogicalResult inferExit(ExitOp exit) {
    Value answer = exit.getValue();
    if (Region &head = exit.getHead(); !head.empty()) {
      head.getArgument(0).setType(answer.getType());
      if (failed(inferBlock(head.front())))
        return failure();
      answer = head.front().getTerminator()->getOperand(0);
    }
    OutputOp output = getOperation().lookupOutput(exit.getOutput());
    ArrayRef<int64_t> found = getRowShape(answer.getType()),
                      expected = getRowShape(output.getValue().getType());
    if (found == expected)
      return success();
    InFlightDiagnostic error = emitError(exit.getLoc());
    error << "the exit at '" << exit.getNode().getName() << "' computes "
          << spellRows(answer.getType()) << ", but output '" << output.getName() << "' is "
          << spellRows(output.getValue().getType()) << " [output-width]";
    error.attachNote(output.getLoc()) << "'" << output.getName() << "' is declared here";
    noteOrigins(error, ShapeOrigins(answer));
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

  /// Notes to the error of a layer that cannot take its operands.
  void noteOperands(Diagnostic &error, Operation *layer, ArrayRef<Value> operands) {
    if (Operation *before = operands.size() == 1 ? findBefore(layer) : nullptr)
      error.attachNote(before->getLoc())
          << "its input comes from here, " << spellRows(before->getResult(0).getType());
    for (Value operand : operands)
      for (Operation *origin :
           (operands.size() == 2 ? ShapeOrigins(operand, operands[operand == operands[0]])
                                 : ShapeOrigins(operand))
               .find())
        error.attachNote(origin->getLoc()) << describeOrigin(origin);
  }

  /// What the layer itself says, with notes.
  FailureOr<SmallVector<int64_t>> inferRowShape(LayerOpInterface layer, ArrayRef<Value> operands,
                                                ArrayRef<ArrayRef<int64_t>> inputs) {
    ScopedDiagnosticHandler handler(&getContext(), [&](Diagnostic &error) {
      if (error.getLocation() == layer.getLoc())
        noteOperands(error, layer, operands);
      return failure(); // the next handler prints it
    });
    return layer.inferRowShape(inputs);
  }

  LogicalResult inferLayer(LayerOpInterface layer) {
    SmallVector<Value> operands;
    SmallVector<ArrayRef<int64_t>> inputs;
    for (Value operand : layer->getOperands())
      if (!isMask(operand.getType())) {
        operands.push_back(operand);
        inputs.push_back(getRowShape(operand.getType()));
      }
    FailureOr<SmallVector<int64_t>> shape = inferRowShape(layer, operands, inputs);
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
      error << "found " << spellRows(input.getType()) << ", but '" << node.getName() << "' adds "
            << spellRows(model.getType());
      if (std::string mend = suggestProjection(input.getType(), model.getType());
          connection && !mend.empty())
        error << "; 'project " << mend << "' would make them meet";
      error << " [shape-mismatch]";
      error.attachNote(node.getLoc()) << "'" << node.getName() << "' is declared here";
      noteOrigins(error, ShapeOrigins(model, input));
      noteOrigins(error, ShapeOrigins(input, model));
      if (connection && !connection.getProjection().empty()) {
        Operation *origin = ShapeOrigins(connection.getSource()).find().front();
        error.attachNote(origin->getLoc()) << "what it projects, " << describeOrigin(origin);
      }
      return failure();
    }
    mux.getOutput().setType(cast<TensorType>(model.getType()));
    for (Value average : mux.getAverageTerms()) {
      average.setType(model.getType());
      auto op = average.getDefiningOp<AverageOp>();
      auto parameter = symbols->lookup<ParameterOp>(op.getParameterAttr().getAttr());
      if (!parameter)
        return op.emitOpError() << "reads the parameter " << op.getParameterAttr()
                                << ", which does not exist";
      parameter.setType(
          RankedTensorType::get({getRowWidth(model.getType())}, Float32Type::get(&getContext())));
    }
    return success();
  }

  std::optional<SymbolTable>
      symbols; ///< of the network: looking parameters up one by one is quadratic
};
} // namespace
