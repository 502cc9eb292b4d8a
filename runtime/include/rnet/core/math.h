// Mathematics whose bits are ours: the same on every level of vector instructions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/vector.h"

#include <bit>
#include <cmath>
#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace rnet {

/// e^x within 2 units in the last place; 0 below -87.3, infinity above 88.7. Cody-Waite reduction
/// and a polynomial of degree 7, all steps fused.
inline float exp(float x) {
  if (!(x > -87.33654f))
    return std::isnan(x) ? x : 0.0f;
  if (x > 88.72283f)
    return INFINITY;
  const float n = std::nearbyint(x * 1.44269504f);
  float r = std::fma(n, -0.693359375f, x);
  r = std::fma(n, 2.12194440e-4f, r);
  float p = 1.9875691500e-4f;
  p = std::fma(p, r, 1.3981999507e-3f);
  p = std::fma(p, r, 8.3334519073e-3f);
  p = std::fma(p, r, 4.1665795894e-2f);
  p = std::fma(p, r, 1.6666665459e-1f);
  p = std::fma(p, r, 5.0000001201e-1f);
  p = std::fma(p * r, r, r) + 1.0f;
  // 2^n in two factors, so that neither leaves the range of normal numbers.
  const int half = static_cast<int>(n) / 2, rest = static_cast<int>(n) - half;
  return p * std::bit_cast<float>((half + 127) << 23) * std::bit_cast<float>((rest + 127) << 23);
}

/// The same bits in every lane, without a branch.
inline Lanes exp(Lanes x) {
  typedef std::int32_t Integers __attribute__((vector_size(sizeof(Lanes))));
  const Lanes bottom = splat(-87.33654f), top = splat(88.72283f);
  Lanes inner = x > bottom ? x : bottom;
  inner = inner > top ? top : inner;
  // Adding 1.5 * 2^23 rounds to the nearest integer.
  const Lanes rounder = splat(12582912.0f);
  const Lanes n = (inner * splat(1.44269504f) + rounder) - rounder;
  Lanes r = fma(n, splat(-0.693359375f), inner);
  r = fma(n, splat(2.12194440e-4f), r);
  Lanes p = splat(1.9875691500e-4f);
  p = fma(p, r, splat(1.3981999507e-3f));
  p = fma(p, r, splat(8.3334519073e-3f));
  p = fma(p, r, splat(4.1665795894e-2f));
  p = fma(p, r, splat(1.6666665459e-1f));
  p = fma(p, r, splat(5.0000001201e-1f));
  p = fma(p * r, r, r) + splat(1.0f);
  const Integers power = __builtin_convertvector(n, Integers), half = power / 2;
  p = p * reinterpret_cast<Lanes>((half + 127) << 23);
  p = p * reinterpret_cast<Lanes>((power - half + 127) << 23);
  p = x > top ? splat(INFINITY) : p;
  p = x > bottom ? p : Lanes{};
  return x == x ? p : x;
}

/// 1 / (1 + e^-x).
inline Lanes sigmoid(Lanes x) { return splat(1.0f) / (splat(1.0f) + exp(-x)); }

/// Within 4 units in the last place: a polynomial near zero (Cephes), elsewhere by e^2x.
inline Lanes tanh(Lanes x) {
  const Lanes size = x < Lanes{} ? -x : x, square = x * x;
  Lanes p = splat(-5.70498872745e-3f);
  p = fma(p, square, splat(2.06390887954e-2f));
  p = fma(p, square, splat(-5.37397155531e-2f));
  p = fma(p, square, splat(1.33314422036e-1f));
  p = fma(p, square, splat(-3.33332819422e-1f));
  p = fma(p * square, x, x);
  const Lanes far = splat(1.0f) - splat(2.0f) / (exp(size + size) + splat(1.0f));
  return size < splat(0.625f) ? p : x < Lanes{} ? -far : far;
}

/// Within 1e-6: the quotient of polynomials that Eigen and XLA use; beyond 4, 1 is nearest.
inline Lanes erf(Lanes x) {
  const Lanes square = x * x;
  Lanes p = splat(-2.72614225801306e-10f);
  p = fma(p, square, splat(2.77068142495902e-08f));
  p = fma(p, square, splat(-2.10102402082508e-06f));
  p = fma(p, square, splat(-5.69250639462346e-05f));
  p = fma(p, square, splat(-7.34990630326855e-04f));
  p = fma(p, square, splat(-2.95459980854025e-03f));
  p = fma(p, square, splat(-1.60960333262415e-02f));
  Lanes q = splat(-1.45660718464996e-05f);
  q = fma(q, square, splat(-2.13374055278905e-04f));
  q = fma(q, square, splat(-1.68282697438203e-03f));
  q = fma(q, square, splat(-7.37332916720468e-03f));
  q = fma(q, square, splat(-1.42647390514189e-02f));
  const Lanes inner = x * p / q;
  return x > splat(4.0f) ? splat(1.0f) : x < splat(-4.0f) ? splat(-1.0f) : inner;
}

/// While it lives, denormal numbers count as zero on this thread (FTZ and DAZ): they cost a hundred
/// cycles each.
class FlushDenormals {
public:
#if defined(__x86_64__)
  FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(saved_); }

private:
  unsigned saved_;
#elif defined(__aarch64__)
  FlushDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    asm volatile("msr fpcr, %0" ::"r"(saved_ | (std::uint64_t(1) << 24)));
  }
  ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(saved_)); }

private:
  std::uint64_t saved_;
#else
  FlushDenormals() {}
#endif
public:
  FlushDenormals(const FlushDenormals &) = delete;
  FlushDenormals &operator=(const FlushDenormals &) = delete;
};

} // namespace rnet
