// Augmentation: what an image becomes, and that nothing but seed, epoch and row decides it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "augmentation.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <vector>

using namespace rnet;
using namespace rnet::train;

namespace {

std::vector<float> ramp(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

Random draws(std::uint32_t row) { return {3, Stream::augmentation, 1, row}; }

template <class T = float>
std::vector<T> change(const Augmentation &by, const std::vector<std::size_t> &shape,
                      const std::vector<float> &image, const Random &random,
                      std::size_t input = 0) {
  std::vector<T> changed(image.size());
  ImageChange(by, shape, input, random).apply(image.data(), changed.data());
  return changed;
}

TEST(Augmentation, OfNothingChangesNothing) {
  const std::vector<float> image = ramp(5 * 4 * 3);
  EXPECT_EQ(change({}, {5, 4, 3}, image, draws(0)), image);
  const std::vector<double> same(image.begin(), image.end());
  EXPECT_EQ(change<double>({}, {5, 4, 3}, image, draws(0)), same);
}

TEST(Augmentation, FlipsEveryOtherTime) {
  const std::vector<float> image = ramp(2 * 3 * 2), flipped{5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8};
  std::size_t count = 0;
  for (std::uint32_t row = 0; row < 1000; ++row) {
    const auto changed = change({0, 0, true}, {2, 3, 2}, image, draws(row));
    count += changed == flipped;
    ASSERT_TRUE(changed == flipped || changed == image);
  }
  EXPECT_GT(count, 440u);
  EXPECT_LT(count, 560u);
}

TEST(Augmentation, ShiftsByABoundedPartAndRepeatsTheBorder) {
  // One row of pixels whose value is their place: a shift shows as a difference.
  constexpr std::size_t kWidth = 20;
  const std::vector<float> image = ramp(kWidth);
  double least = 0, most = 0;
  for (std::uint32_t row = 0; row < 1000; ++row) {
    const auto changed = change({0, 0.2, false}, {1, kWidth, 1}, image, draws(row));
    const double shift = image[kWidth / 2] - changed[kWidth / 2];
    least = std::min(least, shift);
    most = std::max(most, shift);
    for (std::size_t x = 0; x < kWidth; ++x)
      ASSERT_NEAR(changed[x], std::clamp(image[x] - shift, 1.0, 20.0), 1e-4) << row << ' ' << x;
  }
  EXPECT_GE(least, -4);
  EXPECT_LE(most, 4);
  EXPECT_LT(least, -3.8);
  EXPECT_GT(most, 3.8);
}

TEST(Augmentation, RotatesAboutTheCentre) {
  // A plane tilted along x: rotated by a, it falls along the direction cos a, sin a.
  constexpr std::size_t kSide = 9;
  std::vector<float> plane(kSide * kSide);
  for (std::size_t k = 0; k < plane.size(); ++k)
    plane[k] = static_cast<float>(k % kSide);
  double most = 0;
  for (std::uint32_t row = 0; row < 500; ++row) {
    const auto changed = change({30, 0, false}, {kSide, kSide, 1}, plane, draws(row));
    const std::size_t centre = kSide / 2 * kSide + kSide / 2;
    ASSERT_NEAR(changed[centre], 4, 1e-5);
    const double along_x = changed[centre + 1] - changed[centre],
                 along_y = changed[centre + kSide] - changed[centre];
    ASSERT_NEAR(along_x * along_x + along_y * along_y, 1, 1e-4);
    const double angle = std::atan2(along_y, along_x) * 180 / std::numbers::pi;
    ASSERT_LE(std::abs(angle), 30 + 1e-3);
    most = std::max(most, std::abs(angle));
  }
  EXPECT_GT(most, 29);
}

TEST(Augmentation, ByAHalfTurnIsExact) {
  // The draw nearest 1 of a rotation up to 180 degrees turns the image upside down.
  const std::vector<float> image = ramp(9);
  std::uint32_t best = 0;
  for (std::uint32_t row = 0; row < 100000; ++row)
    if (draws(row).uniform(0) > draws(best).uniform(0))
      best = row;
  const auto changed = change({180, 0, false}, {3, 3, 1}, image, draws(best));
  for (std::size_t k = 0; k < 9; ++k)
    EXPECT_NEAR(changed[k], image[8 - k], 0.01);
}

TEST(Augmentation, StaysWithinTheValuesOfTheImage) {
  std::vector<float> image = ramp(7 * 6 * 3);
  for (std::uint32_t row = 0; row < 300; ++row)
    for (float value : change({180, 1, true}, {7, 6, 3}, image, draws(row))) {
      ASSERT_GE(value, 1);
      ASSERT_LE(value, 126);
    }
}

TEST(Augmentation, DependsOnSeedEpochRowAndInput) {
  const std::vector<float> image = ramp(8 * 8);
  const Augmentation by{30, 0.2, true};
  std::set<std::vector<float>> found;
  for (std::uint64_t seed : {1, 2})
    for (std::uint32_t epoch : {0, 1})
      for (std::uint32_t row : {0, 1})
        for (std::size_t input : {0, 1}) {
          const Random random(seed, Stream::augmentation, epoch, row);
          found.insert(change(by, {8, 8, 1}, image, random, input));
          EXPECT_EQ(change(by, {8, 8, 1}, image, random, input),
                    change(by, {8, 8, 1}, image, random, input));
        }
  EXPECT_EQ(found.size(), 16u);
}

TEST(Augmentation, IsForImages) {
  constexpr std::size_t image[] = {8, 8, 3}, vector[] = {192};
  EXPECT_TRUE(is_image({"a", 0, 192, image}));
  EXPECT_FALSE(is_image({"a", 0, 192, vector}));
}

} // namespace
