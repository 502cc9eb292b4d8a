// rnet-insert-failout: the first thing a failable node does is to be absent, maybe.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

namespace rnet {
#define GEN_PASS_DEF_INSERTFAILOUT
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;

namespace {
struct InsertFailout : rnet::impl::InsertFailoutBase<InsertFailout> {
  using InsertFailoutBase::InsertFailoutBase;

  void runOnOperation() override {
    for (auto node : getOperation().getOps<NodeOp>()) {
      // A rate of 0 counts: the command line may raise it.
      if (!node.getFailoutAttr())
        continue;
      // Behind the mux, or behind the one input of a node that has none.
      auto muxes = node.getBody().getOps<MuxOp>();
      OpBuilder builder(&node.getBody().front(), node.getBody().front().begin());
      Value entry = node.getBody().getArgument(0);
      if (!muxes.empty()) {
        entry = (*muxes.begin()).getOutput();
        builder.setInsertionPointAfterValue(entry);
      }
      auto failout = FailoutOp::create(builder, entry.getLoc(), entry.getType(), entry);
      entry.replaceAllUsesExcept(failout.getOutput(), failout);
    }
  }
};
} // namespace
