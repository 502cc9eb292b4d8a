// rnet-round-hyperconnections: what travels in narrow elements is rounded at the receiver.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

namespace rnet {
#define GEN_PASS_DEF_ROUNDHYPERCONNECTIONS
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

/// The parameter that holds the scale of a hyperconnection, behind all others: the trainer, which
/// rounds nothing, has none of it among those of a node.
static FlatSymbolRefAttr addScale(HyperconnectionOp connection) {
  auto network = connection->getParentOfType<NetworkOp>();
  OpBuilder builder(network.getContext());
  Operation *last = nullptr;
  for (auto parameter : network.getOps<ParameterOp>())
    last = parameter;
  if (last)
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(&network.getBody().front());
  const std::string name = (connection.getName() + ".scale").str();
  ParameterOp::create(builder, connection.getLoc(), builder.getStringAttr(name), Initializer::Ones,
                      /*frozen=*/true, FlatSymbolRefAttr(),
                      RankedTensorType::get({1}, builder.getF32Type()));
  return FlatSymbolRefAttr::get(builder.getContext(), name);
}

namespace {
struct RoundHyperconnections : rnet::impl::RoundHyperconnectionsBase<RoundHyperconnections> {
  using RoundHyperconnectionsBase::RoundHyperconnectionsBase;

  void runOnOperation() override {
    for (auto connection : getOperation().getOps<HyperconnectionOp>()) {
      NodeOp receiver = connection.getReceiverNode();
      if (!connection.getElement() || !receiver)
        continue;
      FlatSymbolRefAttr scale;
      if (connection.getElement() == Element::Int8)
        scale = addScale(connection);
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
