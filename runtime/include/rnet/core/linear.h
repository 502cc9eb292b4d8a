// Tensors of layers that are linear in their inputs, as the weights file has them, with a batch
// normalisation that follows folded in. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ownership and threads: plain owners of memory, filled once at load and read from then on.
#pragma once

#include "rnet/core/weights_file.h"

#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

namespace rnet {

/// Names of the tensors of a batch normalisation, each [channels], and what it adds to the
/// variance.
struct Normalized {
  std::string_view gamma, beta, mean, variance;
  double epsilon;
};

/// A batch normalisation as y = scale x + shift, channel by channel, in double precision.
struct ChannelAffine {
  std::vector<double> scale, shift;

  Status read(const WeightsFile &weights, std::size_t channels, const Normalized &names);
};

/// Weight [outputs][inputs of each] and bias [outputs].
struct LinearTensors {
  using Shape = std::initializer_list<std::size_t>;

  std::vector<float> weight, bias;

  /// The first element of `shape` is the number of outputs. Without a bias, the bias is zero. A
  /// normalisation is folded into both, in double precision.
  Status read(const WeightsFile &weights, std::string_view name, Shape shape) {
    return read(weights, name, shape, {}, nullptr);
  }
  Status read(const WeightsFile &weights, std::string_view name, Shape shape,
              std::string_view bias_name) {
    return read(weights, name, shape, bias_name, nullptr);
  }
  Status read(const WeightsFile &weights, std::string_view name, Shape shape,
              const Normalized &normalized) {
    return read(weights, name, shape, {}, &normalized);
  }
  Status read(const WeightsFile &weights, std::string_view name, Shape shape,
              std::string_view bias_name, const Normalized &normalized) {
    return read(weights, name, shape, bias_name, &normalized);
  }

private:
  Status read(const WeightsFile &weights, std::string_view name, Shape shape,
              std::string_view bias_name, const Normalized *normalized);
};

/// Weights in the order in which a kernel reads them, on a 64-byte border.
class PackedWeights {
public:
  /// Zeros; the error names the tensor that they are for.
  Status allocate(std::size_t count, std::string_view tensor);

  float *data() { return memory_.get(); }
  const float *data() const { return memory_.get(); }

private:
  struct Free {
    void operator()(float *memory) const { std::free(memory); }
  };
  std::unique_ptr<float[], Free> memory_;
};

} // namespace rnet
