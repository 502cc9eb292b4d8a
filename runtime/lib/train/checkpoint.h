// The state of a run in a file: what an interrupted run leaves, and a resumed one goes on from.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/weights_file.h"
#include "rnet/train/optimizer.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace rnet::train {

/// A copy of all parameters' values.
template <class T> using Snapshot = std::vector<std::vector<T>>;
template <class T> Snapshot<T> take_snapshot(std::span<const Parameter<T>> parameters);
template <class T> void restore(const Snapshot<T> &from, std::span<const Parameter<T>> parameters);

/// Where a run stands, beside its parameters and its optimizer.
template <class T> struct RunState {
  std::size_t epoch = 0, batch = 0; ///< of the next step
  double loss_sum = 0;              ///< over the steps of this epoch that had a loss
  std::size_t loss_steps = 0;       ///< how many
  std::size_t best_epoch = 0;       ///< counted from 1; 0: none is finished
  double best_accuracy = -1;
  std::vector<double> losses, accuracies; ///< of each finished epoch; NaN where there is none
  Snapshot<T> best;                       ///< the parameters of the best epoch
};

/// What a resumed run must share with the one that was interrupted.
struct RunIdentity {
  std::map<std::string, std::string> metadata; ///< of the weights file that the run will write
  nlohmann::ordered_json settings;             ///< what else decides the bytes of the weights
};

/// The tensors of a weights file: views of the parameters.
template <class T>
std::vector<TensorToWrite> tensors_to_write(std::span<const Parameter<T>> parameters);

/// Reads every parameter from a weights file of the same names and shapes.
template <class T>
Status read_parameters(const WeightsFile &weights, std::span<const Parameter<T>> parameters);

/// Reads the parameters that the file has too, of the same name and shape; the names of the others,
/// whose values stay. Refuses a file that has none.
template <class T>
Expected<std::vector<std::string>> read_common_parameters(const WeightsFile &weights,
                                                          std::span<const Parameter<T>> parameters);

/// Replaces the file at once, or leaves the old one.
template <class T>
Status save_checkpoint(const std::string &path, const RunIdentity &identity,
                       std::span<const Parameter<T>> parameters, OptimizerState<T> &optimizer,
                       const RunState<T> &state);

/// Refuses a file that is damaged or of another run. After an error the rest is in no state to use.
template <class T>
Status load_checkpoint(const std::string &path, const NetworkDescription &network,
                       const RunIdentity &identity, std::span<const Parameter<T>> parameters,
                       OptimizerState<T> &optimizer, RunState<T> &state);

} // namespace rnet::train
