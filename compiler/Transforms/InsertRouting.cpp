// rnet-insert-routing: presence becomes explicit.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

namespace rnet {
#define GEN_PASS_DEF_INSERTROUTING
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

namespace {

/// A value of the program before routing, as it is afterwards: a tensor and the mask beside it.
struct Routed {
  Value value;
  Value present;
};

class Router {
public:
  explicit Router(ProgramOp program)
      : program(program), body(program.getBody().front()), builder(program.getContext()) {}

  LogicalResult run() {
    if (body.empty() || !isa<YieldOp>(body.back()))
      return program.emitOpError("must end with rnet.yield to be routed");
    yield = cast<YieldOp>(body.back());
    receive();
    for (MuxOp mux : program.getOps<MuxOp>())
      if (mux.getKind() == MuxKind::Failover && failed(failOver(mux)))
        return failure();
    for (Operation &op : body)
      if (failed(route(&op)))
        return failure();
    for (Operation *op : llvm::reverse(replaced))
      op->erase();
    body.eraseArguments(0, body.getNumArguments());
    return success();
  }

private:
  /// A location that names the result after something of the user's.
  Location named(Location where, const Twine &name) {
    return NameLoc::get(builder.getStringAttr(name), where);
  }

  /// One rnet.receive for each input, behind the parameters.
  void receive() {
    auto firstCode = llvm::find_if(body, [](Operation &op) { return !isa<ParameterOp>(op); });
    builder.setInsertionPoint(&body, firstCode);
    for (auto [index, argument] : llvm::enumerate(body.getArguments())) {
      auto received = ReceiveOp::create(builder, argument.getLoc(), argument.getType(), maskType,
                                        cast<StringAttr>(program.getInputs()[index]),
                                        builder.getI64IntegerAttr(index));
      routed[argument] = {received.getValue(), received.getPresent()};
    }
  }

  /// What a failover mux takes is known as soon as its inputs are: inputs that are not taken count
  /// as absent from there on, so that their projections are not computed.
  LogicalResult failOver(MuxOp mux) {
    SmallVector<BlockArgument> arguments;
    SmallVector<Value> present;
    for (Value input : mux.getInputs()) {
      while (Operation *op = input.getDefiningOp()) {
        if (!isa<LayerOpInterface>(op))
          return mux.emitOpError("joins something else than inputs of the node");
        input = op->getOperand(0);
      }
      arguments.push_back(cast<BlockArgument>(input));
      present.push_back(routed[input].present);
    }
    SmallVector<Type> types(present.size(), maskType);
    auto failover = FailoverOp::create(builder, named(mux.getLoc(), "taken"), types, present,
                                       mux.getStandIns());
    for (auto [argument, taken] : llvm::zip_equal(arguments, failover.getTaken()))
      routed[argument].present = taken;
    return success();
  }

  LogicalResult route(Operation *op) {
    if (isa<ParameterOp, ReceiveOp, FailoverOp, AverageOp>(op)) // averages: with their mux
      return success();
    builder.setInsertionPoint(op);
    if (auto kernel = dyn_cast<KernelOpInterface>(op)) {
      routeKernel(kernel);
      return success();
    }
    if (isView(op)) {
      const Routed input = routed.at(op->getOperand(0));
      op->setOperand(0, input.value);
      routed[op->getResult(0)] = {op->getResult(0), input.present};
      return success();
    }
    if (auto mux = dyn_cast<MuxOp>(op))
      routeMux(mux);
    else if (auto failout = dyn_cast<FailoutOp>(op))
      routeFailout(failout);
    else if (auto adjoint = dyn_cast<MuxAdjointOp>(op))
      routeMuxAdjoint(adjoint);
    else if (auto reverse = dyn_cast<ReverseOp>(op))
      routeReverse(reverse);
    else if (isa<YieldOp>(op))
      finish();
    else
      return op->emitOpError("cannot be routed");
    replaced.push_back(op);
    return success();
  }

  void routeKernel(KernelOpInterface kernel) {
    Value first, present;
    for (OpOperand &operand : kernel->getOpOperands()) {
      const Routed &input = routed.at(operand.get());
      operand.set(input.value);
      present = input.present;
      if (!first)
        first = present;
    }
    kernel.getPresentMutable().assign(present);
    for (OpResult result : kernel->getResults())
      routed[result] = {result, kernel.couplesRows() ? first : present};
  }

