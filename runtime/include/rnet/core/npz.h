// NumPy archives: .npz files of .npy arrays.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/status.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace rnet {

/// An array, C order, little endian. `kind` and `bytes` are NumPy's: 'f' 4, 'u' 1, 'U' 12...
struct NpyArray {
  char kind = 'f';
  std::size_t bytes = 4;
  std::vector<std::size_t> shape;
  std::string data;

  std::size_t size() const;
  /// Element k as a number; kinds b, i, u, f of up to 8 bytes.
  double number(std::size_t k) const;
  /// Element k as text; kinds S and U.
  std::string text(std::size_t k) const;
};

/// All arrays of an archive, by name. Refuses what is no archive, what is truncated, what has
/// another order or type.
Expected<std::map<std::string, NpyArray>> read_npz(const std::string &path);

NpyArray make_array(std::span<const float> values, std::vector<std::size_t> shape);
NpyArray make_array(std::span<const double> values, std::vector<std::size_t> shape);
NpyArray make_array(std::span<const std::int64_t> values, std::vector<std::size_t> shape);
NpyArray make_array(std::span<const std::int32_t> values, std::vector<std::size_t> shape);
NpyArray make_array(std::span<const std::uint8_t> values, std::vector<std::size_t> shape);
/// Text as NumPy's fixed-width unicode; ASCII only.
NpyArray make_array(std::span<const std::string> values);

/// Writes an archive atomically; the same arrays give the same bytes.
Status write_npz(const std::string &path, const std::map<std::string, NpyArray> &arrays);

} // namespace rnet
