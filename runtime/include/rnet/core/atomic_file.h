// Files that are written whole or not at all.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/status.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace rnet {

/// Who may read a file: whoever the umask lets, or its owner alone.
enum class Access { usual, owner };

/// Replaces `path` by the concatenated pieces: a temporary file beside it, flushed to the disk,
/// then renamed. On an error the old file is untouched and the temporary one gone.
Status write_file(const std::string &path, std::span<const std::string_view> pieces,
                  Access access = Access::usual);
inline Status write_file(const std::string &path, std::string_view text,
                         Access access = Access::usual) {
  return write_file(path, std::span(&text, 1), access);
}

/// The whole of a file, at most `limit` bytes.
Expected<std::string> read_file(const std::string &path, std::size_t limit = std::size_t(1) << 30);

} // namespace rnet
