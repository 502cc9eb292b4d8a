// All nodes of a network in one process, handing each other activations and gradients as the
// hyperconnections say. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/usage.h"
#include "rnet/train/batch.h"
#include "rnet/train/main.h"
#include "rnet/train/thread_pool.h"

#include <vector>

namespace rnet::train {

/// What is there in a training step, row by row: 1 there, 0 not.
struct Masks {
  std::vector<std::uint8_t> alive; ///< [nodes][rows]: 0 down
  std::vector<std::uint8_t> whole; ///< [hyperconnections][rows]: 0 cut; empty where none ever is
};

/// A failure pattern for all rows of a batch, and what it counts for.
struct WeighedPattern {
  std::vector<std::uint8_t> alive; ///< [nodes]: 1 up, 0 down
  double weight;
  UsedSet cut = 0; ///< hyperconnections that bring nothing, beside those of nodes that are down
};

/// One caller at a time; `network` outlives it.
template <class T> class NetworkTrainer {
public:
  NetworkTrainer(const NetworkDescription &network, NodeTrainers<T> nodes, std::size_t capacity,
                 ThreadPool &threads);

  /// All parameters, in the order of the network.
  std::span<const Parameter<T>> parameters() const { return parameters_; }

  /// Weights of the classes in the loss; none: all 1.
  void weigh_classes(std::vector<float> weights) { class_weights_ = std::move(weights); }

  /// Rows learn to answer `share` parts of what the network answers to them while nothing fails,
  /// and 1 - `share` of their label. That answer is what the deployed network would give with the
  /// parameters of the step: no dropout, running statistics, which it leaves alone. No gradient
  /// goes through it. 0: the label alone.
  void distill(double share) { distilled_ = share; }

  /// The weight of each exit's loss beside that of the output.
  void weigh_exits(double weight) { exit_weight_ = weight; }

  struct Result {
    double loss;      ///< of the output and, weighed, its exits; NaN where no row reached any
    std::size_t rows; ///< that reached each of them, added up
  };
  /// Forward and backward over a batch: gradients are set, all of them zero where no row reached
  /// the output or an exit. What a hyperconnection would bring is absent for the rows in which it
  /// is cut. Trained parameters stay; running statistics take in the batch. Random draws depend on
  /// the seed and the number of the step.
  Result differentiate(const Batch<T> &batch, const Masks &masks, std::uint64_t seed = 0,
                       std::uint32_t number = 0);
  /// The mean over failure patterns whose weights add up to 1, in each of which something reaches
  /// the output: of loss, gradients, and how far running statistics move. One pass a pattern.
  Result differentiate(const Batch<T> &batch, std::span<const WeighedPattern> patterns,
                       std::uint64_t seed = 0, std::uint32_t number = 0);
  /// The first over these rows of a dataset, `capacity` at most, with `alive` [nodes] and `cut` for
  /// all of them.
  Result differentiate(const Dataset &dataset, std::span<const std::int64_t> rows,
                       std::span<const std::uint8_t> alive, UsedSet cut = 0);

  /// The mean of what each of these hyperconnections carries, over rows, when nothing fails.
  std::vector<std::vector<double>> average(const Dataset &dataset,
                                           std::span<const std::int64_t> rows,
                                           std::span<const std::size_t> connections);

  /// Largest finite magnitudes.
  struct Largest {
    std::vector<T> carried;                   ///< by each of some hyperconnections
    std::map<std::string_view, double> taken; ///< by layers, by the names of their weights
  };
  /// Over rows, while nothing fails and while any one node, link or group that may fail does.
  Largest largest(const Dataset &dataset, std::span<const std::int64_t> rows,
                  std::span<const std::size_t> connections);

  /// Rows that are answered right when nothing fails.
  std::size_t count_right(const Dataset &dataset, std::span<const std::int64_t> rows);

private:
  void forward(StepContext &step, const Batch<T> &batch, const Masks &masks);
  void backward(StepContext &step);
  Tensor<const T> answer(const Batch<T> &batch, UsedSet cut = 0,
                         std::map<std::string_view, double> *largest_inputs = nullptr);
  void set_targets(const Batch<T> &batch);
  Masks for_all(std::span<const std::uint8_t> alive, UsedSet cut, std::size_t rows) const;
  Result pass(const Batch<T> &batch, const Masks &masks, std::uint64_t seed, std::uint32_t number);

  const NetworkDescription &network_;
  NodeTrainers<T> nodes_;
  std::size_t capacity_;
  ThreadPool &threads_;
  std::vector<Parameter<T>> parameters_;
  std::vector<float> class_weights_;
  double distilled_ = 0, exit_weight_ = 0;
  std::vector<double> soft_targets_;  ///< [rows][classes] of this step; empty: the labels alone
  std::vector<std::uint8_t> ones_;    ///< of the inputs
  Masks masks_;                       ///< of this step
  std::vector<std::uint8_t> arrived_; ///< [hyperconnections][rows] of this step, as the whole ones
  std::vector<std::vector<Tensor<const T>>> results_; ///< [node][result]
  std::vector<Tensor<const T>> gradients_; ///< [hyperconnection], as the receiver hands it back
  std::vector<std::vector<std::size_t>> outgoing_; ///< [node]: its hyperconnections
};

extern template class NetworkTrainer<float>;
extern template class NetworkTrainer<double>;

} // namespace rnet::train
