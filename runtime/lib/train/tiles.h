// Products of matrices with everything in registers, for the convolutions of training.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// T is float or double. Sums go over ascending indices, so results do not depend on where matrices
// lie. Multiply-adds are fused where the machine can: compile what includes this with
// -ffp-contract=fast. Threads: pure functions; a PackedMatrix is immutable once made.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <vector>

namespace rnet::train::detail {

#if defined(__AVX512F__)
inline constexpr std::size_t kVectorBytes = 64, kTileRows = 8;
#elif defined(__AVX__)
inline constexpr std::size_t kVectorBytes = 32, kTileRows = 4;
#else
inline constexpr std::size_t kVectorBytes = 16, kTileRows = 4;
#endif
inline constexpr std::size_t kTileVectors = 3;

template <class T> struct Simd {
  typedef T Vector __attribute__((vector_size(kVectorBytes)));
  static constexpr std::size_t kWidth = kVectorBytes / sizeof(T);
};

template <class V, class T> V load(const T *from) {
  V value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <class V, class T> void store(T *to, V value) { std::memcpy(to, &value, sizeof value); }

template <std::size_t Value> using Size = std::integral_constant<std::size_t, Value>;

/// Calls work(first, size) for tiles of kTileRows rows, and smaller ones at the end.
template <std::size_t Size = kTileRows, class Work>
void for_row_tiles(std::size_t rows, const Work &work, std::size_t row = 0) {
  for (; row + Size <= rows; row += Size)
    work(row, std::integral_constant<std::size_t, Size>());
  if constexpr (Size > 1)
    for_row_tiles<Size / 2>(rows, work, row);
}
/// Calls work(size) with the number of vectors, which is 1 to kTileVectors, as a constant.
template <class Work> void with_vectors(std::size_t vectors, const Work &work) {
  static_assert(kTileVectors == 3);
  if (vectors == 3)
    work(Size<3>());
  else if (vectors == 2)
    work(Size<2>());
  else
    work(Size<1>());
}

/// Vectors of a tall matrix that lie in an image: vector p is `segments` runs of `elements`
/// elements, `line` apart, from data + p * stride on.
template <class T> struct Patches {
  const T *data;
  std::size_t count, stride, segments, elements, line;
};

/// y = start + x * packed for a few rows: packed [depth][Vectors].
template <class T, std::size_t Rows, std::size_t Vectors>
[[gnu::noinline]] void product_tile(const T *start, const T *packed, const Patches<T> &x,
                                    std::size_t first, T *y, std::size_t y_stride,
                                    std::size_t columns) {
  using V = typename Simd<T>::Vector;
  constexpr std::size_t kWidth = Simd<T>::kWidth;
  // Loads of one line of the cache do not wait for each other; loads of two rows may.
  constexpr std::size_t kSteps = Vectors == 1 ? 2 : 1;
  V sum[Rows][Vectors];
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t v = 0; v < Vectors; ++v)
      sum[r][v] = load<V>(start + v * kWidth);
  const T *from[Rows];
  for (std::size_t r = 0; r < Rows; ++r)
    from[r] = x.data + (first + r) * x.stride;
  for (std::size_t segment = 0; segment < x.segments; ++segment) {
    std::size_t k = 0;
    const auto steps = [&]<std::size_t Count>(Size<Count>) {
      for (; k + Count <= x.elements; k += Count, packed += Count * Vectors * kWidth) {
        V weight[Count][Vectors];
        for (std::size_t n = 0; n < Count; ++n)
          for (std::size_t v = 0; v < Vectors; ++v)
            weight[n][v] = load<V>(packed + (n * Vectors + v) * kWidth);
        for (std::size_t r = 0; r < Rows; ++r)
          for (std::size_t n = 0; n < Count; ++n)
            for (std::size_t v = 0; v < Vectors; ++v)
              sum[r][v] += weight[n][v] * from[r][k + n];
      }
    };
    steps(Size<kSteps>());
    if constexpr (kSteps > 1)
      steps(Size<1>());
    for (std::size_t r = 0; r < Rows; ++r)
      from[r] += x.line;
  }
  for (std::size_t r = 0; r < Rows; ++r)
    if (columns == Vectors * kWidth)
      for (std::size_t v = 0; v < Vectors; ++v)
        store(y + r * y_stride + v * kWidth, sum[r][v]);
    else
      std::memcpy(y + r * y_stride, sum[r], columns * sizeof(T));
}

/// Elements under some pixels of an image: `lines` lines of `count` pixels; g has one row for each
/// of them, without gaps.
template <class T> struct Pixels {
  const T *data;
  std::size_t lines, line, count, stride;
};

/// dw += g^T x for a few rows of dw, which are columns of g.
template <class T, std::size_t Rows, std::size_t Vectors>
[[gnu::noinline]] void outer_tile(const T *g, std::size_t g_stride, const Pixels<T> &x,
                                  std::size_t column, T *dw, std::size_t dw_stride) {
  using V = typename Simd<T>::Vector;
  constexpr std::size_t kWidth = Simd<T>::kWidth;
  V sum[Rows][Vectors];
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t v = 0; v < Vectors; ++v)
      sum[r][v] = load<V>(dw + r * dw_stride + v * kWidth);
  for (std::size_t line = 0; line < x.lines; ++line) {
    const T *from = x.data + line * x.line + column;
    for (std::size_t k = 0; k < x.count; ++k, g += g_stride, from += x.stride) {
      V element[Vectors];
      for (std::size_t v = 0; v < Vectors; ++v)
        element[v] = load<V>(from + v * kWidth);
      for (std::size_t r = 0; r < Rows; ++r)
        for (std::size_t v = 0; v < Vectors; ++v)
          sum[r][v] += element[v] * g[r];
    }
  }
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t v = 0; v < Vectors; ++v)
      store(dw + r * dw_stride + v * kWidth, sum[r][v]);
}

