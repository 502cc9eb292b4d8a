// rnet-strip-rounding: training rounds nothing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

namespace rnet {
#define GEN_PASS_DEF_STRIPROUNDING
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;

namespace {
struct StripRounding : rnet::impl::StripRoundingBase<StripRounding> {
  using StripRoundingBase::StripRoundingBase;

  void runOnOperation() override {
    getOperation().walk([](RoundOp round) {
      round.replaceAllUsesWith(round.getInput());
      round.erase();
    });
    getOperation().walk([](LayerOpInterface layer) { layer.quantizeWeights({}); });
  }
};
} // namespace
