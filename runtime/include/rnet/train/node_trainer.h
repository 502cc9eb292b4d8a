// The training program of one physical node, as the trainer drives it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads: one call at a time per object; kernels split their work over `StepContext::threads`, in
// blocks that do not depend on how many threads there are, so results do not either. Never linked
// into a deployed node.
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/rows.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <span>

namespace rnet::train {

class ThreadPool;

/// A trainable tensor with its gradient; memory belongs to the NodeTrainer.
template <class T> struct Parameter {
  const ParameterDescription *description;
  std::span<T> value;
  std::span<T> gradient; ///< empty for a parameter that is not trained
};

/// Whose loss it is: the output's, which counts fully, or an exit's.
enum class LossOf { output, exit };

/// What every node of one training step sees.
struct StepContext {
  ThreadPool &threads;
  std::size_t rows; ///< of this batch
  std::span<const std::int32_t>
      labels; ///< class of each row; used by nodes that hold the output or an exit
  std::span<const float> class_weights = {}; ///< of each class in the loss; empty: all 1
  /// [rows][classes], probabilities: what rows learn to answer; empty: their labels alone.
  std::span<const double> soft_targets = {};
  double exit_weight = 0; ///< of an exit's loss
  /// Added up by forward of the nodes that hold the output or an exit: weighted means over their
  /// present rows. NaN while none had one.
  double loss = std::numeric_limits<double>::quiet_NaN();
  std::size_t loss_rows = 0; ///< present rows of all of them; 0: no loss, no step
  bool training = false;     ///< false where rows are only answered: no dropout, running statistics
  std::uint64_t seed = 0;    ///< of the run, and which step this is: what random draws depend on
  std::uint32_t number = 0;

  /// Where set, layers that may have weights of int8 raise it: by the name of the weight, the
  /// largest finite magnitude of what the layer takes.
  std::map<std::string_view, double> *largest_inputs = nullptr;

  template <std::size_t Width, class X, class T>
  void observe(Presence present, Rows<Width, X> x, const Parameter<T> &weight) const {
    if (!largest_inputs)
      return;
    double &largest = (*largest_inputs)[weight.description->name];
    for (std::size_t row = 0; row < present.count; ++row)
      for (std::size_t k = 0; present[row] && k < Width; ++k)
        if (const auto magnitude = static_cast<double>(std::abs(x.row(row)[k]));
            std::isfinite(magnitude))
          largest = std::max(largest, magnitude);
  }
  double share(LossOf head) const { return head == LossOf::exit ? exit_weight : 1; }
  float weight(std::int32_t label) const {
    return class_weights.empty() ? 1 : class_weights[static_cast<std::size_t>(label)];
  }
  /// What the probability of class k should be, of `classes`.
  double target(std::size_t row, std::size_t k, std::size_t classes) const {
    return soft_targets.empty() ? k == static_cast<std::size_t>(labels[row])
                                : soft_targets[row * classes + k];
  }
};

/// One node's forward, backward and parameters. T is float or double.
template <class T> class NodeTrainer {
public:
  virtual ~NodeTrainer() = default;

  virtual std::span<const Parameter<T>> parameters() = 0;

  /// `inputs` as in Program::infer; `alive` is the failout mask of this node (1 = up), all ones
  /// where it may not fail. Returns nothing: `outputs[k]` is filled with views of the node's own
  /// buffers, valid until the next forward. Nodes with the output or an exit add their loss.
  virtual void forward(StepContext &step, std::span<const Tensor<const T>> inputs, Presence alive,
                       std::span<Tensor<const T>> outputs) = 0;

  /// `output_gradients`: one per outgoing hyperconnection, in the order of NetworkDescription, with
  /// the presence that says which rows the receiver took. Sets parameter gradients (overwrites) and
  /// fills `input_gradients` (in order of inputs) with views of the node's buffers; a gradient of a
  /// network input is left empty.
  virtual void backward(StepContext &step, std::span<const Tensor<const T>> output_gradients,
                        std::span<Tensor<const T>> input_gradients) = 0;
};

} // namespace rnet::train
