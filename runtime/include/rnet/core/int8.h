// Products of int8: what layers with weights of int8 are made of.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bits: sums of products are exact in 32 bits, whichever instructions add them up; y is then
// fma(sum, factor, bias), where the factor is the scale of the input times that of the output's
// weights. Threads: immutable after load.
#pragma once

#include "rnet/core/element.h"
#include "rnet/core/linear.h"
#include "rnet/core/vector.h"

#include <algorithm>

namespace rnet {

/// Inputs and weights go four to a word, the last one filled up with zeros.
inline constexpr std::size_t kInWord = 4;
constexpr std::size_t words_for(std::size_t elements) { return (elements + kInWord - 1) / kInWord; }

namespace detail {

typedef std::int32_t Ints __attribute__((vector_size(kLanes * sizeof(std::int32_t))));

inline Ints load_ints(const float *from) {
  Ints ints;
  std::memcpy(&ints, from, sizeof ints);
  return ints;
}

/// Inputs are stored with this added: VPDPBUSD takes them without a sign.
#if defined(__AVX512VNNI__)
inline constexpr std::uint8_t kZero = 128;
#else
inline constexpr std::uint8_t kZero = 0;
#endif

/// In each word the sum of both products of 16 bits.
inline Ints multiply_pairs(Ints a, Ints b) {
#if defined(__AVX512BW__)
  return reinterpret_cast<Ints>(
      _mm512_madd_epi16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__) && !defined(__AVX512F__)
  return reinterpret_cast<Ints>(
      _mm256_madd_epi16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__) && !defined(__AVX__)
  return reinterpret_cast<Ints>(
      _mm_madd_epi16(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return (a << 16 >> 16) * (b << 16 >> 16) + (a >> 16) * (b >> 16);
#endif
}

/// sum + the products of the bytes of x, as they are stored, with those of each word of w.
inline Ints add_products(Ints sum, std::uint32_t x, Ints w) {
#if defined(__AVX512VNNI__)
  return reinterpret_cast<Ints>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum),
                                                    _mm512_set1_epi32(static_cast<int>(x)),
                                                    reinterpret_cast<__m512i>(w)));
#else
  // Bytes 0 and 2, and bytes 1 and 3, as pairs of 16 bits.
  typedef std::int16_t Halves __attribute__((vector_size(sizeof(Ints))));
  const auto pair = [x](unsigned low) {
    const auto byte = [x](unsigned k) { return static_cast<std::int8_t>(x >> (8 * k)); };
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(byte(low + 2)) << 16 |
                                     static_cast<std::uint16_t>(byte(low))) -
           Ints{};
  };
  const Halves bytes = reinterpret_cast<Halves>(w);
  return sum + multiply_pairs(reinterpret_cast<Ints>(bytes << 8 >> 8), pair(0)) +
         multiply_pairs(reinterpret_cast<Ints>(bytes >> 8), pair(1));
#endif
}

/// Whole multiples of the scale as to_int8 has them, as add_products takes them.
inline void quantize(const float *x, std::size_t count, float scale, std::uint8_t *to) {
  typedef std::uint8_t Bytes __attribute__((vector_size(kLanes)));
  const Lanes most = splat(127), whole = splat(0x1.8p23f), zero{};
  for (std::size_t k = 0; k < count; k += kLanes) {
    const std::size_t lanes = std::min(kLanes, count - k);
    Lanes multiple = (lanes == kLanes ? load(x + k) : load(x + k, lanes)) / splat(scale);
    multiple = multiple == multiple ? multiple : zero;
    multiple = multiple < most ? multiple : most;
    multiple = multiple > -most ? multiple : -most;
    const Ints rounded = __builtin_convertvector((multiple + whole) - whole, Ints) + kZero;
    const Bytes bytes = __builtin_convertvector(rounded, Bytes);
    std::memcpy(to + k, &bytes, lanes);
  }
}

} // namespace detail

