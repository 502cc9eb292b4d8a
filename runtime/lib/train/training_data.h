// The rows of a training run: which train, which validate, and what the weights file says of them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/train/training_run.h"

namespace rnet::train {

struct TrainingData {
  Dataset dataset; ///< with files for each part: training rows, then validation rows
  Split split;
  SplitMetadata metadata;
};

/// Reads what the options name: one file, split here, or a file for each part. Refuses data without
/// a training row.
Expected<TrainingData> read_training_data(const NetworkDescription &network,
                                          const TrainingOptions &options);

/// What each class weighs where classes are balanced: rows / (classes that have rows * rows of the
/// class), 0 for a class without rows. The mean over all rows is 1.
std::vector<float> balance_classes(const std::vector<std::int64_t> &counts);

} // namespace rnet::train
