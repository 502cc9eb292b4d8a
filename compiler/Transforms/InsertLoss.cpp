// rnet-insert-loss: cross-entropy at each output.
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
    for (auto output : getOperation().getOps<OutputOp>()) {
      auto node = output.getValue().getDefiningOp<NodeOp>();
      const unsigned result = cast<OpResult>(output.getValue()).getResultNumber();
      auto softmax = node.getYield().getResults()[result].getDefiningOp<SoftmaxOp>();
      if (!softmax) {
        InFlightDiagnostic error = emitError(output.getLoc());
        error << "training by cross-entropy needs a softmax as the last layer of '"
              << node.getName() << "' [loss-needs-softmax]";
        error.attachNote(node.getYield().getResults()[result].getLoc()) << "the last layer is here";
        return signalPassFailure();
      }
      OpBuilder builder(softmax);
      auto loss = SoftmaxCrossEntropyOp::create(
          builder, softmax.getLoc(), softmax.getOutput().getType(), softmax.getInput(), Value());
      softmax.replaceAllUsesWith(loss.getOperation());
      softmax.erase();
    }
  }
};
} // namespace
