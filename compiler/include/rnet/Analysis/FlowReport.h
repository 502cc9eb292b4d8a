// What failures do to a network under each of its reliability settings.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Analysis/Flow.h"

namespace rnet {

struct FlowOptions {
  /// Where the exact way would take too long. If not given, 1,000,000, or in networks of more than
  /// 4,000 nodes as many as take no longer there.
  std::optional<size_t> samples;
  uint64_t seed = 1;
};

struct SettingFlow {
  llvm::StringRef name;                 ///< of the reliability setting
  double flow = 0;                      ///< the probability of information flow
  std::optional<FlowEstimate> estimate; ///< where the flow is not exact
  std::vector<double> live;             ///< of each node: the probability that it is up and reached
  std::vector<double> carries; ///< of each hyperconnection: that something is sent along it
  /// Flow that is lost where a cause has failed (not a number for those that never do), or a
  /// hyperconnection is not there. Empty where the flow is not exact, or the network too large.
  std::vector<double> lostWithCause, lostWithHyperconnection;
};

struct FlowReport {
  std::vector<FailureCause> causes;
  std::vector<SettingFlow> settings; ///< for each reliability setting, in the order of the IR

  /// All flow is lost while the cause is down; false where losses are not known, or it never fails.
  bool isSinglePoint(size_t cause) const;
};
FlowReport analyzeFlow(NetworkOp network, const FlowOptions &options = {});

} // namespace rnet
