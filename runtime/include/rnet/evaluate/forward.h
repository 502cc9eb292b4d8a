// A whole network in one process, some of it down: the very programs that are deployed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ownership and threads: programs and network outlive the object; one object per thread.
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/program.h"
#include "rnet/core/usage.h"

#include <span>
#include <vector>

namespace rnet::evaluate {

class Forward {
public:
  /// `programs` in node order, loaded. At most `capacity` rows a call.
  Forward(const NetworkDescription &network, std::span<Program *const> programs,
          std::size_t capacity);

  /// Runs `rows` rows: inputs[k] is [rows][width] of network input k, without padding. Allocates
  /// nothing.
  void run(std::span<const float *const> inputs, std::size_t rows, DownSet down);

  /// Of the last run: what a head of output 0 answers, [rows][row_stride(width)], and its presence.
  Tensor<const float> output(std::size_t head = 0) const;

private:
  struct Buffer {
    ArenaStorage<float> storage;
    std::size_t width;
    Tensor<float> view(std::size_t rows) const;
  };

  const NetworkDescription &network_;
  std::span<Program *const> programs_;
  std::vector<std::vector<Buffer>> results_; ///< [node][result]
  std::vector<Buffer> inputs_;
  std::vector<ArenaStorage<float>> arenas_;
  std::size_t rows_ = 0;
  std::vector<std::uint8_t> absent_; ///< a mask of zeros
  std::vector<Tensor<const float>> node_inputs_;
  std::vector<Tensor<float>> node_outputs_;
};

} // namespace rnet::evaluate
