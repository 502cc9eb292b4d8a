// Products of matrices with everything in registers, for the convolutions of training.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// T is float or double. Sums go over ascending indices, so results do not depend on where matrices
// lie. Multiply-adds are fused where the machine can: compile what includes this with
// -ffp-contract=fast. Threads: pure functions; a PackedMatrix is immutable once made.
#pragma once

#include "rnet/train/products.h"

#include <algorithm>
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
template <class Work> void for_row_tiles(std::size_t rows, const Work &work) {
  std::size_t row = 0;
  for (; row + kTileRows <= rows; row += kTileRows)
    work(row, Size<kTileRows>());
  for (; row + 2 <= rows; row += 2)
    work(row, Size<2>());
  if (row < rows)
    work(row, Size<1>());
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

/// y = start + x * packed for a few rows: packed [depth][Vectors].
template <class T, std::size_t Rows, std::size_t Vectors>
[[gnu::noinline]] void product_tile(const T *start, const T *packed, std::size_t depth, const T *x,
                                    std::size_t x_stride, T *y, std::size_t y_stride,
                                    std::size_t columns) {
  using V = typename Simd<T>::Vector;
  constexpr std::size_t kWidth = Simd<T>::kWidth;
  V sum[Rows][Vectors];
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t v = 0; v < Vectors; ++v)
      sum[r][v] = load<V>(start + v * kWidth);
  const T *from[Rows];
  for (std::size_t r = 0; r < Rows; ++r)
    from[r] = x + r * x_stride;
  for (std::size_t k = 0; k < depth; ++k, packed += Vectors * kWidth) {
    V weight[Vectors];
    for (std::size_t v = 0; v < Vectors; ++v)
      weight[v] = load<V>(packed + v * kWidth);
    for (std::size_t r = 0; r < Rows; ++r)
      for (std::size_t v = 0; v < Vectors; ++v)
        sum[r][v] += weight[v] * from[r][k];
  }
  for (std::size_t r = 0; r < Rows; ++r)
    if (columns == Vectors * kWidth)
      for (std::size_t v = 0; v < Vectors; ++v)
        store(y + r * y_stride + v * kWidth, sum[r][v]);
    else
      std::memcpy(y + r * y_stride, sum[r], columns * sizeof(T));
}

/// dw += g^T x for a few rows of dw, which are columns of g.
template <class T, std::size_t Rows, std::size_t Vectors>
[[gnu::noinline]] void outer_tile(const T *g, std::size_t g_stride, const T *x,
                                  std::size_t x_stride, std::size_t depth, T *dw,
                                  std::size_t dw_stride) {
  using V = typename Simd<T>::Vector;
  constexpr std::size_t kWidth = Simd<T>::kWidth;
  V sum[Rows][Vectors];
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t v = 0; v < Vectors; ++v)
      sum[r][v] = load<V>(dw + r * dw_stride + v * kWidth);
  for (std::size_t k = 0; k < depth; ++k, g += g_stride, x += x_stride) {
    V element[Vectors];
    for (std::size_t v = 0; v < Vectors; ++v)
      element[v] = load<V>(x + v * kWidth);
    for (std::size_t r = 0; r < Rows; ++r)
      for (std::size_t v = 0; v < Vectors; ++v)
        sum[r][v] += element[v] * g[r];
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

  /// y = start + x * matrix.
  void multiply(MatrixView<const T> x, MatrixView<T> y) const {
    for (std::size_t first = 0; first < columns_; first += kPanel) {
      const std::size_t count = std::min(kPanel, columns_ - first), width = padded(count);
      const T *const panel = packed_.data() + first * (depth_ + 1);
      with_vectors(width / kWidth, [&](auto vectors) {
        for_row_tiles(x.rows, [&](std::size_t row, auto rows) {
          product_tile<T, rows(), vectors()>(panel, panel + width, depth_, x.data + row * x.stride,
                                             x.stride, y.data + row * y.stride + first, y.stride,
                                             count);
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

/// dw += g^T x and, where db is not null, db += column sums of g: g [n, out], x [n, in].
template <class T>
void accumulate_outer(MatrixView<const T> g, MatrixView<const T> x, MatrixView<T> dw, T *db) {
  constexpr std::size_t kWidth = Simd<T>::kWidth, kPanel = kTileVectors * kWidth;
  const std::size_t whole = x.columns / kWidth * kWidth, rest = x.columns - whole;
  for (std::size_t first = 0; first < whole; first += kPanel)
    with_vectors(std::min(kPanel, whole - first) / kWidth, [&](auto vectors) {
      for_row_tiles(g.columns, [&](std::size_t row, auto rows) {
        outer_tile<T, rows(), vectors()>(g.data + row, g.stride, x.data + first, x.stride, g.rows,
                                         dw.data + row * dw.stride + first, dw.stride);
      });
    });
  if (rest != 0) { // less than a vector of columns: copies of one vector
    std::vector<T> columns(x.rows * kWidth), sums(g.columns * kWidth);
    for (std::size_t row = 0; row < x.rows; ++row)
      std::copy_n(x.data + row * x.stride + whole, rest, columns.data() + row * kWidth);
    for_row_tiles(g.columns, [&](std::size_t row, auto rows) {
      outer_tile<T, rows(), 1>(g.data + row, g.stride, columns.data(), kWidth, g.rows,
                               sums.data() + row * kWidth, kWidth);
    });
    for (std::size_t row = 0; row < g.columns; ++row)
      for (std::size_t c = 0; c < rest; ++c)
        dw.data[row * dw.stride + whole + c] += sums[row * kWidth + c];
  }
  if (db)
    for (std::size_t row = 0; row < g.rows; ++row)
      for (std::size_t column = 0; column < g.columns; ++column)
        db[column] += g.data[row * g.stride + column];
}

} // namespace rnet::train::detail
