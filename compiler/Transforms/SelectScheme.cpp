// rnet-select-scheme: strips skips, exits and failout, and sets how muxes join.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

#include "rnet/Analysis/Causes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

namespace rnet {
#define GEN_PASS_DEF_SELECTSCHEME
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

/// Removes an input of a node, with its block argument and its place in the mux.
static LogicalResult removeInput(NodeOp node, unsigned index) {
  BlockArgument argument = node.getBody().getArgument(index);
  for (OpOperand &use : llvm::make_early_inc_range(argument.getUses())) {
    auto mux = dyn_cast<MuxOp>(use.getOwner());
    if (!mux)
      return use.getOwner()->emitError(
          "uses a skip hyperconnection other than through the node's mux");
    if (mux.getInputs().size() == 1)
      return node.emitError() << "node '" << node.getName()
                              << "' has skip hyperconnections only, and this scheme has none";
    mux.getTermsMutable().erase(use.getOperandNumber());
  }
  node.getBody().eraseArgument(index);
  node.getInputsMutable().erase(index);
  return success();
}

static LogicalResult stripSkips(NetworkOp network) {
  for (auto connection : llvm::make_early_inc_range(network.getOps<HyperconnectionOp>())) {
    if (connection.getKind() != HyperconnectionKind::Skip)
      continue;
    for (OpOperand &use : llvm::make_early_inc_range(connection.getValue().getUses()))
      if (failed(removeInput(cast<NodeOp>(use.getOwner()), use.getOperandNumber())))
        return failure();
    connection.erase();
  }
  return success();
}

/// What is on standby while its receiver counts on it would be missed.
static LogicalResult verifyStandbys(NetworkOp network) {
  for (auto connection : network.getOps<HyperconnectionOp>()) {
    NodeOp receiver = connection.getStandby() ? connection.getReceiverNode() : NodeOp();
    if (!receiver)
      continue;
    for (auto mux : receiver.getBody().getOps<MuxOp>())
      if (mux.getKind() == MuxKind::Sum)
        return emitError(connection.getLoc())
               << "'" << connection.getName() << "' is on standby, but under scheme "
               << spellScheme(*network.getScheme()) << " '" << connection.getReceiver()
               << "' adds all inputs that are present, at all times; resilinet takes a skip only "
                  "where it must [bad-standby]";
  }
  return success();
}

static void stripExits(NetworkOp network) {
  for (auto exit : llvm::make_early_inc_range(network.getOps<ExitOp>()))
    exit.erase();
}

/// Removes the averages: only what keeps its answers while nothing fails has any.
static void stripAverages(NetworkOp network) {
  network.walk([](MuxOp mux) {
    mux.getTermsMutable().erase(mux.getInputs().size(), mux.getAveraged().size());
    mux.removeAveragesAttr();
  });
  network.walk([](AverageOp average) { average.erase(); });
}

/// Removes parameters that no layer reads any more.
static void dropUnusedParameters(NetworkOp network) {
  llvm::DenseSet<StringAttr> used;
  network.walk([&](KernelOpInterface op) {
    for (FlatSymbolRefAttr symbol : op.getKernelParameters())
      used.insert(symbol.getAttr());
  });
  for (auto parameter : llvm::make_early_inc_range(network.getOps<ParameterOp>()))
    if (!used.contains(parameter.getSymNameAttr()))
      parameter.erase();
}

namespace {
struct SelectScheme : rnet::impl::SelectSchemeBase<SelectScheme> {
  using SelectSchemeBase::SelectSchemeBase;

  void runOnOperation() override {
    NetworkOp network = getOperation();
    network.setScheme(scheme);
    if (scheme != Scheme::ResiliNet) {
      stripAverages(network);
      if (scheme == Scheme::Vanilla) {
        if (failed(stripSkips(network)))
          return signalPassFailure();
        stripExits(network);
      }
      dropUnusedParameters(network);
    }
    network.walk([&](MuxOp mux) {
      // Where nothing stands in, failover and sum are the same.
      const bool failover = scheme == Scheme::ResiliNet && !mux.getStandIns().empty();
      mux.setKind(failover ? MuxKind::Failover : MuxKind::Sum);
      if (!failover)
        mux.setStandInsAttr(ArrayAttr::get(&getContext(), {}));
    });
    if (failed(verifyStandbys(network)))
      return signalPassFailure();
    // Without failout a training program can still be told which nodes are down: the rate is 0.
    if (scheme == Scheme::Vanilla || scheme == Scheme::DFG) {
      for (NodeOp node : network.getOps<NodeOp>())
        if (node.getFailoutAttr())
          node.setFailoutAttr(FloatAttr::get(Float64Type::get(&getContext()), 0.0));
      for (Operation &op : network.getBody().front())
        if (isa<LinkOp, GroupOp>(op))
          op.removeAttr(kFailoutAttr);
    }
  }
};
} // namespace
