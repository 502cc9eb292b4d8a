// Files that are written whole or not at all.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/atomic_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rnet {

static Status failed(const std::string &what, const std::string &path) {
  return Status::error("cannot " + what + " '" + path + "': " + std::strerror(errno));
}

static bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

Status write_file(const std::string &path, std::span<const std::string_view> pieces,
                  Access access) {
  std::string temporary = path + ".XXXXXX";
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0)
    return failed("write", path);
  bool good = true;
  if (access == Access::usual) {
    // mkostemp makes the file private; give it what a plain open would have.
    const mode_t mask = ::umask(0);
    ::umask(mask);
    good = ::fchmod(descriptor, 0666 & ~mask) == 0;
  }
  for (std::string_view piece : pieces)
    good = good && write_all(descriptor, piece);
  good = good && ::fsync(descriptor) == 0;
  good = ::close(descriptor) == 0 && good;
  good = good && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (good)
    return {};
  Status status = failed("write", path);
  ::unlink(temporary.c_str());
  return status;
}

Expected<std::string> read_file(const std::string &path, std::size_t limit) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return failed("read", path);
  std::string text;
  char buffer[65536];
  for (;;) {
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0) {
      Status status = failed("read", path);
      ::close(descriptor);
      return status;
    }
    if (count == 0)
      break;
    if (text.size() + static_cast<std::size_t>(count) > limit) {
      ::close(descriptor);
      return Status::error("'" + path + "' is larger than " + std::to_string(limit) + " bytes");
    }
    text.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(descriptor);
  return text;
}

} // namespace rnet
