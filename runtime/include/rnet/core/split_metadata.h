// What a weights file says about the rows it was trained on, so that they never score.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/dataset.h"
#include "rnet/core/weights_file.h"

#include <map>
#include <string>
#include <vector>

namespace rnet {

/// How the data of a training run were split. `kind`: "random" (by seed), "array" (the file said),
/// or "files".
struct SplitMetadata {
  std::string kind = "random";
  std::uint64_t seed = 0;
  std::string dataset_hash;               ///< of --data, or of the --train file
  std::string test_hash;                  ///< of the --test file; empty without one
  std::vector<std::int64_t> class_counts; ///< of the training rows

  static Expected<SplitMetadata> read(const WeightsFile &weights);
  void write(std::map<std::string, std::string> &metadata) const;

  /// Refuses data other than those that were split.
  Status check_test_data(const Dataset &dataset) const;
  /// The rows that may score.
  std::vector<std::int64_t> test_rows(const Dataset &dataset) const;
};

} // namespace rnet
