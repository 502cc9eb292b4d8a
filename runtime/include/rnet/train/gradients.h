// Gradients of one batch under every failure pattern, for comparison with other implementations.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/train/network_trainer.h"

#include <string>

namespace rnet::train {

/// Writes a .npz with `x` [rows][width], `y`, and for each pattern k of the nodes that may be down
/// (binary counting, as the evaluator does) `mask_<k>` (1 = up), `loss_<k>` and
/// `grad_<k>/<parameter>`.
template <class T>
Status write_gradients(const std::string &path, const NetworkDescription &network,
                       NetworkTrainer<T> &trainer, const Dataset &dataset,
                       std::span<const std::int64_t> rows);

} // namespace rnet::train
