// What an evaluation is written as: a table, JSON, outputs as arrays, the table for answers to
// come. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/accuracy_table.h"
#include "rnet/core/status.h"
#include "rnet/evaluate/evaluate.h"

#include <nlohmann/json.hpp>

namespace rnet::evaluate {

/// Prints every pattern, or, of a sample, those with nothing down and with one cause; then what to
/// expect.
void print_table(const NetworkDescription &network, const Evaluation &result);

/// docs/runtime.md describes it.
nlohmann::ordered_json to_json(const NetworkDescription &network, const Evaluation &result);

/// The outputs that were kept.
Status write_predictions(const std::string &path, const NetworkDescription &network,
                         const Evaluation &result, const Dataset &dataset,
                         const std::vector<std::int64_t> &rows);

/// What an AccuracyTable holds.
std::vector<PatternAccuracy> accuracies(const NetworkDescription &network,
                                        const Evaluation &result);

} // namespace rnet::evaluate
