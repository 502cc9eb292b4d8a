// rnet-check-budgets: nodes keep within their budgets.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

#include "rnet/Analysis/Cost.h"

namespace rnet {
#define GEN_PASS_DEF_CHECKBUDGETS
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

namespace {
struct CheckBudgets : rnet::impl::CheckBudgetsBase<CheckBudgets> {
  using CheckBudgetsBase::CheckBudgetsBase;

  void runOnOperation() override {
    for (auto network : getOperation().getOps<NetworkOp>())
      for (auto budget : network.getOps<BudgetOp>())
        for (auto node : network.getOps<NodeOp>())
          if (node.getName() == budget.getNode() && failed(check(budget, node)))
            signalPassFailure();
  }

private:
  LogicalResult check(BudgetOp budget, NodeOp node) {
    return budget.getKind() == BudgetKind::Memory ? checkMemory(budget, node)
                                                  : checkSent(budget, node);
  }

  LogicalResult checkMemory(BudgetOp budget, NodeOp node) {
    ProgramOp program = findProgram(getOperation(), node, Role::Infer);
    if (!program || !program.getArenaAttr())
      return budget.emitOpError("needs the planned inference program of its node");
    const NodeCost cost = getCost(program);
    const int64_t needed = cost.weights + cost.activations,
                  limit = static_cast<int64_t>(budget.getBytes());
    if (needed <= limit)
      return success();
    InFlightDiagnostic error = emitError(budget.getLoc());
    error << "'" << node.getName() << "' needs " << grouped(needed) << " bytes of memory, "
          << grouped(cost.weights) << " for weights and " << grouped(cost.activations)
          << " for activations, " << grouped(needed - limit)
          << " more than its budget [over-budget]";
    const auto parameters = getParameterBytes(program, SymbolTable(program));
    auto largest = llvm::max_element(parameters, llvm::less_second());
    if (largest != parameters.end()) {
      auto [parameter, bytes] = *largest;
      error.attachNote(parameter->getLoc()) << "the largest tensor is '" << parameter.getSymName()
                                            << "', " << grouped(bytes) << " bytes";
    }
    return failure();
  }

  LogicalResult checkSent(BudgetOp budget, NodeOp node) {
    const int64_t sent = getMostBytesSent(node), limit = static_cast<int64_t>(budget.getBytes());
    if (sent <= limit)
      return success();
    InFlightDiagnostic error = emitError(budget.getLoc());
    error << "'" << node.getName() << "' sends " << grouped(sent) << " bytes an inference, "
          << grouped(sent - limit) << " more than its budget [over-budget]";
    HyperconnectionOp largest;
    for (Value result : node.getResults())
      for (Operation *user : result.getUsers())
        if (auto connection = dyn_cast<HyperconnectionOp>(user))
          if (!largest || getBytes(connection) > getBytes(largest))
            largest = connection;
    error.attachNote(largest.getLoc()) << "most go to '" << largest.getReceiver() << "', "
                                       << grouped(getBytes(largest)) << " bytes";
    return failure();
  }
};
} // namespace
