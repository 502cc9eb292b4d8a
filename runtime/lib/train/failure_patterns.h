// All failure patterns of a network that can be told apart, for the expected loss.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/train/network_trainer.h"

namespace rnet::train {

/// The failure patterns in which something reaches the output, with their probabilities where cause
/// k, a node or behind the nodes a failure domain, fails with `probabilities[k]`, made to add up to
/// 1. Patterns with the same answers, those that use the same hyperconnections, are one: that in
/// which most has failed. Refuses more than 64 of them, more than 16 causes that may fail, and a
/// network in which nothing ever flows.
Expected<std::vector<WeighedPattern>> distinct_patterns(const NetworkDescription &network,
                                                        std::span<const double> probabilities);

} // namespace rnet::train
