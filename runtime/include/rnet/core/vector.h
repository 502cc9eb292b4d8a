// Vectors of floats and the one explicit fused multiply-add that all inference rests on.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An output has one accumulator, so wider registers never change its value: results are the same
// bits whatever the width, as long as every multiply-add is fused. Threads: pure functions.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace rnet {

#if defined(__AVX512F__)
inline constexpr std::size_t kLanes = 16;
#elif defined(__AVX__)
inline constexpr std::size_t kLanes = 8;
#else
inline constexpr std::size_t kLanes = 4;
#endif

typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));

inline Lanes load(const float *from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}
inline void store(float *to, Lanes lanes) { std::memcpy(to, &lanes, sizeof lanes); }
/// The first `count` <= kLanes elements only; the other lanes are zero, and are not stored.
inline Lanes load(const float *from, std::size_t count) {
#if defined(__AVX512F__)
  return reinterpret_cast<Lanes>(
      _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from));
#else
  Lanes lanes{};
  std::memcpy(&lanes, from, count * sizeof(float));
  return lanes;
#endif
}
inline void store(float *to, Lanes lanes, std::size_t count) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1),
                        reinterpret_cast<__m512>(lanes));
#else
  std::memcpy(to, &lanes, count * sizeof(float));
#endif
}
inline Lanes splat(float value) { return value - Lanes{}; } // keeps -0

/// a * b + c, rounded once.
inline Lanes fma(Lanes a, Lanes b, Lanes c) {
#if defined(__AVX512F__)
  return reinterpret_cast<Lanes>(_mm512_fmadd_ps(
      reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(c)));
#elif defined(__FMA__)
  return reinterpret_cast<Lanes>(_mm256_fmadd_ps(
      reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b), reinterpret_cast<__m256>(c)));
#else
  Lanes result;
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    result[lane] = std::fma(a[lane], b[lane], c[lane]);
  return result;
#endif
}

/// Vectors that hold `elements`.
constexpr std::size_t lanes_for(std::size_t elements) { return (elements + kLanes - 1) / kLanes; }

/// Calls work(k, count) for each vector of `count` elements: count is kLanes, and at the end what
/// is left.
template <std::size_t Count, class Work> inline void for_lanes(const Work &work) {
  for (std::size_t k = 0; k + kLanes <= Count; k += kLanes)
    work(k, std::integral_constant<std::size_t, kLanes>());
  if constexpr (Count % kLanes != 0)
    work(Count / kLanes * kLanes, std::integral_constant<std::size_t, Count % kLanes>());
}

} // namespace rnet
