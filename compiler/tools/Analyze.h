// `rnet analyze`: what failures do to a network, before it is trained.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "Spec.h"

#include "rnet/Analysis/FlowReport.h"

namespace rnet::tools {

struct AnalyzeOptions : FlowOptions {
  bool json = false;
};

/// Prints, for each reliability setting, the probability of information flow, expected bytes and
/// multiply-adds, and how much flow is lost with each node and hyperconnection. Returns the exit
/// code: 1 on errors.
int analyze(const std::string &path, ir::Scheme scheme, const SpecOptions &options,
            const AnalyzeOptions &how);

} // namespace rnet::tools
