// What a trained network gives to those that stand in for parts of it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/train/network_trainer.h"

#include <string>
#include <vector>

namespace rnet::train {

/// The parameter that holds the average of a hyperconnection, or null.
const ParameterDescription *find_average(const NetworkDescription &network,
                                         std::string_view connection);

/// Parameters of these names that copy one of another name start from its value; their names.
template <class T>
std::vector<std::string> copy_originals(std::span<const Parameter<T>> parameters,
                                        std::span<const std::string> names);

/// Sets `<hyperconnection>.average`, where there are such parameters of these names: the mean, for
/// each element, of what it carries over these rows while nothing fails. How many there are.
template <class T>
std::size_t fit_averages(NetworkTrainer<T> &trainer, const NetworkDescription &network,
                         const Dataset &dataset, std::span<const std::int64_t> rows,
                         std::span<const std::string> names);

} // namespace rnet::train
