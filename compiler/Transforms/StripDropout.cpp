// rnet-strip-dropout: inference has none.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

namespace rnet {
#define GEN_PASS_DEF_STRIPDROPOUT
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

namespace {
struct StripDropout : rnet::impl::StripDropoutBase<StripDropout> {
  using StripDropoutBase::StripDropoutBase;

  void runOnOperation() override {
    if (getOperation().getRole() != Role::Infer)
      return;
    for (auto dropout : llvm::make_early_inc_range(getOperation().getOps<DropoutOp>())) {
      dropout.replaceAllUsesWith(dropout.getInput());
      dropout.erase();
    }
  }
};
} // namespace
