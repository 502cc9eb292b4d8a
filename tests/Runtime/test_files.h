// A folder for one test's files.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/atomic_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace rnet::test {

/// Made empty, removed with all that is in it.
class Folder {
public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "rnet-test-XXXXXX").string();
    if (!mkdtemp(name.data()))
      std::abort();
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;

  std::string file(const std::string &name) const { return (path_ / name).string(); }
  /// Writes a file and gives its path.
  std::string write(const std::string &name, std::string_view text) const {
    EXPECT_TRUE(write_file(file(name), text).ok());
    return file(name);
  }
  std::size_t count() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_),
                                                  std::filesystem::directory_iterator()));
  }

private:
  std::filesystem::path path_;
};

/// Fails unless `status` is an error whose message has `part`.
template <class T> void expect_error(const T &result, const std::string &part) {
  ASSERT_FALSE(result.ok()) << "expected an error with: " << part;
  EXPECT_NE(result.message().find(part), std::string::npos) << result.message();
}

} // namespace rnet::test
