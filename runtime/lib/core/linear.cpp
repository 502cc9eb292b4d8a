// Tensors of linear layers, read and folded.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/linear.h"

#include <algorithm>
#include <cmath>

namespace rnet {

Status ChannelAffine::read(const WeightsFile &weights, std::size_t channels,
                           const Normalized &names) {
  std::vector<double> mean(channels), variance(channels);
  scale.resize(channels);
  shift.resize(channels);
  if (Status status = weights.read(names.gamma, {channels}, scale); !status.ok())
    return status;
  if (Status status = weights.read(names.beta, {channels}, shift); !status.ok())
    return status;
  if (Status status = weights.read(names.mean, {channels}, mean); !status.ok())
    return status;
  if (Status status = weights.read(names.variance, {channels}, variance); !status.ok())
    return status;
  for (std::size_t c = 0; c < channels; ++c) {
    scale[c] /= std::sqrt(variance[c] + names.epsilon);
    shift[c] -= mean[c] * scale[c];
  }
  return {};
}

Status LinearTensors::read(const WeightsFile &weights, std::string_view name, Shape shape,
                           std::string_view bias_name, const Normalized *normalized) {
  const std::size_t outputs = *shape.begin();
  std::size_t count = 1;
  for (std::size_t size : shape)
    count *= size;
  std::vector<double> w(count), b(outputs);
  if (Status status = weights.read(name, std::span(shape.begin(), shape.size()), std::span(w));
      !status.ok())
    return status;
  if (!bias_name.empty())
    if (Status status = weights.read(bias_name, {outputs}, b); !status.ok())
      return status;
  if (normalized) {
    ChannelAffine affine;
    if (Status status = affine.read(weights, outputs, *normalized); !status.ok())
      return status;
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t k = 0; k < count / outputs; ++k)
        w[o * (count / outputs) + k] *= affine.scale[o];
      b[o] = affine.shift[o] + b[o] * affine.scale[o];
    }
  }
  weight.assign(w.begin(), w.end());
  bias.assign(b.begin(), b.end());
  return {};
}

Status PackedWeights::allocate(std::size_t count, std::string_view tensor) {
  memory_.reset(
      static_cast<float *>(std::aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64)));
  if (!memory_)
    return Status::error("out of memory for the weights of '" + std::string(tensor) + "'");
  std::fill_n(memory_.get(), count, 0.0f);
  return {};
}

} // namespace rnet
