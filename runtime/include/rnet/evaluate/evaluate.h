// Accuracy under failure patterns, and what follows from it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/interval.h"
#include "rnet/data/dataset.h"
#include "rnet/evaluate/patterns.h"

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
  std::size_t answer; ///< those with the same answer compute the same; none where nothing flows
  Score score;        ///< of guessing where nothing flows
};

/// What to expect under a reliability setting: the sum over patterns of their probability times
/// their score (resilinet.md).
struct Expectation {
  Score score;
  /// 95 %, of the accuracy: what more test rows like these would show. Guesses are taken as known.
  Interval test_rows;
  /// 95 %, of the accuracy on these rows: what running every pattern would show. Where all were
  /// run, the accuracy itself.
  Interval patterns;
};

struct Evaluation {
  std::size_t samples;
  Score guess; ///< by the class frequencies of training: sum over classes of p_train * p_test, and
               ///< mean of p_train
  bool complete;                     ///< every pattern was run
  std::vector<Pattern> patterns;     ///< in the order of the set
  std::vector<Expectation> expected; ///< in the order of the network's reliability settings
  std::size_t runs = 0; ///< of a node's program, for each chunk of rows: distinct states of nodes

  /// Of the pattern with these down, one of the set.
  Score score(DownSet down) const;
  /// [rows][classes], when asked for; zero where nothing flows.
  const std::vector<float> &output(const Pattern &pattern) const {
    return pattern.usage.flow ? outputs[pattern.answer] : nothing;
  }

  std::vector<std::vector<float>> outputs; ///< [answer]
  std::vector<float> nothing;
};

struct EvaluationOptions {
  std::size_t batch = 128; ///< rows at a time, at most
  std::size_t threads = 1;
  bool keep_outputs = false;
  /// Bytes of activations, of all threads together: fewer rows at a time where the network's are
  /// large. (One row a thread takes what it takes.)
  std::size_t memory = std::size_t(1) << 30;
  UsedSet cut = 0; ///< hyperconnections that bring nothing in any pattern; they decide results
};

/// Runs these patterns over these rows, each distinct state of a node once. `class_counts` are
/// those of the training rows. Results do not depend on the options, but for the cut.
Evaluation evaluate(const NetworkDescription &network, std::span<Program *const> programs,
                    const Dataset &dataset, const std::vector<std::int64_t> &rows,
                    const std::vector<std::int64_t> &class_counts, const PatternSet &patterns,
                    const EvaluationOptions &options);

} // namespace rnet::evaluate
