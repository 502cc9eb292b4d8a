// How weights lie in memory: as f32, or as bf16 two to a word, widened in registers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A step of a kernel reads, for one input, the weights of all outputs of its panel. `kTogether`
// vectors of outputs share a vector of words; a bf16 is the upper half of an f32, so that one shift
// and one mask make two vectors of it. Pure functions.
#pragma once

#include "rnet/core/element.h"
#include "rnet/core/vector.h"

namespace rnet {

struct PackF32 {
  static constexpr std::size_t kTogether = 1;
  /// Of accumulators of one row of a dense layer: measured best where memory is the limit.
  static constexpr std::size_t kMostVectors = 16;

  static void put(float *step, std::size_t output, float weight) { step[output] = weight; }
  static void take(const float *step, Lanes *weights) { weights[0] = load(step); }
};

struct PackBf16 {
  static constexpr std::size_t kTogether = 2;
  /// Leaves registers for what is widened.
  static constexpr std::size_t kMostVectors = kLanes == 16 ? 16 : 8;

  static void put(float *step, std::size_t output, float weight) {
    const std::uint16_t narrow = to_bf16(weight);
    auto *const halves =
        reinterpret_cast<char *>(step + output / (2 * kLanes) * kLanes + output % kLanes);
    std::memcpy(halves + output / kLanes % 2 * sizeof narrow, &narrow, sizeof narrow);
  }
  static void take(const float *step, Lanes *weights) {
    typedef std::uint32_t Words __attribute__((vector_size(kLanes * sizeof(std::uint32_t))));
    Words words;
    std::memcpy(&words, step, sizeof words);
    weights[0] = reinterpret_cast<Lanes>(words << 16);
    weights[1] = reinterpret_cast<Lanes>(words & 0xffff0000u);
  }
};

/// Outputs with those that fill up the last vectors.
template <class Packing> constexpr std::size_t packed_outputs(std::size_t outputs) {
  constexpr std::size_t together = Packing::kTogether * kLanes;
  return (outputs + together - 1) / together * together;
}

} // namespace rnet
