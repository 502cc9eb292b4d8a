// rnet-attach-exits: an exit's layers go into its node.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

#include "NodeParts.h"

namespace rnet {
#define GEN_PASS_DEF_ATTACHEXITS
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;

namespace {
struct AttachExits : rnet::impl::AttachExitsBase<AttachExits> {
  using AttachExitsBase::AttachExitsBase;

  void runOnOperation() override {
    for (auto exit : getOperation().getOps<ExitOp>()) {
      if (exit.getHead().empty())
        continue;
      NodeOp node = exit.getNode();
      const unsigned result = cast<OpResult>(exit.getValue()).getResultNumber();
      OpBuilder builder(node.getYield());
      Value answer = inlineLayers(exit.getHead(), node.getYield().getResults()[result], builder);
      exit.getValueMutable().assign(addResult(node, answer).getResults().back());
      exit.getHead().getBlocks().clear();
    }
  }
};
} // namespace
