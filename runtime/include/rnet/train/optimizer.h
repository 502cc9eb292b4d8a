// Adam, and gradient descent with momentum.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/train/node_trainer.h"
#include "rnet/train/thread_pool.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace rnet::train {

/// State beside each trained parameter. One user at a time; each update is elementwise, so neither
/// the order of parameters nor the number of threads matters.
template <class T> class OptimizerState {
public:
  OptimizerState(const TrainingRecipe &recipe, std::span<const Parameter<T>> parameters)
      : recipe_(recipe) {
    for (const Parameter<T> &parameter : parameters) {
      const std::size_t count = parameter.gradient.size();
      for (std::size_t begin = 0; begin < count; begin += kBlock)
        blocks_.push_back({first_.size(), begin, std::min(count, begin + kBlock)});
      first_.emplace_back(count);
      second_.emplace_back(recipe.optimizer == Optimizer::adam ? count : 0);
    }
  }

  /// One step of all parameters by their gradients, at this learning rate.
  ///   adam (Kingma & Ba 2015, algorithm 1): w -= rate * mhat / (sqrt(vhat) + epsilon)
  ///   sgd: v = momentum * v + g; w -= rate * v
  /// Before it, weights decay (Loshchilov & Hutter 2019, decoupled): w -= rate * decay * w, where
  /// they have two and more axes; biases and the like do not.
  void update(ThreadPool &threads, std::span<const Parameter<T>> parameters, double rate) {
    ++steps_;
    threads.run(blocks_.size(), [&](std::size_t k) {
      const Block &block = blocks_[k];
      const Parameter<T> &parameter = parameters[block.parameter];
      if (recipe_.weight_decay != 0 && parameter.description->shape.size() >= 2)
        decay(parameter, block, static_cast<T>(1 - rate * recipe_.weight_decay));
      if (recipe_.optimizer == Optimizer::adam)
        adam(parameter, block, rate);
      else
        sgd(parameter, block, static_cast<T>(rate));
    });
  }

  std::uint64_t steps() const { return steps_; }
  void set_steps(std::uint64_t steps) { steps_ = steps; }
  /// For checkpoints: momentum or first moment, and second moment, of parameter k.
  std::vector<T> &first(std::size_t k) { return first_[k]; }
  std::vector<T> &second(std::size_t k) { return second_[k]; }

private:
  /// Elements [begin, end) of a parameter: a thread's work.
  struct Block {
    std::size_t parameter, begin, end;
  };
  static constexpr std::size_t kBlock = 16384;

  static void decay(const Parameter<T> &parameter, const Block &block, T factor) {
    for (std::size_t k = block.begin; k < block.end; ++k)
      parameter.value[k] *= factor;
  }
  void adam(const Parameter<T> &parameter, const Block &block, double base_rate) {
    const T beta1 = static_cast<T>(recipe_.beta1), beta2 = static_cast<T>(recipe_.beta2),
            epsilon = static_cast<T>(recipe_.epsilon);
    const double t = static_cast<double>(steps_);
    const T rate = static_cast<T>(base_rate / (1 - std::pow(recipe_.beta1, t)));
    const T correction = static_cast<T>(1 / std::sqrt(1 - std::pow(recipe_.beta2, t)));
    T *const w = parameter.value.data();
    T *const m = first_[block.parameter].data(), *const v = second_[block.parameter].data();
    const T *const g = parameter.gradient.data();
    for (std::size_t k = block.begin; k < block.end; ++k) {
      m[k] = beta1 * m[k] + (1 - beta1) * g[k];
      v[k] = beta2 * v[k] + (1 - beta2) * g[k] * g[k];
      w[k] -= rate * m[k] / (std::sqrt(v[k]) * correction + epsilon);
    }
  }
  void sgd(const Parameter<T> &parameter, const Block &block, T rate) {
    const T momentum = static_cast<T>(recipe_.momentum);
    T *const velocity = first_[block.parameter].data();
    for (std::size_t k = block.begin; k < block.end; ++k) {
      velocity[k] = momentum * velocity[k] + parameter.gradient[k];
      parameter.value[k] -= rate * velocity[k];
    }
  }

  TrainingRecipe recipe_;
  std::uint64_t steps_ = 0;
  std::vector<std::vector<T>> first_, second_;
  std::vector<Block> blocks_;
};

} // namespace rnet::train