  /// Adds what is present; a single input is passed on.
  Routed join(Location where, ArrayRef<Routed> parts) {
    if (parts.size() == 1)
      return parts.front();
    SmallVector<Value> values, masks;
    for (const Routed &part : parts) {
      values.push_back(part.value);
      masks.push_back(part.present);
    }
    auto joined = JoinOp::create(builder, where, values.front().getType(), maskType, values, masks);
    return {joined.getOutput(), joined.getPresent()};
  }

  /// An average is one more term, where what it is of is missing.
  void routeMux(MuxOp mux) {
    SmallVector<Routed> parts =
        llvm::map_to_vector(mux.getInputs(), [&](Value input) { return routed.at(input); });
    const size_t inputs = parts.size();
    for (auto [term, input] : llvm::zip_equal(mux.getAverageTerms(), mux.getAveraged())) {
      auto average = term.getDefiningOp<AverageOp>();
      SmallVector<Value> replaceable, others;
      const SmallVector<int64_t> positions = mux.findReplaceable(input);
      for (size_t k = 0; k < inputs; ++k)
        (llvm::is_contained(positions, k) ? replaceable : others).push_back(parts[k].present);
      auto missing =
          MissingOp::create(builder, named(average.getLoc(), getUserName(average) + "_counts"),
                            maskType, replaceable, others);
      average->moveBefore(mux);
      average.getPresentMutable().assign(missing.getOutput());
      parts.push_back({term, missing.getOutput()});
    }
    routed[mux.getOutput()] = join(mux.getLoc(), parts);
  }

  void routeFailout(FailoutOp failout) {
    const Routed input = routed.at(failout.getInput());
    auto alive = AliveOp::create(builder, named(failout.getLoc(), "alive"), maskType);
    auto present = IntersectOp::create(builder, named(failout.getLoc(), "present"), maskType,
                                       input.present, alive.getAlive());
    routed[failout.getOutput()] = {input.value, present.getOutput()};
  }

  void routeMuxAdjoint(MuxAdjointOp adjoint) {
    const Routed gradient = routed.at(adjoint.getGradient());
    const Routed input = routed.at(adjoint.getMuxOp().getInputs()[adjoint.getInput()]);
    Value present = gradient.present;
    if (adjoint.getMuxOp().getInputs().size() > 1)
      present = IntersectOp::create(
          builder, named(adjoint.getLoc(), getUserName(adjoint) + "_gradient_present"), maskType,
          input.present, present);
    routed[adjoint.getOutput()] = {gradient.value, present};
  }

  /// The gradient of a sent value: what its receivers hand back, added.
  void routeReverse(ReverseOp reverse) {
    sendResults();
    ReverseOp::create(builder, reverse.getLoc(), TypeRange(), ValueRange());
    for (auto [value, gradient] : llvm::zip_equal(reverse.getValues(), reverse.getGradients())) {
      SmallVector<Routed> parts;
      int64_t index = 0;
      for (auto [result, names] :
           llvm::zip_equal(yield.getResults(), program.getOutputs().getAsRange<ArrayAttr>())) {
        for (auto name : names.getAsRange<StringAttr>()) {
          if (result == value) {
            auto received = ReceiveGradientOp::create(
                builder, named(reverse.getLoc(), name.getValue() + "_gradient"), value.getType(),
                maskType, name, builder.getI64IntegerAttr(index));
            parts.push_back({received.getValue(), received.getPresent()});
          }
          ++index;
        }
      }
      routed[gradient] = join(named(reverse.getLoc(), "gradient"), parts);
    }
  }

  void sendResults() {
    for (auto [index, result] : llvm::enumerate(yield.getResults())) {
      const Routed sent = routed.at(result);
      SendOp::create(builder, yield.getLoc(), sent.value, sent.present, index);
    }
  }

  /// An inference program sends at its end, a training program before it turns.
  void finish() {
    if (!program.getReverse())
      sendResults();
    for (auto [index, gradient] :
         llvm::zip_equal(yield.getGradientInputs(), yield.getGradients())) {
      const Routed sent = routed.at(gradient);
      SendGradientOp::create(builder, yield.getLoc(), sent.value, sent.present, index);
    }
  }

  ProgramOp program;
  Block &body;
  OpBuilder builder;
  YieldOp yield;
  Type maskType = RankedTensorType::get({ShapedType::kDynamic}, builder.getI1Type());
  llvm::DenseMap<Value, Routed> routed;
  SmallVector<Operation *> replaced;
};

struct InsertRouting : rnet::impl::InsertRoutingBase<InsertRouting> {
  using InsertRoutingBase::InsertRoutingBase;

  void runOnOperation() override {
    if (failed(Router(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace
