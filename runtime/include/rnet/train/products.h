// The matrix products of training, compiled once in the library.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>

namespace rnet::train {

/// A view of rows of T; `stride` elements from row to row.
template <class T> struct MatrixView {
  T *data;
  std::size_t rows, columns, stride;
};

/// y = x w^T + bias: x [n, in], w [out, in], y [n, out]; without a bias where it is null. T is
/// float or double; one thread; the same bits for the same shapes.
template <class T>
void multiply_transposed(MatrixView<const T> x, MatrixView<const T> w, const T *bias,
                         MatrixView<T> y);
/// dx = g w: g [n, out], w [out, in], dx [n, in].
template <class T> void multiply(MatrixView<const T> g, MatrixView<const T> w, MatrixView<T> dx);
/// dw += g^T x and db += column sums of g: g [n, out], x [n, in], dw [out, in]; without the second
/// where db is null.
template <class T>
void accumulate(MatrixView<const T> g, MatrixView<const T> x, MatrixView<T> dw, T *db);

} // namespace rnet::train
