// A training run: epochs, failout, validation, checkpoints, the trace.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/data/split.h"
#include "rnet/train/main.h"

#include <atomic>
#include <map>
#include <optional>
#include <string>

namespace rnet::train {

struct TrainingOptions {
  std::string data, train, validation, test; ///< files: `data`, or the others
  bool init_layers = false; ///< `init` may be of another cut: take what has the same name and shape
  bool harden = false;      ///< keep the tensors of `init` as they are, train those it lacks; the
                            ///< last epoch counts
  std::string out, init, trace, gradients; ///< files; `init`, `trace`, `gradients` may be empty
  TrainingRecipe recipe;                   ///< of the spec, as the command line changed it
  Selection selection;                     ///< what in the files is what
  std::optional<SplitKind> split; ///< of `data`, random or contiguous; none: their own, else random
  std::uint64_t split_seed = 0;
  std::optional<double>
      failout;            ///< failure probability of every failable node instead of the spec's
  std::string failout_as; ///< a reliability setting: nodes are absent as often as they fail there
  std::map<std::string, double> cuts; ///< hyperconnections that are cut as often, beside failures;
                                      ///< where there are some, the last epoch counts
  std::optional<double> distill;      ///< instead of the recipe's
  std::size_t threads = 1;
  bool f64 = false;
  bool resume = false;
};

enum class Outcome { finished, interrupted };

/// Trains and writes options.out. `interrupt` asks to save a checkpoint after the current step and
/// stop. The same options and data give the same bytes, for any number of threads, interrupted or
/// not.
Expected<Outcome> train(const NetworkDescription &network, const TrainerFactory &factory,
                        const TrainingOptions &options, const std::atomic<bool> &interrupt);

/// Where the checkpoint of a run lies until it is finished.
std::string checkpoint_path(const TrainingOptions &options);

} // namespace rnet::train
