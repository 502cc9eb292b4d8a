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
    getOperation()->walk([&](LayerOpInterface activation) {
      if (isTraining(activation))
        return; // differentiated already: adjoints read values from before the activation
      const bool trains = activation->getParentOfType<NetworkOp>() != nullptr;
      std::optional<Activation> kind = activation.getActivationKind();
      if (!kind)
        return;
      auto layer = activation->getOperand(0).getDefiningOp<LayerOpInterface>();
      if (!layer || !layer->hasOneUse() || !layer.fuseActivation(*kind, trains))
        return;
      activation->replaceAllUsesWith(layer);
      activation->erase();
    });
  }
};
} // namespace
