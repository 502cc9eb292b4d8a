// Batches and parameters that own their memory, for tests of kernels.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/loader.h"
#include "rnet/core/rows.h"

#include "test_files.h"

#include <limits>
#include <random>
#include <vector>

namespace rnet::test {

inline constexpr float kUntouched = 12345.0f;

/// Rows and a mask. Guards of one row lie before and after them.
template <std::size_t Width, class T = float> struct Batch {
  explicit Batch(std::size_t count, T value = 0)
      : data((count + 2) * row_stride(Width), value), mask(count, 1) {}

  Rows<Width, T> rows() { return {data.data() + row_stride(Width)}; }
  Rows<Width, const T> const_rows() { return {data.data() + row_stride(Width)}; }
  Presence present() { return {mask.data(), mask.size()}; }
  T *row(std::size_t index) { return rows().row(index); }

  /// Every third row absent, and full of NaN.
  void poison() {
    for (std::size_t row = 1; row < mask.size(); row += 3) {
      mask[row] = 0;
      std::fill_n(this->row(row), Width, std::numeric_limits<T>::quiet_NaN());
    }
  }
  /// Absent rows and guards have the value that the batch was made with.
  void expect_untouched(const std::vector<std::uint8_t> &present, T value) {
    const std::size_t stride = row_stride(Width);
    for (std::size_t k = 0; k < data.size(); ++k) {
      const std::size_t row = k / stride;
      if (row == 0 || row == mask.size() + 1 || !present[row - 1]) {
        ASSERT_EQ(data[k], value) << "element " << k % stride << " of row " << row;
      }
    }
  }

  std::vector<T> data;
  std::vector<std::uint8_t> mask;
};

template <class T> std::vector<T> random_values(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<T> normal;
  std::vector<T> values(count);
  for (T &value : values)
    value = normal(random);
  return values;
}

template <std::size_t Width, class T = float>
Batch<Width, T> random_batch(std::size_t count, unsigned seed = 1) {
  Batch<Width, T> batch(count);
  const std::vector<T> values = random_values<T>(count * Width, seed);
  for (std::size_t row = 0; row < count; ++row)
    std::copy_n(values.data() + row * Width, Width, batch.row(row));
  return batch;
}

/// A weights file of these tensors, and the loading of members from it.
class Weights {
public:
  void add(const std::string &name, std::vector<std::size_t> shape, std::vector<float> values) {
    values_.push_back(std::move(values));
    tensors_.push_back({name, std::move(shape), {}, {}});
  }
  template <class Storage, class... Names> Status load(Storage &storage, Names... names) {
    for (std::size_t k = 0; k < tensors_.size(); ++k)
      tensors_[k].f32 = values_[k];
    EXPECT_TRUE(write_weights(folder_.file("w"), tensors_, {}).ok());
    auto file = WeightsFile::open(folder_.file("w"));
    EXPECT_TRUE(file.ok()) << file.message();
    Loader loader(*file);
    loader.load(storage, names...);
    return loader.status();
  }

private:
  Folder folder_;
  std::vector<std::vector<float>> values_;
  std::vector<TensorToWrite> tensors_;
};

} // namespace rnet::test
