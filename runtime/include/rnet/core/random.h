// Counter-based random numbers (Philox4x32-10, by Random123): a draw is a function of where it is
// used, so the order and the number of threads that draw do not matter, and a resumed run needs no
// state. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <Random123/philox.h>

#include <array>
#include <cstdint>
#include <numeric>
#include <vector>

namespace rnet {

/// What a draw is for; draws of different streams are independent.
enum class Stream : std::uint32_t {
  split = 1,
  init = 2,
  shuffle = 3,
  failout = 4,
  dropout = 5,
  augmentation = 6,
  patterns = 7
};

/// Numbers keyed by (seed, stream) and counted by (a, b, index). Copyable; pure.
class Random {
public:
  Random(std::uint64_t seed, Stream stream, std::uint32_t a = 0, std::uint32_t b = 0)
      : key_{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}},
        stream_(static_cast<std::uint32_t>(stream)), a_(a), b_(b) {}

  /// Four words of 32 bits; the first two are bits(index).
  std::array<std::uint32_t, 4> words(std::uint32_t index) const {
    const auto block = r123::Philox4x32{}({{index, a_, b_, stream_}}, key_);
    return {block[0], block[1], block[2], block[3]};
  }
  std::uint64_t bits(std::uint32_t index) const {
    const auto block = words(index);
    return block[0] | static_cast<std::uint64_t>(block[1]) << 32;
  }
  /// In [0, 1), 53 bits.
  double uniform(std::uint32_t index) const {
    return static_cast<double>(bits(index) >> 11) * 0x1p-53;
  }

  /// 0..count-1 in random order: Fisher-Yates from the end, with position p drawn as
  /// floor(uniform(p) * (p + 1)).
  std::vector<std::int64_t> permutation(std::size_t count) const {
    std::vector<std::int64_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t p = count; p-- > 1;) {
      const auto other = static_cast<std::size_t>(uniform(static_cast<std::uint32_t>(p)) *
                                                  static_cast<double>(p + 1));
      std::swap(order[p], order[other]);
    }
    return order;
  }

private:
  r123::Philox4x32::key_type key_;
  std::uint32_t stream_, a_, b_;
};

} // namespace rnet
