// The command line of a trainer, NET-train.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/train/node_trainer.h"

#include <functional>
#include <memory>
#include <vector>

namespace rnet::train {

template <class T> using NodeTrainers = std::vector<std::unique_ptr<NodeTrainer<T>>>;

/// Makes the nodes of a network, in order, for batches of up to `capacity` rows.
struct TrainerFactory {
  std::function<NodeTrainers<float>(std::size_t capacity)> f32;
  std::function<NodeTrainers<double>(std::size_t capacity)> f64;
};

/// Trains as the command line says. Returns the exit code: 0, 1 after an error, 130 after Ctrl-C
/// with the state saved.
int main(int argc, char **argv, const NetworkDescription &network, const TrainerFactory &factory);

/// The same, from one generic callable: factory(scalar, capacity).
template <class Factory>
int main(int argc, char **argv, const NetworkDescription &network, Factory factory) {
  return main(argc, argv, network,
              TrainerFactory{[&](std::size_t capacity) { return factory(float(), capacity); },
                             [&](std::size_t capacity) { return factory(double(), capacity); }});
}

} // namespace rnet::train
