// The counter-based generator.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/random.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace rnet;

namespace {

// Salmon et al. 2011, known answers of Philox4x32-10 in Random123's kat_vectors: counter and key
// zero.
TEST(Random, IsPhilox) {
  EXPECT_EQ(Random(0, static_cast<Stream>(0)).bits(0), 0xe169c58d6627e8d5u);
}

TEST(Random, DependsOnEverythingItIsKeyedBy) {
  const std::uint64_t base = Random(1, Stream::init, 2, 3).bits(4);
  EXPECT_EQ(base, Random(1, Stream::init, 2, 3).bits(4));
  EXPECT_NE(base, Random(2, Stream::init, 2, 3).bits(4));
  EXPECT_NE(base, Random(1ull << 32 | 1, Stream::init, 2, 3).bits(4));
  EXPECT_NE(base, Random(1, Stream::shuffle, 2, 3).bits(4));
  EXPECT_NE(base, Random(1, Stream::init, 3, 3).bits(4));
  EXPECT_NE(base, Random(1, Stream::init, 2, 4).bits(4));
  EXPECT_NE(base, Random(1, Stream::init, 2, 3).bits(5));
}

TEST(Random, IsUniformFromZeroToOne) {
  const Random random(0, Stream::failout);
  double sum = 0;
  for (std::uint32_t k = 0; k < 10000; ++k) {
    const double value = random.uniform(k);
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += value;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

TEST(Random, PermutesEveryElementOnce) {
  for (std::size_t count : {0u, 1u, 2u, 1000u}) {
    std::vector<std::int64_t> order = Random(5, Stream::shuffle, 1).permutation(count);
    ASSERT_EQ(order.size(), count);
    std::sort(order.begin(), order.end());
    for (std::size_t k = 0; k < count; ++k)
      EXPECT_EQ(order[k], static_cast<std::int64_t>(k));
  }
}

} // namespace
