// Errors as values: nothing crosses a library's edge as an exception.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ownership and threads: plain values; safe to move between threads, not to share for writing.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace rnet {

/// Success, or one sentence for a person that says what was found and what was expected.
class [[nodiscard]] Status {
public:
  Status() = default;
  static Status error(std::string message) {
    Status status;
    status.message_ = std::move(message);
    return status;
  }

  bool ok() const { return !message_.has_value(); }
  /// The sentence; empty on success.
  const std::string &message() const {
    static const std::string none;
    return message_ ? *message_ : none;
  }

private:
  std::optional<std::string> message_;
};

/// A value of type T, or the Status that says why there is none.
template <class T> class [[nodiscard]] Expected {
public:
  Expected(T value) : value_(std::move(value)) {}
  Expected(Status error) : status_(std::move(error)) { assert(!status_.ok()); }

  bool ok() const { return value_.has_value(); }
  const Status &status() const { return status_; }
  const std::string &message() const { return status_.message(); }

  T &operator*() { return *value_; }
  const T &operator*() const { return *value_; }
  T *operator->() { return &*value_; }
  const T *operator->() const { return &*value_; }

private:
  std::optional<T> value_;
  Status status_;
};

} // namespace rnet
