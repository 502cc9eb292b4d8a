// What the benchmarks of kernels share: batches, weights, flops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/arena.h"
#include "rnet/core/loader.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <unistd.h>
#include <vector>

namespace rnet::bench {

/// Operations a second, of `flops` in each iteration.
inline void count_flops(benchmark::State &state, double flops) {
  state.counters["flops"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate,
                                               benchmark::Counter::kIs1000);
}

inline float value(std::size_t index) { return static_cast<float>(index * 7919 % 101) / 50 - 1; }

template <std::size_t Width, class T = float> class Batch {
public:
  explicit Batch(std::size_t count)
      : storage_({row_stride(Width), 1}, count), arena_(storage_.arena(count)) {
    for (std::size_t row = 0; row < count; ++row) {
      present().rows[row] = 1;
      for (std::size_t k = 0; k < Width; ++k)
        rows().row(row)[k] = static_cast<T>(value(row + k));
    }
  }
  Rows<Width, T> rows() const { return arena_.template rows<Width>(0); }
  Presence present() const { return arena_.mask(0); }

private:
  ArenaStorage<T> storage_;
  BasicArena<T> arena_;
};

/// Loads members by a weights file of these tensors; ends the program where that fails.
class Weights {
public:
  struct Entry {
    const char *name;
    std::vector<std::size_t> shape;
  };
  explicit Weights(const std::vector<Entry> &entries) {
    for (const Entry &entry : entries) {
      std::size_t count = 1;
      for (std::size_t size : entry.shape)
        count *= size;
      std::vector<float> &values = values_.emplace_back(count);
      for (std::size_t k = 0; k < count; ++k)
        values[k] = value(k) / 8;
      tensors_.push_back({entry.name, entry.shape, {}, {}});
    }
    for (std::size_t k = 0; k < tensors_.size(); ++k)
      tensors_[k].f32 = values_[k];
  }
  template <class Storage, class... Names> void load(Storage &storage, Names... names) const {
    const std::string path = "/tmp/bench-kernels-" + std::to_string(::getpid());
    check(write_weights(path, tensors_, {}));
    const auto file = WeightsFile::open(path);
    check(file.status());
    check(storage.load(*file, names...));
    std::remove(path.c_str());
  }

private:
  static void check(const Status &status) {
    if (status.ok())
      return;
    std::fprintf(stderr, "%s\n", status.message().c_str());
    std::exit(1);
  }
  std::vector<std::vector<float>> values_;
  std::vector<TensorToWrite> tensors_;
};

} // namespace rnet::bench
