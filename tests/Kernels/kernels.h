// What the programs here share: a kernel runs, its result is compared, and under callgrind its
// instructions are counted. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/arena.h"
#include "rnet/core/level.h"
#include "rnet/core/loader.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

// Where the program is to be counted; elsewhere it needs no valgrind.
#ifdef RNET_COUNT
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(name) static_cast<void>(name)
#define CALLGRIND_STOP_INSTRUMENTATION
#endif

namespace rnet::test {

[[noreturn]] inline void fail(const std::string &what) {
  std::fprintf(stderr, "error: %s\n", what.c_str());
  std::exit(1);
}

/// At the start: what compiled this, and the exit status 77 where it cannot run.
inline void start() {
  if (!has_level(kLevel)) {
    std::printf("skipped: this processor has no %s\n", level_name(kLevel).data());
    std::exit(77);
  }
#if defined(__clang__)
  std::printf("clang++ %d\n", __clang_major__);
#else
  std::printf("g++ %d.%d\n", __GNUC__, __GNUC_MINOR__);
#endif
}

/// Calls kernel() twice. The first call binds symbols and fills buffers that are kept; what
/// counts.py knows by that name is the second one.
template <class Kernel> void count(const char *name, const Kernel &kernel) {
  kernel();
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  kernel();
  CALLGRIND_DUMP_STATS_AT(name);
  CALLGRIND_STOP_INSTRUMENTATION;
}

/// Numbers between -1 and 1 that look like any.
inline float number(std::size_t index) {
  return static_cast<float>(index * 2654435761u % 20011) / 10005 - 1;
}
inline std::vector<float> numbers(std::size_t count, std::size_t first) {
  std::vector<float> values(count);
  for (std::size_t k = 0; k < count; ++k)
    values[k] = number(first + k);
  return values;
}

/// Present rows.
template <std::size_t Width> class Batch {
public:
  explicit Batch(std::size_t count, std::size_t first = 0)
      : storage_({row_stride(Width), 1}, count), arena_(storage_.arena(count)) {
    for (std::size_t row = 0; row < count; ++row) {
      present().rows[row] = 1;
      for (std::size_t k = 0; k < Width; ++k)
        rows().row(row)[k] = number(first + row * Width + k);
    }
  }
  Rows<Width, float> rows() const { return arena_.template rows<Width>(0); }
  Presence present() const { return arena_.mask(0); }
  std::size_t count() const { return arena_.row_count(); }
  float *row(std::size_t index) const { return rows().row(index); }

private:
  ArenaStorage<float> storage_;
  Arena arena_;
};

/// A layer that has loaded these weights, from a file as a node does.
template <class Layer>
void load(Layer &layer, const std::vector<std::size_t> &shape, const std::vector<float> &weight,
          const std::vector<float> &bias) {
  const std::size_t middle = weight.size() * sizeof(float), end = middle + bias.size() * 4;
  std::string axes;
  for (std::size_t size : shape)
    axes += (axes.empty() ? "" : ",") + std::to_string(size);
  const std::string header = R"({"w":{"dtype":"F32","shape":[)" + axes + R"(],"data_offsets":[0,)" +
                             std::to_string(middle) + R"(]},"b":{"dtype":"F32","shape":[)" +
                             std::to_string(bias.size()) + R"(],"data_offsets":[)" +
                             std::to_string(middle) + "," + std::to_string(end) + "]}}";
  const std::uint64_t length = header.size();
  char path[] = "/tmp/rnet-kernels-XXXXXX";
  const int descriptor = ::mkstemp(path);
  std::FILE *const file = descriptor < 0 ? nullptr : ::fdopen(descriptor, "wb");
  if (!file)
    fail("no temporary file");
  std::fwrite(&length, sizeof length, 1, file);
  std::fwrite(header.data(), 1, header.size(), file);
  std::fwrite(weight.data(), sizeof(float), weight.size(), file);
  std::fwrite(bias.data(), sizeof(float), bias.size(), file);
  std::fclose(file);
  Status status;
  if (const auto weights = WeightsFile::open(path); weights.ok())
    status = layer.load(*weights, "w", "b");
  else
    status = weights.status();
  ::unlink(path);
  if (!status.ok())
    fail(status.message());
}

/// Ends the program unless both are the same bits.
inline void expect_bits(const char *name, const float *found, const std::vector<float> &expected) {
  for (std::size_t k = 0; k < expected.size(); ++k)
    if (std::bit_cast<std::uint32_t>(found[k]) != std::bit_cast<std::uint32_t>(expected[k]))
      fail(std::string(name) + ": element " + std::to_string(k) + " is " +
           std::to_string(found[k]) + ", its definition gives " + std::to_string(expected[k]));
}
/// Ends the program unless they differ by a hundred-thousandth at most.
inline void expect_near(const char *name, double found, double expected) {
  if (!(std::abs(found - expected) <= 1e-5 * std::max(1.0, std::abs(expected))))
    fail(std::string(name) + ": found " + std::to_string(found) + ", expected " +
         std::to_string(expected));
}

} // namespace rnet::test
