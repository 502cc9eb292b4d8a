// rnet-analyze-flow: what failures do to a network, as attributes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

#include "rnet/Analysis/FlowReport.h"

#include <cmath>

namespace rnet {
#define GEN_PASS_DEF_ANALYZEFLOW
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;

namespace {
struct AnalyzeFlow : rnet::impl::AnalyzeFlowBase<AnalyzeFlow> {
  using AnalyzeFlowBase::AnalyzeFlowBase;

  void runOnOperation() override {
    NetworkOp network = getOperation();
    const FlowReport report = analyzeFlow(network);
    set(network, kFlowAttr, report.settings,
        [](const SettingFlow &setting) { return setting.flow; });
    for (auto [k, cause] : llvm::enumerate(report.causes)) {
      setLost(cause.op, report.settings, &SettingFlow::lostWithCause, k);
      if (report.isSinglePoint(k))
        cause.op->setAttr(kSinglePointAttr, UnitAttr::get(&getContext()));
    }
    for (auto [k, connection] : llvm::enumerate(network.getOps<HyperconnectionOp>()))
      setLost(connection, report.settings, &SettingFlow::lostWithHyperconnection, k);
  }

private:
  void setLost(Operation *op, ArrayRef<SettingFlow> settings,
               std::vector<double> SettingFlow::*losses, size_t k) {
    set(op, kFlowLostAttr, settings, [&](const SettingFlow &setting) {
      return (setting.*losses).empty() ? std::nan("") : (setting.*losses)[k];
    });
  }
  /// A number for each setting, where there is one.
  void set(Operation *op, StringRef name, ArrayRef<SettingFlow> settings,
           llvm::function_ref<double(const SettingFlow &)> number) {
    Builder builder(&getContext());
    SmallVector<NamedAttribute> numbers;
    for (const SettingFlow &setting : settings)
      if (const double value = number(setting); !std::isnan(value))
        numbers.push_back(builder.getNamedAttr(setting.name, builder.getF64FloatAttr(value)));
    if (!numbers.empty())
      op->setAttr(name, builder.getDictionaryAttr(numbers));
  }
};
} // namespace
