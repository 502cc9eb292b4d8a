// rnet-insert-loss: cross-entropy at each output and exit.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

namespace rnet {
#define GEN_PASS_DEF_INSERTLOSS
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;

namespace {
struct InsertLoss : rnet::impl::InsertLossBase<InsertLoss> {
  using InsertLossBase::InsertLossBase;

  void runOnOperation() override {
    for (auto output : getOperation().getOps<OutputOp>())
      if (failed(insert(output, output.getValue(), /*exit=*/false)))
        return signalPassFailure();
    for (auto exit : getOperation().getOps<ExitOp>())
      if (failed(insert(exit, exit.getValue(), /*exit=*/true)))
        return signalPassFailure();
  }

private:
  LogicalResult insert(Operation *op, Value answer, bool exit) {
    auto node = answer.getDefiningOp<NodeOp>();
    Value last = node.getYield().getResults()[cast<OpResult>(answer).getResultNumber()];
    auto softmax = last.getDefiningOp<SoftmaxOp>();
    if (!softmax) {
      InFlightDiagnostic error = emitError(op->getLoc());
      error << "training by cross-entropy needs a softmax as the last layer of "
            << (exit ? "the exit at '" : "'") << node.getName() << "' [loss-needs-softmax]";
      error.attachNote(last.getLoc()) << "the last layer is here";
      return failure();
    }
    OpBuilder builder(softmax);
    auto loss =
        SoftmaxCrossEntropyOp::create(builder, softmax.getLoc(), softmax.getOutput().getType(),
                                      softmax.getInput(), Value(), exit);
    softmax.replaceAllUsesWith(loss.getOperation());
    softmax.erase();
    return success();
  }
};
} // namespace
