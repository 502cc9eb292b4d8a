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
  /// Flow that is lost where a node is down, or a hyperconnection is not there, in the order of the
  /// IR; not a number for nodes that never fail. Empty where the flow is not exact, or the network
  /// too large.
  std::vector<double> lostWithNode, lostWithLink;
};

/// For each reliability setting, in the order of the IR.
std::vector<SettingFlow> analyzeFlow(NetworkOp network, const FlowOptions &options = {});

/// All flow is lost while the node is down; false where losses are not known, or it never fails.
bool isSinglePoint(llvm::ArrayRef<SettingFlow> settings, size_t node);

} // namespace rnet
