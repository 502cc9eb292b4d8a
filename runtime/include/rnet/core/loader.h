// Loads the members of a program and remembers what went wrong first.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/weights_file.h"

namespace rnet {

class Loader {
public:
  explicit Loader(const WeightsFile &weights) : weights_(weights) {}

  /// storage.load(weights, names...), unless something failed before.
  template <class Storage, class... Names> void load(Storage &storage, Names... names) {
    if (status_.ok())
      status_ = storage.load(weights_, names...);
  }
  Status status() const { return status_; }

private:
  const WeightsFile &weights_;
  Status status_;
};

} // namespace rnet
