// Presence masks and what combines by them: join, failover, missing, intersect, send.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads: each call writes only what it is given to write. An absent row is neither read nor
// written.
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/rows.h"

#include <algorithm>
#include <array>
#include <type_traits>

namespace rnet {

/// One input of a join: its rows and which of them count.
template <std::size_t Width, class T> struct Addend {
  Presence present;
  Rows<Width, T> rows;
};
template <std::size_t Width, class T>
Addend<Width, const T> addend(Presence present, Rows<Width, T> rows) {
  return {present, {rows.data}};
}

/// y = the sum of the inputs that are present, row by row, in argument order, starting from the
/// first of them; present = where there is any.
template <std::size_t Width, class T, class... Inputs>
void join(Presence present, Rows<Width, T> y, const Inputs &...inputs) {
  for (std::size_t row = 0; row < present.count; ++row) {
    T *to = y.row(row);
    bool any = false;
    auto add = [&](const auto &input) {
      if (!input.present[row])
        return;
      const T *from = input.rows.row(row);
      if (any)
        for (std::size_t k = 0; k < Width; ++k)
          to[k] += from[k];
      else
        std::copy_n(from, Width, to);
      any = true;
    };
    (add(inputs), ...);
    present.rows[row] = any;
  }
}

/// taken[k] = the rows in which the mux adds input k, out of those in present[k].
template <std::size_t Inputs>
void failover(const Mux &mux, const Presence (&present)[Inputs], const Presence (&taken)[Inputs]) {
  for (std::size_t row = 0; row < present[0].count; ++row) {
    std::uint64_t bits = 0;
    for (std::size_t k = 0; k < Inputs; ++k)
      bits |= std::uint64_t(present[k][row]) << k;
    const std::uint64_t result = mux.taken(bits);
    for (std::size_t k = 0; k < Inputs; ++k)
      taken[k].rows[row] = result >> k & 1;
  }
}

/// Rows in which none of the inputs is taken, while one of the others is: where their average
/// counts.
template <std::size_t Inputs, std::size_t Others>
void missing(const Presence (&inputs)[Inputs], const Presence (&others)[Others], Presence result) {
  for (std::size_t row = 0; row < result.count; ++row) {
    auto taken = [row](Presence input) { return input[row]; };
    result.rows[row] = std::ranges::none_of(inputs, taken) && std::ranges::any_of(others, taken);
  }
}

/// Rows present in both.
inline void intersect(Presence a, Presence b, Presence both) {
  for (std::size_t row = 0; row < both.count; ++row)
    both.rows[row] = a[row] && b[row];
}

/// Hands on the mask of a result.
inline void send(Presence present, Presence output) {
  std::copy_n(present.rows, present.count, output.rows);
}

/// y = x, for a value that could not be computed in place.
template <std::size_t Width, class X, class T>
void copy(Presence present, Rows<Width, X> x, Rows<Width, T> y) {
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      std::copy_n(x.row(row), Width, y.row(row));
}

/// Rows and their presence, as one node hands them to another.
template <class T, std::size_t Width, class X>
Tensor<T> tensor(Rows<Width, X> rows, Presence present) {
  return {rows.data, Width, present};
}

} // namespace rnet
