// Floats as text that a person can read and that reads back to the same bits.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <charconv>
#include <cstdlib>

namespace rnet {

/// The double that prints as the shortest text which reads back to this float.
inline double shortest(float value) {
  char text[32];
  *std::to_chars(text, text + sizeof text - 1, value).ptr = '\0';
  return std::strtod(text, nullptr);
}

} // namespace rnet
