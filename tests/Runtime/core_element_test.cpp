// Element types of hyperconnections: rounding, its bounds, and the bytes that travel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/element.h"
#include "test_files.h"

#include <gtest/gtest.h>
#include <limits>
#include <random>

namespace rnet {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNaN = std::numeric_limits<float>::quiet_NaN();

/// Floats of all magnitudes and both signs, from random bits; and those that are special.
std::vector<float> some_floats() {
  std::vector<float> values{0.0f,
                            -0.0f,
                            1,
                            -1,
                            kInfinity,
                            -kInfinity,
                            kNaN,
                            std::numeric_limits<float>::max(),
                            std::numeric_limits<float>::min(),
                            std::numeric_limits<float>::denorm_min(),
                            std::bit_cast<float>(0x7f800001u), // a signalling NaN
                            std::bit_cast<float>(0xffffffffu)};
  std::mt19937 random(1);
  for (int k = 0; k < 100'000; ++k)
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  std::normal_distribution<float> normal(0, 3);
  while (values.size() % 16 != 0 || values.size() < 120'000)
    values.push_back(normal(random));
  return values;
}
std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

HyperconnectionDescription connection(Element element, std::size_t width) {
  return {"a_to_b", HyperconnectionKind::simple, 0, 0, 1, width, element};
}

TEST(Element, Bf16IsTheNearestOfItsTwoNeighboursTiesToEven) {
  for (float x : some_floats()) {
    const float y = from_bf16(to_bf16(x));
    EXPECT_EQ(bits(y) & 0xffff, 0u);
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(y));
      continue;
    }
    // What a hand would do: the neighbours toward zero and away from it, infinity as one step on.
    const std::uint32_t low = bits(x) & 0xffff0000u, high = low + 0x10000u;
    const auto as_real = [](std::uint32_t pattern) {
      const auto real = static_cast<double>(std::bit_cast<float>(pattern));
      return std::isinf(real) ? std::copysign(0x1p128, real) : real;
    };
    if (std::isinf(x)) {
      EXPECT_EQ(bits(y), bits(x));
      continue;
    }
    const double to_low = std::abs(x - as_real(low)), to_high = std::abs(x - as_real(high));
    const bool down = to_low < to_high || (to_low == to_high && (low >> 16 & 1) == 0);
    EXPECT_EQ(bits(y), down ? low : high) << x;
  }
}

TEST(Element, Bf16IsWithinHalfAUnit) {
  for (float x : some_floats())
    if (std::isnormal(x) && std::abs(x) < 0x1.fep127f) {
      const double y = from_bf16(to_bf16(x));
      EXPECT_LE(std::abs(y - x), 0x1p-8 * std::abs(static_cast<double>(x))) << x;
    }
}

TEST(Element, Int8IsWithinHalfAScaleAndSaturatesBeyondItsRange) {
  for (float scale : {0.037f, 1.0f, 3e-5f, 1e20f}) {
    for (float x : some_floats()) {
      const int q = to_int8(x, scale);
      EXPECT_GE(q, -127);
      EXPECT_LE(q, 127);
      if (std::isnan(x)) {
        EXPECT_EQ(q, 0);
        continue;
      }
      const double multiple = static_cast<double>(x) / static_cast<double>(scale);
      if (std::abs(multiple) >= 127) {
        EXPECT_EQ(q, x > 0 ? 127 : -127) << x;
        continue;
      }
      const double y = from_int8(to_int8(x, scale), scale);
      // Half a scale, and what f32 loses in the product.
      EXPECT_LE(std::abs(y - x), 0.5000001 * static_cast<double>(scale) + std::abs(y) * 0x1p-24)
          << x;
    }
  }
}

TEST(Element, Int8TiesGoToEven) {
  EXPECT_EQ(to_int8(1.25f, 0.5f), 2);
  EXPECT_EQ(to_int8(1.75f, 0.5f), 4);
  EXPECT_EQ(to_int8(-1.25f, 0.5f), -2);
  EXPECT_EQ(to_int8(-1.75f, 0.5f), -4);
}

TEST(Element, AScaleReachesTheLargestValue) {
  EXPECT_EQ(to_int8(12.7f, Scale::reaching(12.7f)), 127);
  EXPECT_EQ(Scale::reaching(0), 1.0f) << "nothing was seen";
  EXPECT_EQ(Scale::reaching(std::numeric_limits<float>::denorm_min()), Scale::kLeast);
}

/// All three element types over some floats, and what the kernel of each makes of them.
template <class Check> void for_all_elements(Check check) {
  const std::vector<float> values = some_floats();
  constexpr std::size_t kWidth = 16;
  const std::size_t rows = values.size() / kWidth;
  std::vector<std::uint8_t> ones(rows, 1);
  const Presence present{ones.data(), rows};
  const Rows<kWidth, const float> x{values.data()};
  std::vector<float> rounded(values);
  check(Encoding(connection(Element::f32, values.size())), values, rounded);
  round_bf16(present, x, Rows<kWidth, float>{rounded.data()});
  check(Encoding(connection(Element::bf16, values.size())), values, rounded);
  test::Folder folder;
  const float scale = 0.11f;
  ASSERT_TRUE(write_weights(folder.file("w"),
                            std::vector<TensorToWrite>{{"a_to_b.scale", {1}, {&scale, 1}, {}}}, {})
                  .ok());
  auto weights = WeightsFile::open(folder.file("w"));
  Scale loaded;
  ASSERT_TRUE(loaded.load(*weights, "a_to_b.scale").ok());
  round_int8(present, x, loaded, Rows<kWidth, float>{rounded.data()});
  auto encoding = Encoding::load(connection(Element::int8, values.size()), *weights);
  ASSERT_TRUE(encoding.ok());
  check(*encoding, values, rounded);
}

TEST(Element, WhatTravelledIsWhatTheKernelGivesBitForBit) {
  for_all_elements([](const Encoding &encoding, const auto &values, const auto &rounded) {
    std::string bytes(encoding.bytes(), '\0');
    encoding.encode(values.data(), bytes.data());
    std::vector<float> arrived(values.size());
    encoding.decode(bytes.data(), arrived.data());
    EXPECT_EQ(std::memcmp(arrived.data(), rounded.data(), rounded.size() * sizeof(float)), 0);
  });
}

TEST(Element, RoundingAgainChangesNothing) {
  for_all_elements([](const Encoding &encoding, const auto &, const auto &rounded) {
    std::string bytes(encoding.bytes(), '\0');
    encoding.encode(rounded.data(), bytes.data());
    std::vector<float> again(rounded.size());
    encoding.decode(bytes.data(), again.data());
    EXPECT_EQ(std::memcmp(again.data(), rounded.data(), rounded.size() * sizeof(float)), 0);
  });
}

TEST(Element, KernelsLeaveAbsentRowsAlone) {
  std::uint8_t rows[] = {0, 1};
  const std::vector<float> x(32, 1.001f);
  std::vector<float> y(32, -7);
  round_bf16(Presence{rows, 2}, Rows<3, const float>{x.data()}, Rows<3, float>{y.data()});
  EXPECT_EQ(y[0], -7);
  EXPECT_EQ(y[16], 1);
}

TEST(Element, AnElementHasItsBytes) {
  EXPECT_EQ(Encoding(connection(Element::f32, 23)).bytes(), 92u);
  EXPECT_EQ(Encoding(connection(Element::bf16, 23)).bytes(), 46u);
  EXPECT_EQ(Encoding(connection(Element::int8, 23)).bytes(), 23u);
}

TEST(Element, AScaleThatIsMissingOrNoScaleIsRefusedWithWhatToDo) {
  test::Folder folder;
  auto load = [&](const std::string &name, float value) {
    EXPECT_TRUE(write_weights(folder.file("w"),
                              std::vector<TensorToWrite>{{name, {1}, {&value, 1}, {}}}, {})
                    .ok());
    auto weights = WeightsFile::open(folder.file("w"));
    EXPECT_TRUE(Encoding::load(connection(Element::bf16, 3), *weights).ok());
    return Encoding::load(connection(Element::int8, 3), *weights).status().message();
  };
  EXPECT_EQ(load("a_to_b.scale", 0.5f), "");
  EXPECT_EQ(load("a_to_c.scale", 0.5f),
            "weights file '" + folder.file("w") +
                "' has no 'a_to_b.scale', the scale of a hyperconnection or layer of int8; "
                "NET-train --init-layers --init '" +
                folder.file("w") + "' --epochs 0 measures it");
  for (float wrong : {0.0f, -1.0f, kNaN, kInfinity, 1e-38f})
    EXPECT_NE(load("a_to_b.scale", wrong).find("expected a positive, finite number"),
              std::string::npos)
        << wrong;
}

} // namespace
} // namespace rnet
