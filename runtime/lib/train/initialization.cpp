// The parameters' values before the first step.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "initialization.h"

#include "rnet/core/random.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace rnet::train {

template <class T> void initialize(std::span<const Parameter<T>> parameters, std::uint64_t seed) {
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const std::span<T> value = parameters[p].value;
    const ParameterDescription &description = *parameters[p].description;
    std::fill(value.begin(), value.end(),
              static_cast<T>(description.initializer == Initializer::ones ? 1 : 0));
    if (description.initializer != Initializer::glorot_uniform)
      continue;
    const Random random(seed, Stream::init, static_cast<std::uint32_t>(p));
    // [outputs, inputs, the window over which both sum].
    double fans = static_cast<double>(description.shape[0] + description.shape[1]);
    for (std::size_t size : description.shape.subspan(2))
      fans *= static_cast<double>(size);
    const double limit = std::sqrt(6.0 / fans);
    for (std::size_t k = 0; k < value.size(); ++k)
      // Through float, so that f32 and f64 start alike.
      value[k] =
          static_cast<float>(limit * (2 * random.uniform(static_cast<std::uint32_t>(k)) - 1));
  }
}

template <class T>
static const Parameter<T> *find(std::span<const Parameter<T>> parameters, const std::string &name) {
  for (const Parameter<T> &parameter : parameters)
    if (parameter.description->name == name)
      return &parameter;
  return nullptr;
}

template <class T>
void fit_normalization(std::span<const Parameter<T>> parameters, const NetworkDescription &network,
                       const Dataset &dataset, std::span<const std::int64_t> rows) {
  for (std::size_t k = 0; k < network.inputs.size(); ++k) {
    const InputDescription &input = network.inputs[k];
    const Parameter<T> *mean = find(parameters, std::string(input.name) + ".mean");
    const Parameter<T> *deviation = find(parameters, std::string(input.name) + ".deviation");
    if (!mean || !deviation)
      continue;
    // Elements of the last axis: features of a vector, channels of an image.
    const std::size_t channels = mean->value.size();
    const double count = static_cast<double>(rows.size() * (input.width / channels));
    std::vector<double> values(input.width), average(channels), squares(channels);
    for (std::int64_t row : rows) {
      dataset.copy_row(k, static_cast<std::size_t>(row), values.data());
      for (std::size_t e = 0; e < input.width; ++e)
        average[e % channels] += values[e];
    }
    for (double &sum : average)
      sum /= count;
    for (std::int64_t row : rows) {
      dataset.copy_row(k, static_cast<std::size_t>(row), values.data());
      for (std::size_t e = 0; e < input.width; ++e) {
        const double difference = values[e] - average[e % channels];
        squares[e % channels] += difference * difference;
      }
    }
    for (std::size_t channel = 0; channel < channels; ++channel) {
      const double spread = std::sqrt(squares[channel] / count);
      mean->value[channel] = static_cast<T>(average[channel]);
      deviation->value[channel] = static_cast<T>(spread == 0 ? 1 : spread);
    }
  }
}

#define RNET_INSTANTIATE(T)                                                                        \
  template void initialize<T>(std::span<const Parameter<T>>, std::uint64_t);                       \
  template void fit_normalization<T>(std::span<const Parameter<T>>, const NetworkDescription &,    \
                                     const Dataset &, std::span<const std::int64_t>);
RNET_INSTANTIATE(float)
RNET_INSTANTIATE(double)

} // namespace rnet::train
