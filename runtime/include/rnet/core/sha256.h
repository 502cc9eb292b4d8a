// SHA-256, by OpenSSL.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace rnet {

/// Takes bytes in pieces; one user at a time.
class Sha256 {
public:
  Sha256();
  ~Sha256();
  void update(const void *bytes, std::size_t count);
  /// 64 hexadecimal digits; nothing may follow.
  std::string hex();

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace rnet
