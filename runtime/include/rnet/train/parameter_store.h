// Memory of a node's parameters and their gradients.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/arena.h"
#include "rnet/train/node_trainer.h"

#include <vector>

namespace rnet::train {

/// Owns values and gradients, zero at first, each on a 64-byte border. Not copyable: parameters are
/// views of it.
template <class T> class ParameterStore {
public:
  explicit ParameterStore(std::span<const ParameterDescription> descriptions)
      : memory_({total(descriptions), 0}, 1) {
    T *at = memory_.arena(1).template rows<1>(0).data;
    for (const ParameterDescription &description : descriptions) {
      const std::size_t count = elements(description);
      Parameter<T> parameter{&description, {at, count}, {}};
      at += row_stride(count);
      if (description.trainable) {
        parameter.gradient = {at, count};
        at += row_stride(count);
      }
      parameters_.push_back(parameter);
    }
  }
  ParameterStore(const ParameterStore &) = delete;
  ParameterStore &operator=(const ParameterStore &) = delete;

  const Parameter<T> &operator[](std::size_t index) const { return parameters_[index]; }
  std::span<const Parameter<T>> span() const { return parameters_; }

  static std::size_t elements(const ParameterDescription &description) {
    std::size_t count = 1;
    for (std::size_t size : description.shape)
      count *= size;
    return count;
  }

private:
  static std::size_t total(std::span<const ParameterDescription> descriptions) {
    std::size_t count = 0;
    for (const ParameterDescription &description : descriptions)
      count += row_stride(elements(description)) * (description.trainable ? 2 : 1);
    return count;
  }

  ArenaStorage<T> memory_;
  std::vector<Parameter<T>> parameters_;
};

} // namespace rnet::train
