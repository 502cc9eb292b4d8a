// ARRAY, ARRAY[:, K], ARRAY[:, A:B]: part of an array, as a user names it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/npz.h"
#include "rnet/core/status.h"

#include <optional>
#include <string>
#include <vector>

namespace rnet::data {

struct Selector {
  std::string array;
  bool whole = true;              ///< no brackets
  bool index = false;             ///< one place on axis 1, which vanishes, instead of a range
  std::size_t begin = 0;          ///< on axis 1
  std::optional<std::size_t> end; ///< nothing: the axis' end

  static Expected<Selector> parse(const std::string &text);
};

/// The elements of each row that a selector takes: `width` of them, from `offset`, rows `stride`
/// apart. They lie side by side, because axis 1 comes right after the rows.
struct SelectedRows {
  std::size_t rows, offset, stride, width;
  std::vector<std::size_t> shape; ///< of a row

  /// Where element `k` of row `row` lies in the array.
  std::size_t at(std::size_t row, std::size_t k) const { return row * stride + offset + k; }
};

/// Refuses a selector that reaches past the array; `subject` is how messages call the array.
Expected<SelectedRows> select(const NpyArray &array, const Selector &selector,
                              const std::string &subject);

} // namespace rnet::data
