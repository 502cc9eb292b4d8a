// What names the weights by which a request is answered.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rnet::net {

/// The first 64 bits of the SHA-256 of the weights' data.
using GenerationId = std::uint64_t;

/// 16 hexadecimal digits, as the hash begins.
inline std::string name_of_generation(GenerationId id) {
  char digits[16];
  const std::string_view written(
      digits, std::size_t(std::to_chars(digits, digits + 16, id, 16).ptr - digits));
  return std::string(16 - written.size(), '0').append(written);
}

/// The other way about. Of a whole hash: `hash.substr(0, 16)`. Nothing where it is no such name.
inline std::optional<GenerationId> generation_of_name(std::string_view name) {
  GenerationId id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id, 16);
  if (name.size() != 16 || error != std::errc() || end != name.data() + name.size() ||
      name.find_first_of("ABCDEF-") != std::string_view::npos)
    return std::nullopt;
  return id;
}

} // namespace rnet::net
