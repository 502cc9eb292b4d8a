// rnet-weigh-hyperconnections: factors before the receiver's mux.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

namespace rnet {
#define GEN_PASS_DEF_WEIGHHYPERCONNECTIONS
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;

namespace {
struct WeighHyperconnections : rnet::impl::WeighHyperconnectionsBase<WeighHyperconnections> {
  using WeighHyperconnectionsBase::WeighHyperconnectionsBase;

  void runOnOperation() override {
    for (auto connection : getOperation().getOps<HyperconnectionOp>()) {
      FloatAttr weight = connection.getWeightAttr();
      if (!weight)
        continue;
      connection.removeWeightAttr();
      if (weight.getValueAsDouble() == 1.0)
        continue;
      for (OpOperand &use : connection.getValue().getUses()) {
        auto node = cast<NodeOp>(use.getOwner());
        // Operand k of the mux comes from input k of the node.
        for (MuxOp mux : node.getBody().getOps<MuxOp>()) {
          Value input = mux.getInputs()[use.getOperandNumber()];
          OpBuilder builder(mux);
          auto scaled = ScaleOp::create(builder, connection.getLoc(), input.getType(), input,
                                        Value(), weight);
          mux.getTermsMutable().slice(use.getOperandNumber(), 1).assign(scaled.getOutput());
        }
      }
    }
  }
};
} // namespace
