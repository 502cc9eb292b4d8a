// rnet-round-hyperconnections: what travels in narrow elements is rounded at the receiver.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

#include "Scales.h"

namespace rnet {
#define GEN_PASS_DEF_ROUNDHYPERCONNECTIONS
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

namespace {
struct RoundHyperconnections : rnet::impl::RoundHyperconnectionsBase<RoundHyperconnections> {
  using RoundHyperconnectionsBase::RoundHyperconnectionsBase;

  void runOnOperation() override {
    for (auto connection : getOperation().getOps<HyperconnectionOp>()) {
      NodeOp receiver = connection.getReceiverNode();
      if (!connection.getElement() || !receiver)
        continue;
      FlatSymbolRefAttr scale;
      if (connection.getElement() == Element::Int8) {
        addScale(getOperation(), connection.getName(), connection.getLoc());
        scale = getScale(connection.getName(), &getContext());
      }
      OpBuilder builder(&receiver.getBody().front(), receiver.getBody().front().begin());
      const Location where =
          NameLoc::get(builder.getStringAttr(connection.getSender().getName() + "_rounded"),
                       connection.getLoc());
      for (OpOperand &use : connection.getValue().getUses()) {
        BlockArgument argument = receiver.getBody().getArgument(use.getOperandNumber());
        auto round = RoundOp::create(builder, where, argument.getType(), argument, Value(),
                                     connection.getElementAttr(), scale);
        argument.replaceAllUsesExcept(round.getOutput(), round);
      }
    }
  }
};
} // namespace
