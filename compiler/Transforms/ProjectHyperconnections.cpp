// rnet-project-hyperconnections: each projection goes to the side that sends fewer bytes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

#include "NodeParts.h"
#include "rnet/Analysis/Projections.h"

namespace rnet {
#define GEN_PASS_DEF_PROJECTHYPERCONNECTIONS
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;

static void projectAtReceiver(HyperconnectionOp connection) {
  NodeOp receiver = connection.getReceiverNode();
  OpBuilder builder(&receiver.getBody().front(), receiver.getBody().front().begin());
  for (OpOperand &use : connection.getValue().getUses()) {
    BlockArgument argument = receiver.getBody().getArgument(use.getOperandNumber());
    argument.setType(connection.getSource().getType());
    SmallVector<OpOperand *> uses;
    for (OpOperand &inner : argument.getUses())
      uses.push_back(&inner);
    Value projected = inlineLayers(connection.getProjection(), argument, builder);
    for (OpOperand *inner : uses)
      inner->set(projected);
  }
  connection.getValue().setType(connection.getSource().getType());
}

static void projectAtSender(HyperconnectionOp connection) {
  NodeOp sender = connection.getSender();
  const unsigned result = cast<OpResult>(connection.getSource()).getResultNumber();
  OpBuilder builder(sender.getYield());
  Value projected =
      inlineLayers(connection.getProjection(), sender.getYield().getResults()[result], builder);
  connection.getSourceMutable().assign(addResult(sender, projected).getResults().back());
}

/// Lists the parameters by node, in the order in which layers read them: a node's parameters then
/// lie together in the tables and in the weights file.
static void sortParameters(NetworkOp network, const SymbolTable &symbols) {
  Operation *last = nullptr;
  llvm::DenseSet<Operation *> placed;
  for (auto node : network.getOps<NodeOp>())
    node.walk([&](KernelOpInterface kernel) {
      for (FlatSymbolRefAttr symbol : kernel.getKernelParameters()) {
        auto parameter = symbols.lookup<ParameterOp>(symbol.getAttr());
        if (!parameter || !placed.insert(parameter).second)
          continue;
        if (last)
          parameter->moveAfter(last);
        else
          parameter->moveBefore(&network.getBody().front(), network.getBody().front().begin());
        last = parameter;
      }
    });
}

namespace {
struct ProjectHyperconnections : rnet::impl::ProjectHyperconnectionsBase<ProjectHyperconnections> {
  using ProjectHyperconnectionsBase::ProjectHyperconnectionsBase;

  void runOnOperation() override {
    const SymbolTable symbols(getOperation());
    for (auto connection : getOperation().getOps<HyperconnectionOp>()) {
      const bool projects = !connection.getProjection().empty();
      InputOp raw = findRawPrivateInput(connection.getSource(), symbols);
      const bool hides =
          projects &&
          !findRawPrivateInput(connection.getProjection().front().getTerminator()->getOperand(0),
                               symbols);
      if (raw && !hides) {
        InFlightDiagnostic error = emitError(connection.getLoc());
        error << "private input '" << raw.getName() << "' would leave '" << raw.getNode()
              << "' raw; put a layer with weights on the node or into a projection "
                 "[private-input]";
        error.attachNote(raw.getLoc()) << "'" << raw.getName() << "' is declared private here";
        return signalPassFailure();
      }
      if (!projects)
        continue;
      const int64_t before = getRowWidth(connection.getSource().getType());
      const int64_t after = getRowWidth(connection.getValue().getType());
      if (before <= after && !raw)
        projectAtReceiver(connection);
      else
        projectAtSender(connection);
      connection.getProjection().getBlocks().clear();
    }
    sortParameters(getOperation(), symbols);
  }
};
} // namespace
