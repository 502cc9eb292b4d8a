// A factor that was trained: a learned weight of a hyperconnection.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/weights_file.h"

#include <array>

namespace rnet {

/// One number, where the kernel `scale` takes one. Immutable after load.
class Factor {
public:
  Status load(const WeightsFile &weights, std::string_view name) {
    return weights.read(name, {1}, value_);
  }
  operator float() const { return value_[0]; }

private:
  std::array<float, 1> value_{};
};

} // namespace rnet
