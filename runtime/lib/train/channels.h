// Work on each channel of a pixel, as many channels at a time as registers hold.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums are per channel, so results do not depend on how channels are grouped. Threads: pure
// functions.
#pragma once

#include "tiles.h"

namespace rnet::train::detail {

template <class T, std::size_t Bytes> struct VectorOf {
  typedef T Type __attribute__((vector_size(Bytes)));
};
template <class T> struct VectorOf<T, sizeof(T)> {
  using Type = T;
};

/// Groups of the channels from `c` on that `Count` vectors of `Bytes` bytes take.
template <class T, std::size_t Bytes, std::size_t Count, class Work>
void for_groups(std::size_t &c, std::size_t channels, const Work &work) {
  constexpr std::size_t kChannels = Count * Bytes / sizeof(T);
  for (; c + kChannels <= channels; c += kChannels)
    work(c, typename VectorOf<T, Bytes>::Type(), Size<Count>());
}
/// What is left when no whole vector of twice the size fits any more.
template <class T, std::size_t Bytes, class Work>
void for_narrow(std::size_t &c, std::size_t channels, const Work &work) {
  for_groups<T, Bytes, 1>(c, channels, work);
  if constexpr (Bytes > sizeof(T))
    for_narrow<T, Bytes <= 16 ? sizeof(T) : Bytes / 2>(c, channels, work);
}

/// Calls work(first channel, vector type, number of vectors) until all channels have had their
/// turn: several vectors at once, then single ones, then narrower ones.
template <class T, class Work> void for_channels(std::size_t channels, const Work &work) {
  std::size_t c = 0;
  for_groups<T, kVectorBytes, 4>(c, channels, work);
  for_groups<T, kVectorBytes, 2>(c, channels, work);
  for_narrow<T, kVectorBytes>(c, channels, work);
}

/// sum += a * b.
template <class T, class V, std::size_t Count>
void add_product(const T *a, const T *b, V (&sum)[Count]) {
  for (std::size_t v = 0; v < Count; ++v) {
    const std::size_t at = v * (sizeof(V) / sizeof(T));
    sum[v] += load<V>(a + at) * load<V>(b + at);
  }
}
/// sum = from, or zero where there is none.
template <class T, class V, std::size_t Count> void start(const T *from, V (&sum)[Count]) {
  for (std::size_t v = 0; v < Count; ++v)
    sum[v] = from ? load<V>(from + v * (sizeof(V) / sizeof(T))) : V{};
}
template <class T, class V, std::size_t Count> void finish(const V (&sum)[Count], T *to) {
  for (std::size_t v = 0; v < Count; ++v)
    store(to + v * (sizeof(V) / sizeof(T)), sum[v]);
}

} // namespace rnet::train::detail
