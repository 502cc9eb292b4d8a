// Batches of rows and the presence mask beside them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ownership and threads: views only; whoever made the memory owns it and keeps it alive. A view may
// be copied freely; writing through one from two threads is the caller's affair.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

namespace rnet {

/// Elements from one row to the next: rows start on 64-byte borders (16 floats).
constexpr std::size_t row_stride(std::size_t width) { return (width + 15) / 16 * 16; }

/// Which rows of a batch are there: one byte a row, 1 present, 0 absent. An absent row has no
/// value: it is never computed, read, or inferred from zeros.
struct Presence {
  std::uint8_t *rows = nullptr;
  std::size_t count = 0;

  bool operator[](std::size_t row) const { return rows[row] != 0; }
  bool any() const {
    for (std::size_t row = 0; row < count; ++row)
      if (rows[row])
        return true;
    return false;
  }
};

/// A batch of tensors of `Width` elements each: [count][row_stride(Width)], row-major, images NHWC.
/// The columns from Width on are padding: kernels may write there, and nobody reads them.
template <std::size_t Width, class T = float> struct Rows {
  static constexpr std::size_t width = Width;
  static constexpr std::size_t stride = row_stride(Width);
  T *data = nullptr;

  T *row(std::size_t index) const { return data + index * stride; }
};

/// A batch whose width is known at run time only, with its presence: how programs hand each other
/// tensors along hyperconnections.
template <class T> struct Tensor {
  T *data = nullptr; ///< [present.count][row_stride(width)]
  std::size_t width = 0;
  Presence present;

  T *row(std::size_t index) const { return data + index * row_stride(width); }
  template <std::size_t Width> Rows<Width, T> rows() const {
    assert(width == Width);
    return {data};
  }
};

} // namespace rnet
