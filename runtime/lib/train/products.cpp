// The matrix products of training, by Eigen.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/products.h"

#if defined(__GNUC__) && !defined(__clang__)
// Wrong about its own AVX-512 intrinsics (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <Eigen/Core>

namespace rnet::train {
namespace {

template <class T> using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T> auto map(MatrixView<const T> m) {
  return Eigen::Map<const Matrix<T>, 0, Eigen::OuterStride<>>(
      m.data, static_cast<Eigen::Index>(m.rows), static_cast<Eigen::Index>(m.columns),
      Eigen::OuterStride<>(static_cast<Eigen::Index>(m.stride)));
}
template <class T> auto map(MatrixView<T> m) {
  return Eigen::Map<Matrix<T>, 0, Eigen::OuterStride<>>(
      m.data, static_cast<Eigen::Index>(m.rows), static_cast<Eigen::Index>(m.columns),
      Eigen::OuterStride<>(static_cast<Eigen::Index>(m.stride)));
}
template <class T> using RowVector = Eigen::Matrix<T, 1, Eigen::Dynamic>;

} // namespace

template <class T>
void multiply_transposed(MatrixView<const T> x, MatrixView<const T> w, const T *bias,
                         MatrixView<T> y) {
  auto to = map(y);
  to.noalias() = map<T>(x) * map<T>(w).transpose();
  if (bias)
    to.rowwise() += Eigen::Map<const RowVector<T>>(bias, static_cast<Eigen::Index>(y.columns));
}

template <class T> void multiply(MatrixView<const T> g, MatrixView<const T> w, MatrixView<T> dx) {
  map(dx).noalias() = map<T>(g) * map<T>(w);
}

template <class T>
void accumulate(MatrixView<const T> g, MatrixView<const T> x, MatrixView<T> dw, T *db) {
  map(dw).noalias() += map<T>(g).transpose() * map<T>(x);
  if (db) // by hand: the order of Eigen's sums depends on where the matrix lies in memory
    for (std::size_t row = 0; row < g.rows; ++row)
      for (std::size_t column = 0; column < g.columns; ++column)
        db[column] += g.data[row * g.stride + column];
}

#define RNET_INSTANTIATE(T)                                                                        \
  template void multiply_transposed<T>(MatrixView<const T>, MatrixView<const T>, const T *,        \
                                       MatrixView<T>);                                             \
  template void multiply<T>(MatrixView<const T>, MatrixView<const T>, MatrixView<T>);              \
  template void accumulate<T>(MatrixView<const T>, MatrixView<const T>, MatrixView<T>, T *);
RNET_INSTANTIATE(float)
RNET_INSTANTIATE(double)

} // namespace rnet::train
