// The accuracy to expect of an answer, by the hyperconnections that it used: W.accuracy.json.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/status.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace rnet {

/// Which hyperconnections were used: bit k for hyperconnection k of the network. 64 at most.
using UsedSet = std::uint64_t;

/// One failure pattern, as the evaluator measured it.
struct PatternAccuracy {
  std::vector<std::string> down;
  UsedSet used;
  bool flow;
  double accuracy;
  double balanced; ///< the mean over the classes that have test rows
};

/// Immutable after reading; any thread may look up.
class AccuracyTable {
public:
  /// Where the table of a weights file lies.
  static std::string path_for(const std::string &weights_path);
  /// Refuses a table of other weights or of another network.
  static Expected<AccuracyTable> read(const std::string &path, const NetworkDescription &network,
                                      const std::string &weights_hash);
  static Status write(const std::string &path, const NetworkDescription &network,
                      const std::string &weights_hash,
                      const std::vector<PatternAccuracy> &patterns);

  /// Nothing for a set of hyperconnections that no failure pattern gives: "unknown".
  std::optional<double> find(UsedSet used) const {
    auto found = accuracy_.find(used);
    return found == accuracy_.end() ? std::nullopt : std::optional(found->second);
  }

private:
  std::map<UsedSet, double> accuracy_;
};

} // namespace rnet
