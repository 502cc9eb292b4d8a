// The planned memory of a program: the compiler decides where each tensor lies, so a request
// allocates nothing. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ownership and threads: ArenaStorage owns the memory; Arena is a view of it. One user at a time.
#pragma once

#include "rnet/core/rows.h"

#include <cstdlib>
#include <cstring>
#include <memory>

namespace rnet {

/// How much memory a program needs for each row of a batch.
struct ArenaPlan {
  std::size_t columns; ///< elements a row, a multiple of 16
  std::size_t masks;   ///< presence masks
};

/// Hands out tensors by their planned place: a tensor at column c of a batch of n rows starts c * n
/// elements in.
template <class T> class BasicArena {
public:
  BasicArena(T *data, std::uint8_t *masks, std::size_t rows)
      : data_(data), masks_(masks), rows_(rows) {}

  template <std::size_t Width> Rows<Width, T> rows(std::size_t column) const {
    return {data_ + column * rows_};
  }
  Presence mask(std::size_t index) const { return {masks_ + index * rows_, rows_}; }
  std::size_t row_count() const { return rows_; }

private:
  T *data_;
  std::uint8_t *masks_;
  std::size_t rows_;
};
using Arena = BasicArena<float>;

/// Memory for a plan and up to `capacity` rows, zeroed, on a 64-byte border.
template <class T> class ArenaStorage {
public:
  ArenaStorage(ArenaPlan plan, std::size_t capacity)
      : data_(allocate<T>(plan.columns * capacity)),
        masks_(allocate<std::uint8_t>(plan.masks * capacity)), capacity_(capacity) {}

  /// A view for a batch of `rows` <= capacity.
  BasicArena<T> arena(std::size_t rows) const {
    assert(rows <= capacity_);
    return {data_.get(), masks_.get(), rows};
  }
  std::size_t capacity() const { return capacity_; }

private:
  struct Free {
    void operator()(void *memory) const { std::free(memory); }
  };
  template <class U> static std::unique_ptr<U[], Free> allocate(std::size_t count) {
    const std::size_t bytes = (count * sizeof(U) + 127) / 64 * 64;
    void *memory = std::aligned_alloc(64, bytes);
    if (!memory)
      std::abort(); // at start-up only; nothing sensible is left to do
    std::memset(memory, 0, bytes);
    return std::unique_ptr<U[], Free>(static_cast<U *>(memory));
  }

  std::unique_ptr<T[], Free> data_;
  std::unique_ptr<std::uint8_t[], Free> masks_;
  std::size_t capacity_;
};

} // namespace rnet
