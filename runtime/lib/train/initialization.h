// The parameters' values before the first step.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/data/dataset.h"
#include "rnet/train/node_trainer.h"

namespace rnet::train {

/// Sets each parameter as its description says. Glorot uniform: U(-l, l) with l = sqrt(6 / (fan in
/// + fan out)); draw k of parameter p is number k of its own stream. float and double start alike.
template <class T> void initialize(std::span<const Parameter<T>> parameters, std::uint64_t seed);

/// Sets `<input>.mean` and `<input>.deviation`, where there are such parameters: mean and
/// population deviation over these rows, for each element of the last axis (features of a vector,
/// channels of an image); deviation 0 counts as 1.
template <class T>
void fit_normalization(std::span<const Parameter<T>> parameters, const NetworkDescription &network,
                       const Dataset &dataset, std::span<const std::int64_t> rows);

} // namespace rnet::train
