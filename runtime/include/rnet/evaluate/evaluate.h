// Accuracy under every failure pattern, and what follows from it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/data/dataset.h"
#include "rnet/evaluate/forward.h"

#include <string>
#include <vector>

namespace rnet::evaluate {

/// How often answers are right.
struct Score {
  double accuracy; ///< fraction of the rows
  double balanced; ///< mean of the fractions within each class that has rows
};

/// One failure pattern.
struct Pattern {
  DownSet down;
  Usage usage;
  Score score;               ///< of guessing where nothing flows
  std::vector<float> output; ///< [rows][classes], when asked for; zero where nothing flows
};

struct Evaluation {
  std::size_t samples;
  Score guess; ///< by the class frequencies of training: sum over classes of p_train * p_test, and
               ///< mean of p_train
  std::vector<Pattern> patterns;

  /// Of the pattern with these nodes down.
  Score score(DownSet down) const;
  /// Sum over patterns of their probability times their score (resilinet.md).
  Score expected(const SettingDescription &setting) const;
};

struct EvaluationOptions {
  std::size_t batch = 128;
  std::size_t threads = 1;
  bool keep_outputs = false;
};

/// Nodes that may fail, in node order.
std::vector<std::size_t> failable_nodes(const NetworkDescription &network);

/// Runs all 2^n patterns over these rows. `class_counts` are those of the training rows. Results do
/// not depend on batch or threads.
Evaluation evaluate(const NetworkDescription &network, std::span<Program *const> programs,
                    const Dataset &dataset, const std::vector<std::int64_t> &rows,
                    const std::vector<std::int64_t> &class_counts,
                    const EvaluationOptions &options);

} // namespace rnet::evaluate
