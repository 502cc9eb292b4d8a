// Vectors of floats and the one explicit fused multiply-add that all inference rests on.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An output has one accumulator, so wider registers never change its value: results are the same
// bits whatever the width, as long as every multiply-add is fused. Threads: pure functions.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>

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

} // namespace rnet
