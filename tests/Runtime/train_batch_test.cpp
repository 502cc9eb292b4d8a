// Batches: every row where it belongs, the same whoever waits for whom.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/batch.h"

#include "rnet/core/rows.h"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>

using namespace rnet;
using namespace rnet::train;

namespace {

constexpr std::size_t kVector[] = {3}, kImage[] = {4, 4, 1};
constexpr InputDescription kInputs[] = {{"vector", 0, 3, kVector}, {"image", 0, 16, kImage}};
constexpr std::size_t kRows = 23;

class Batches : public testing::Test {
protected:
  Batches() {
    network.inputs = kInputs;
    std::vector<float> vectors(kRows * 3);
    std::iota(vectors.begin(), vectors.end(), 0.5f);
    std::vector<std::uint8_t> images(kRows * 16);
    std::iota(images.begin(), images.end(), std::uint8_t(0));
    dataset.rows = kRows;
    dataset.inputs = {{3, vectors}, {16, images}};
    for (std::size_t row = 0; row < kRows; ++row) {
      dataset.labels.push_back(static_cast<std::int32_t>(row % 5));
      order.push_back(static_cast<std::int64_t>((row * 7) % kRows));
    }
  }

  template <class T> void expect_rows(const Batch<T> &batch, std::size_t begin, std::size_t count) {
    ASSERT_EQ(batch.rows.size(), count);
    for (std::size_t b = 0; b < count; ++b) {
      const std::int64_t row = order[begin + b];
      EXPECT_EQ(batch.rows[b], row);
      EXPECT_EQ(batch.labels[b], row % 5);
      for (std::size_t k = 0; k < 3; ++k)
        EXPECT_EQ(batch.input(0)[b * row_stride(3) + k], static_cast<T>(row * 3 + k) + T(0.5));
      for (std::size_t k = 0; k < 16; ++k)
        EXPECT_EQ(batch.input(1)[b * row_stride(16) + k], static_cast<T>((row * 16 + k) & 255));
    }
  }

  NetworkDescription network{};
  Dataset dataset;
  std::vector<std::int64_t> order;
};

TEST_F(Batches, HoldTheirRowsInOrder) {
  for (std::size_t size : {1, 4, 23, 100})
    for (std::size_t first : {0, 2, 50}) {
      BatchStream<float> stream(network, dataset, order, size, first);
      for (std::size_t begin = first * size; begin < kRows; begin += size) {
        const Batch<float> *batch = stream.next();
        ASSERT_NE(batch, nullptr);
        expect_rows(*batch, begin, std::min(size, kRows - begin));
      }
      EXPECT_EQ(stream.next(), nullptr);
      EXPECT_EQ(stream.next(), nullptr);
    }
  BatchStream<double> stream(network, dataset, order, 10);
  expect_rows(*stream.next(), 0, 10);
}

TEST_F(Batches, StayWhileTheCallerIsSlow) {
  BatchStream<float> stream(network, dataset, order, 2);
  for (std::size_t begin = 0; begin < 8; begin += 2) {
    const Batch<float> *batch = stream.next();
    std::this_thread::sleep_for(std::chrono::milliseconds(20)); // the others are made meanwhile
    expect_rows(*batch, begin, 2);
  }
}

TEST_F(Batches, MayBeLeftBehind) {
  for (int taken = 0; taken < 4; ++taken) {
    BatchStream<float> stream(network, dataset, order, 3);
    for (int k = 0; k < taken; ++k)
      ASSERT_NE(stream.next(), nullptr);
  }
}

TEST_F(Batches, AreChangedTheSameHoweverTheyAreCut) {
  const BatchLoader::Changes changes{{40, 0.3, true}, 5, 2};
  auto images = [&](std::size_t size, std::size_t first, const BatchLoader::Changes &by) {
    std::vector<float> all;
    BatchStream<float> stream(network, dataset, order, size, first, by);
    while (const Batch<float> *batch = stream.next())
      for (std::size_t b = 0; b < batch->rows.size(); ++b) {
        EXPECT_EQ(batch->input(0)[b * row_stride(3)],
                  static_cast<float>(batch->rows[b] * 3) + 0.5f); // no image: as it is
        const float *image = batch->input(1) + b * row_stride(16);
        all.insert(all.end(), image, image + 16);
      }
    return all;
  };
  const std::vector<float> whole = images(23, 0, changes);
  EXPECT_EQ(images(4, 0, changes), whole);
  EXPECT_EQ(images(4, 2, changes), std::vector<float>(whole.begin() + 8 * 16, whole.end()));
  EXPECT_NE(images(23, 0, {changes.by, 5, 3}), whole);
  EXPECT_NE(images(23, 0, {changes.by, 6, 2}), whole);
  EXPECT_NE(images(23, 0, {{}, 5, 2}), whole);
}

} // namespace
