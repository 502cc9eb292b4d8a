// A weights file for a network where no answer matters.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/weights_file.h"

#include <random>
#include <string>
#include <vector>

namespace rnet {

/// Writes every tensor with small random values, above 0 as variances have to be; opens the file.
inline Expected<WeightsFile> make_any_weights(const NetworkDescription &network,
                                              const std::string &path) {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> uniform(0.01f, 0.05f);
  std::vector<std::vector<float>> values;
  std::vector<TensorToWrite> tensors;
  for (const ParameterDescription &parameter : network.parameters) {
    std::size_t count = 1;
    for (std::size_t size : parameter.shape)
      count *= size;
    for (float &value : values.emplace_back(count))
      value = uniform(random);
    tensors.push_back({std::string(parameter.name),
                       {parameter.shape.begin(), parameter.shape.end()},
                       values.back(),
                       {}});
  }
  if (Status status = write_weights(path, tensors, {}); !status.ok())
    return status;
  return WeightsFile::open(path);
}

} // namespace rnet
