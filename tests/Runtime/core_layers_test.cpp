// Inference kernels of image layers but convolutions, and activations.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "core_layer.h"

using namespace rnet;
using namespace rnet::test;

namespace {

TEST(BatchNorm, ScalesAndShiftsChannels) {
  const Folded norm(13);
  Weights file;
  norm.add_to(file);
  BatchNorm<6 * 13, 13> by;
  ASSERT_TRUE(file.load(by, norm.names).ok());
  check_rows<6 * 13, 6 * 13>(
      [&](auto present, auto x, auto y) { batch_norm<Relu>(present, x, by, y); },
      [&](const float *x) {
        return activate_all<Relu>(norm.apply(std::vector<double>(x, x + 6 * 13)));
      });
  BatchNorm<4 * 7, 7> narrower;
  expect_error(file.load(narrower, norm.names), "expected [7]");
}

TEST(Scale, MultipliesByTheFactorOfTheWeightsFile) {
  Weights file;
  file.add("factor", {1}, {-0.75f});
  Factor by;
  ASSERT_TRUE(file.load(by, "factor").ok());
  check_rows<37, 37>([&](auto present, auto x, auto y) { scale(present, x, by, y); },
                     [](const float *x) {
                       std::vector<double> y(x, x + 37);
                       for (double &value : y)
                         value *= -0.75;
                       return y;
                     });
  file.add("factors", {2}, {1, 1});
  expect_error(file.load(by, "factors"), "expected [1]");
}

template <Image In, Window W> void check_pools() {
  static constexpr Image out = slide(In, W, In.channels);
  check_rows<In.elements(), out.elements()>(
      [](auto present, auto x, auto y) { max_pool<In, W>(present, x, y); },
      [](const float *x) {
        std::vector<double> y(out.elements(), -INFINITY);
        for_taps(In, W, [&](std::size_t to, std::size_t from, std::size_t) {
          for (std::size_t c = 0; c < In.channels; ++c)
            y[to * In.channels + c] =
                std::max(y[to * In.channels + c], static_cast<double>(x[from * In.channels + c]));
        });
        return y;
      },
      0);
  check_rows<In.elements(), out.elements()>(
      [](auto present, auto x, auto y) { avg_pool<In, W>(present, x, y); },
      [](const float *x) {
        std::vector<double> sum(out.elements()), count(out.elements());
        for_taps(In, W, [&](std::size_t to, std::size_t from, std::size_t) {
          for (std::size_t c = 0; c < In.channels; ++c) {
            sum[to * In.channels + c] += static_cast<double>(x[from * In.channels + c]);
            ++count[to * In.channels + c];
          }
        });
        for (std::size_t k = 0; k < sum.size(); ++k)
          sum[k] /= count[k];
        return sum;
      });
}

TEST(Pooling, LooksAtWhatIsInsideTheImage) {
  check_pools<Image{6, 7, 13}, Window{2, 2, 2, 2, 0, 0, 0, 1}>();
  check_pools<Image{7, 5, 24}, Window{3, 3, 2, 2, 1, 1, 0, 2}>();
  check_pools<Image{5, 4, 3}, Window{3, 2, 1, 1, 1, 2, 1, 0}>();
}

TEST(Pooling, OfAllPixelsIsTheirMean) {
  static constexpr Image in{4, 5, 17};
  check_rows<in.elements(), 17>(
      [](auto present, auto x, auto y) { global_avg_pool<in>(present, x, y); },
      [](const float *x) {
        std::vector<double> mean(17);
        for (std::size_t k = 0; k < in.elements(); ++k)
          mean[k % 17] += static_cast<double>(x[k]) / 20;
        return mean;
      });
}

TEST(ZeroPad, SurroundsTheImage) {
  static constexpr Image in{3, 2, 5};
  static constexpr Window w{1, 1, 1, 1, 1, 2, 3, 0};
  static constexpr Image out = padded(in, w);
  static_assert(out.height == 6 && out.width == 5 && out.channels == 5);
  check_rows<in.elements(), out.elements()>(
      [](auto present, auto x, auto y) { zero_pad<in, w>(present, x, y); },
      [](const float *x) {
        std::vector<double> y(out.elements());
        for (std::size_t k = 0; k < in.elements(); ++k)
          y[((k / 10 + 1) * 5 + k / 5 % 2 + 3) * 5 + k % 5] = static_cast<double>(x[k]);
        return y;
      },
      0);
}

TEST(Add, AddsAndActivates) {
  check_rows<37, 37>([](auto present, auto x, auto y) { add<Relu>(present, x, x, y); },
                     [](const float *x) {
                       std::vector<double> y(x, x + 37);
                       for (double &value : y)
                         value = std::max(0.0, 2 * value);
                       return y;
                     });
}

TEST(Concat, PutsChannelsSideBySide) {
  Batch<4 * 3> a = random_batch<4 * 3>(3, 1);
  Batch<4 * 5> b = random_batch<4 * 5>(3, 2);
  Batch<4 * 8> y(3, kUntouched);
  a.poison();
  b.poison();
  concat<4>(a.present(), a.rows(), b.const_rows(), y.rows());
  y.expect_untouched(a.mask, kUntouched);
  for (std::size_t row : {0u, 2u})
    for (std::size_t k = 0; k < 4 * 8; ++k)
      EXPECT_EQ(y.row(row)[k],
                k % 8 < 3 ? a.row(row)[k / 8 * 3 + k % 8] : b.row(row)[k / 8 * 5 + k % 8 - 3]);
}

TEST(Normalize, GoesByChannelsOfImages) {
  Weights file;
  file.add("m", {3}, {1, 2, 3});
  file.add("d", {3}, {2, 4, 8});
  Normalization<6, 3> by;
  ASSERT_TRUE(file.load(by, "m", "d").ok());
  Batch<6> x(1), y(1);
  for (std::size_t k = 0; k < 6; ++k)
    x.row(0)[k] = static_cast<float>(k);
  normalize(x.present(), x.rows(), by, y.rows());
  EXPECT_EQ(std::vector<float>(y.row(0), y.row(0) + 6),
            (std::vector<float>{-0.5f, -0.25f, -0.125f, 1, 0.5f, 0.25f}));
}

template <class Activation> void check_activation(double tolerance) {
  for (float x = -12; x < 12; x += 0.0137f) {
    Batch<1> from(1, x), to(1);
    activate<Activation>(from.present(), from.rows(), to.rows());
    ASSERT_NEAR(to.row(0)[0], activated(Activation(), static_cast<double>(x)), tolerance) << x;
  }
  Batch<3> ends(1), to(1);
  ends.row(0)[0] = 0;
  ends.row(0)[1] = 1e30f;
  ends.row(0)[2] = -1e30f;
  activate<Activation>(ends.present(), ends.rows(), to.rows());
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_EQ(to.row(0)[k],
              static_cast<float>(activated(Activation(), static_cast<double>(ends.row(0)[k]))));
}

TEST(Activation, IsCloseToDoublePrecision) {
  check_activation<Identity>(0);
  check_activation<Relu>(0);
  check_activation<Relu6>(0);
  check_activation<Sigmoid>(1e-6);
  check_activation<Tanh>(5e-7);
  check_activation<Gelu>(2e-6);
}

TEST(Exp, HasTheSameBitsInVectors) {
  const auto check = [](float x) {
    const Lanes lanes = rnet::exp(splat(x));
    for (std::size_t k = 0; k < kLanes; ++k)
      ASSERT_EQ(std::bit_cast<std::uint32_t>(lanes[k]), std::bit_cast<std::uint32_t>(rnet::exp(x)))
          << x;
  };
  for (float x = -100; x < 100; x += 0.00377f)
    check(x);
  for (float x : {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 88.72283f, 88.72284f, -87.33654f,
                  -87.33655f, 1e-30f})
    check(x);
}

TEST(Slide, CountsThePlacesOfAWindow) {
  static constexpr Image out = slide(Image{32, 33, 3}, Window{3, 3, 2, 2, 0, 1, 1, 1}, 8);
  EXPECT_EQ(out.height, 16u);
  EXPECT_EQ(out.width, 17u);
  EXPECT_EQ(out.channels, 8u);
}

TEST(Average, IsTheSameInEveryPresentRow) {
  Weights weights;
  weights.add("a_to_b.average", {3}, {1, 2, 3});
  Average<3> stored;
  ASSERT_TRUE(weights.load(stored, "a_to_b.average").ok());
  Batch<3> y(4, kUntouched);
  y.mask = {1, 0, 0, 1};
  average(y.present(), stored, y.rows());
  for (std::size_t row : {0, 3})
    for (std::size_t k = 0; k < 3; ++k)
      EXPECT_EQ(y.row(row)[k], static_cast<float>(k + 1));
  for (std::size_t row : {1, 2})
    EXPECT_EQ(y.row(row)[0], kUntouched);
  Average<4> wider;
  EXPECT_FALSE(weights.load(wider, "a_to_b.average").ok());
}

} // namespace
