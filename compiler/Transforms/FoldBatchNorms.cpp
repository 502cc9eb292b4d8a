// rnet-fold-batch-norms: a batch normalisation goes into the weights of the layer before it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

namespace rnet {
#define GEN_PASS_DEF_FOLDBATCHNORMS
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

namespace {
struct FoldBatchNorms : rnet::impl::FoldBatchNormsBase<FoldBatchNorms> {
  using FoldBatchNormsBase::FoldBatchNormsBase;

  void runOnOperation() override {
    getOperation()->walk([&](BatchNormOp norm) {
      if (isTraining(norm))
        return; // normalises by the batch
      auto layer = norm.getInput().getDefiningOp<LayerOpInterface>();
      if (!layer || !layer->hasOneUse() || (quantizedOnly && !layer.getQuantization()) ||
          !layer.foldNormalization(norm.getNormalized()))
        return;
      norm.replaceAllUsesWith(layer->getResult(0));
      norm.erase();
    });
  }
};
} // namespace
