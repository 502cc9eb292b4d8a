// rnet-fuse-activations: an activation goes into the layer before it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

namespace rnet {
#define GEN_PASS_DEF_FUSEACTIVATIONS
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

namespace {
struct FuseActivations : rnet::impl::FuseActivationsBase<FuseActivations> {
  using FuseActivationsBase::FuseActivationsBase;

  void runOnOperation() override {
    if (getOperation().getRole() != Role::Infer)
      return; // training needs the value before the activation's
    for (auto activation : llvm::make_early_inc_range(getOperation().getOps<LayerOpInterface>())) {
      std::optional<Activation> kind = activation.getActivationKind();
      if (!kind)
        continue;
      auto layer = activation->getOperand(0).getDefiningOp<LayerOpInterface>();
      if (!layer || !layer->hasOneUse() || !layer.fuseActivation(*kind))
        continue;
      activation->replaceAllUsesWith(layer);
      activation->erase();
    }
  }
};
} // namespace
