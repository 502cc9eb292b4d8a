// The accuracy to expect of an answer, by where it comes from and the hyperconnections that it
// used: W.accuracy.json.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/interval.h"
#include "rnet/core/status.h"
#include "rnet/core/usage.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rnet {

/// How often answers are right, a fraction.
struct Accuracy {
  double value;
  std::optional<Interval> interval; ///< 95 %, by the number of test rows; none where unknown
};

/// One failure pattern, as the evaluator measured it.
struct PatternAccuracy {
  std::vector<std::string> down;
  Usage usage;
  Accuracy accuracy;
  double balanced; ///< the mean over the classes that have test rows
};

/// Immutable after reading; any thread may look up.
class AccuracyTable {
public:
  /// Where the table of a weights file lies.
  static std::string path_for(const std::string &weights_path);
  /// Refuses a table of other weights or of another network, and accuracies that cannot be. Tables
  /// of before there were intervals are read as well.
  static Expected<AccuracyTable> read(const std::string &path, const NetworkDescription &network,
                                      const std::string &weights_hash);
  static Status write(const std::string &path, const NetworkDescription &network,
                      const std::string &weights_hash,
                      const std::vector<PatternAccuracy> &patterns);

  /// Nothing for hyperconnections that no failure pattern uses, to where the answer comes from:
  /// "unknown".
  std::optional<Accuracy> find(const Usage &answer) const {
    auto found = accuracy_.find({answer.head, answer.used});
    return found == accuracy_.end() ? std::nullopt : std::optional(found->second);
  }

private:
  std::map<std::pair<std::size_t, UsedSet>, Accuracy> accuracy_;
};

} // namespace rnet