/// A matrix [depth][columns] by which many rows are multiplied, and what is added to each:
/// [panel of kTileVectors vectors][start, then depth][columns of the panel].
template <class T> class PackedMatrix {
public:
  /// at(k, column) is the element; `start` may be null.
  template <class At>
  PackedMatrix(std::size_t depth, std::size_t columns, const T *start, const At &at)
      : depth_(depth), columns_(columns),
        packed_((columns + kWidth - 1) / kWidth * kWidth * (depth + 1)) {
    for (std::size_t first = 0; first < columns; first += kPanel) {
      const std::size_t count = std::min(kPanel, columns - first), width = padded(count);
      T *to = packed_.data() + first * (depth + 1);
      if (start)
        std::copy_n(start + first, count, to);
      for (std::size_t k = 0; k < depth; ++k)
        for (std::size_t c = 0; c < count; ++c)
          to[(k + 1) * width + c] = at(k, first + c);
    }
  }

  /// y = start + x * matrix, rows of y `stride` apart.
  void multiply(const Patches<T> &x, T *y, std::size_t stride) const {
    for (std::size_t first = 0; first < columns_; first += kPanel) {
      const std::size_t count = std::min(kPanel, columns_ - first), width = padded(count);
      const T *const panel = packed_.data() + first * (depth_ + 1);
      with_vectors(width / kWidth, [&](auto vectors) {
        for_row_tiles(x.count, [&](std::size_t row, auto rows) {
          product_tile<T, rows(), vectors()>(panel, panel + width, x, row, y + row * stride + first,
                                             stride, count);
        });
      });
    }
  }

private:
  static constexpr std::size_t kWidth = Simd<T>::kWidth, kPanel = kTileVectors * kWidth;
  static std::size_t padded(std::size_t count) { return (count + kWidth - 1) / kWidth * kWidth; }

  std::size_t depth_, columns_;
  std::vector<T> packed_;
};

/// dw += g^T x: g [pixels][rows], x [pixels][columns], dw [rows][dw_stride].
template <class T>
void accumulate_outer(const T *g, std::size_t rows, const Pixels<T> &x, std::size_t columns, T *dw,
                      std::size_t dw_stride) {
  constexpr std::size_t kWidth = Simd<T>::kWidth, kPanel = kTileVectors * kWidth;
  const std::size_t whole = columns / kWidth * kWidth, rest = columns - whole;
  for (std::size_t first = 0; first < whole; first += kPanel)
    with_vectors(std::min(kPanel, whole - first) / kWidth, [&](auto vectors) {
      for_row_tiles(rows, [&](std::size_t row, auto size) {
        outer_tile<T, size(), vectors()>(g + row, rows, x, first, dw + row * dw_stride + first,
                                         dw_stride);
      });
    });
  if (rest == 0)
    return;
  // Less than a vector of columns: copies that are filled up to one.
  std::vector<T> copy(x.lines * x.count * kWidth), sums(rows * kWidth);
  T *to = copy.data();
  for (std::size_t line = 0; line < x.lines; ++line)
    for (std::size_t k = 0; k < x.count; ++k, to += kWidth)
      std::copy_n(x.data + line * x.line + k * x.stride + whole, rest, to);
  const Pixels<T> filled{copy.data(), 1, 0, x.lines * x.count, kWidth};
  for_row_tiles(rows, [&](std::size_t row, auto size) {
    outer_tile<T, size(), 1>(g + row, rows, filled, 0, sums.data() + row * kWidth, kWidth);
  });
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t c = 0; c < rest; ++c)
      dw[row * dw_stride + whole + c] += sums[row * kWidth + c];
}

} // namespace rnet::train::detail