/// Weights of int8 and what becomes of their sums, packed as [panel][bias, factor, start of the
/// sum, then words][outputs of the panel]; the last panel may be narrower. An output has `Words`
/// words.
template <std::size_t Out, std::size_t Words, std::size_t PanelVectors> class Int8Panels {
  static_assert(Words <= 16384, "sums would not fit 32 bits");

public:
  static constexpr std::size_t kPanel = PanelVectors * kLanes;
  static constexpr std::size_t kFullPanels = Out / kPanel, kRest = Out % kPanel;

  /// `byte(k)` says where the kth weight of an output goes. The error names the tensor.
  template <class Byte>
  Status pack(const LinearTensors &tensors, float scale, std::string_view tensor,
              const Byte &byte) {
    constexpr std::size_t rest = lanes_for(kRest) * kLanes;
    if (Status status =
            packed_.allocate(kFullPanels * panel_size(kPanel) + panel_size(rest), tensor);
        !status.ok())
      return status;
    const std::size_t count = tensors.weight.size() / Out;
    for (std::size_t o = 0; o < Out; ++o) {
      const float *const weight = tensors.weight.data() + o * count;
      float largest = 0;
      for (std::size_t k = 0; k < count; ++k)
        largest = std::max(largest, std::abs(weight[k]));
      const float step = Scale::reaching(largest);
      const std::size_t width = o / kPanel < kFullPanels ? kPanel : rest;
      float *const to = packed_.data() + o / kPanel * panel_size(kPanel) + o % kPanel;
      std::int32_t start = 0;
      for (std::size_t k = 0; k < count; ++k) {
        const std::int8_t whole = to_int8(weight[k], step);
        const std::size_t at = byte(k);
        std::memcpy(reinterpret_cast<char *>(to + (3 + at / kInWord) * width) + at % kInWord,
                    &whole, 1);
        start -= detail::kZero * whole;
      }
      to[0] = tensors.bias[o];
      to[width] = scale * step;
      std::memcpy(to + 2 * width, &start, sizeof start);
    }
    return {};
  }

  /// Calls work(first output, panel, outputs of the panel) for each panel.
  template <class Work> void for_panels(const Work &work) const {
    for (std::size_t p = 0; p < kFullPanels; ++p)
      work(p * kPanel, packed_.data() + p * panel_size(kPanel),
           std::integral_constant<std::size_t, kPanel>());
    if constexpr (kRest != 0)
      work(kFullPanels * kPanel, packed_.data() + kFullPanels * panel_size(kPanel),
           std::integral_constant<std::size_t, kRest>());
  }

private:
  static constexpr std::size_t panel_size(std::size_t width) { return (3 + Words) * width; }

  PackedWeights packed_;
};

namespace detail {

/// `Pixels` outputs of `Columns` channels each, in registers. Inputs of neighbours are XStep bytes
/// apart, outputs YStep. A window has `Rows` rows of `Words` words, which lie XRow bytes apart in
/// the input. Never inlined: what registers hold must not depend on the caller.
template <class Activation, std::size_t Pixels, std::size_t Columns, std::size_t XStep,
          std::size_t YStep, std::size_t XRow, std::size_t Rows, std::size_t Words>
[[gnu::noinline]] void int8_tile(const float *panel, const std::uint8_t *x, float *y) {
  constexpr std::size_t kVectors = lanes_for(Columns), kWidth = kVectors * kLanes;
  Ints sum[Pixels][kVectors];
  for (std::size_t p = 0; p < Pixels; ++p)
    for (std::size_t v = 0; v < kVectors; ++v)
      sum[p][v] = load_ints(panel + 2 * kWidth + v * kLanes);
  const float *weights = panel + 3 * kWidth;
  for (std::size_t row = 0; row < Rows; ++row)
    for (std::size_t k = 0; k < Words; ++k, weights += kWidth) {
      Ints weight[kVectors];
      for (std::size_t v = 0; v < kVectors; ++v)
        weight[v] = load_ints(weights + v * kLanes);
      for (std::size_t p = 0; p < Pixels; ++p) {
        std::uint32_t word;
        std::memcpy(&word, x + row * XRow + k * kInWord + p * XStep, sizeof word);
        for (std::size_t v = 0; v < kVectors; ++v)
          sum[p][v] = add_products(sum[p][v], word, weight[v]);
      }
    }
  for (std::size_t p = 0; p < Pixels; ++p)
    for (std::size_t v = 0; v < kVectors; ++v)
      store(y + p * YStep + v * kLanes,
            Activation::apply(fma(__builtin_convertvector(sum[p][v], Lanes),
                                  load(panel + kWidth + v * kLanes), load(panel + v * kLanes))),
            std::min(kLanes, Columns - v * kLanes));
}

} // namespace detail

} // namespace rnet
