// Kernels: values against their definition, bits against tiling, absent rows against reading and
// writing. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/inference.h"

#include "test_files.h"

#include <bit>
#include <cfloat>
#include <limits>
#include <random>

using namespace rnet;

namespace {

constexpr float kUntouched = 12345.0f;

/// Rows and a mask that own their memory.
template <std::size_t Width, class T = float> struct Batch {
  explicit Batch(std::size_t count, T value = 0)
      : data(count * row_stride(Width), value), mask(count, 1) {}

  Rows<Width, T> rows() { return {data.data()}; }
  Presence present() { return {mask.data(), mask.size()}; }
  T *row(std::size_t index) { return rows().row(index); }

  std::vector<T> data;
  std::vector<std::uint8_t> mask;
};

template <std::size_t Width> Batch<Width> random_batch(std::size_t count, unsigned seed = 1) {
  Batch<Width> batch(count);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (std::size_t row = 0; row < count; ++row)
    for (std::size_t k = 0; k < Width; ++k)
      batch.row(row)[k] = normal(random);
  return batch;
}

/// A dense layer with the weights it was loaded from.
template <std::size_t In, std::size_t Out> struct Layer {
  Layer() : weight(In * Out), bias(Out) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (float &value : weight)
      value = normal(random);
    for (float &value : bias)
      value = normal(random);
    test::Folder folder;
    const TensorToWrite tensors[] = {{"w", {Out, In}, weight, {}}, {"b", {Out}, bias, {}}};
    EXPECT_TRUE(write_weights(folder.file("w"), tensors, {}).ok());
    auto file = WeightsFile::open(folder.file("w"));
    EXPECT_TRUE(file.ok()) << file.message();
    Loader loader(*file);
    loader.load(dense, "w", "b");
    EXPECT_TRUE(loader.status().ok()) << loader.status().message();
  }

  /// The definition: bias first, then ascending k, every step fused.
  float output(const float *x, std::size_t o) const {
    float sum = bias[o];
    for (std::size_t k = 0; k < In; ++k)
      sum = std::fma(weight[o * In + k], x[k], sum);
    return sum;
  }

  std::vector<float> weight, bias;
  Dense<In, Out> dense;
};

template <std::size_t In, std::size_t Out> void check_dense() {
  Layer<In, Out> layer;
  for (std::size_t count : {1u, 2u, 4u, 5u, 7u, 128u}) {
    SCOPED_TRACE(testing::Message() << In << " to " << Out << ", " << count << " rows");
    Batch<In> x = random_batch<In>(count);
    Batch<Out> y(count, kUntouched), rectified(count, kUntouched);
    for (std::size_t row = 1; row < count; row += 3) {
      x.mask[row] = 0;
      std::fill_n(x.row(row), In, std::numeric_limits<float>::quiet_NaN());
    }
    dense(x.present(), x.rows(), layer.dense, y.rows());
    dense<Relu>(x.present(), x.rows(), layer.dense, rectified.rows());
    for (std::size_t row = 0; row < count; ++row)
      for (std::size_t o = 0; o < Out; ++o) {
        const float expected = x.mask[row] ? layer.output(x.row(row), o) : kUntouched;
        ASSERT_EQ(std::bit_cast<std::uint32_t>(expected),
                  std::bit_cast<std::uint32_t>(y.row(row)[o]))
            << row << ' ' << o;
        ASSERT_EQ(std::max(expected, 0.0f), rectified.row(row)[o]) << row << ' ' << o;
      }
  }
}

TEST(Dense, HasTheBitsOfItsDefinitionForAnyShapeAndBatch) {
  check_dense<23, 250>();
  check_dense<250, 13>();
  check_dense<1, 1>();
  check_dense<16, 16>();
  check_dense<5, 300>(); // more than one panel
  check_dense<3, 257>();
  check_dense<33, 65>();
}

TEST(Dense, IsCloseToDoublePrecision) {
  Layer<250, 250> layer;
  Batch<250> x = random_batch<250>(3), y(3);
  dense(x.present(), x.rows(), layer.dense, y.rows());
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t o = 0; o < 250; ++o) {
      double sum = layer.bias[o];
      for (std::size_t k = 0; k < 250; ++k)
        sum += static_cast<double>(layer.weight[o * 250 + k]) * static_cast<double>(x.row(row)[k]);
      EXPECT_NEAR(sum, y.row(row)[o], 1e-4);
    }
}

TEST(Dense, TakesConstRows) {
  Layer<4, 4> layer;
  Batch<4> x = random_batch<4>(1), y(1), z(1);
  dense(x.present(), Rows<4, const float>{x.data.data()}, layer.dense, y.rows());
  dense(x.present(), x.rows(), layer.dense, z.rows());
  EXPECT_EQ(y.data, z.data);
}

TEST(Dense, RefusesMissingTensorsAndWrongShapes) {
  test::Folder folder;
  const std::vector<float> six(6), two(2);
  const TensorToWrite tensors[] = {{"w", {2, 3}, six, {}}, {"b", {2}, two, {}}};
  ASSERT_TRUE(write_weights(folder.file("w"), tensors, {}).ok());
  auto file = WeightsFile::open(folder.file("w"));
  ASSERT_TRUE(file.ok());
  Dense<2, 3> swapped;
  test::expect_error(swapped.load(*file, "w", "b"), "'w' with shape [2, 3], expected [3, 2]");
  Dense<3, 2> good;
  test::expect_error(good.load(*file, "w", "c"), "no tensor 'c'");
  Loader loader(*file);
  loader.load(swapped, "w", "b");
  loader.load(good, "w", "c");
  test::expect_error(loader.status(), "expected [3, 2]"); // the first error stays
}

TEST(Exp, IsWithinTwoUnitsInTheLastPlace) {
  for (float x = -87.3f; x < 88.7f; x += 0.00137f) {
    const double exact = std::exp(static_cast<double>(x));
    const float near = static_cast<float>(exact);
    const double unit = std::nextafter(near, INFINITY) - near;
    ASSERT_LE(std::abs(static_cast<double>(rnet::exp(x)) - exact), 2 * unit) << x;
  }
}

TEST(Exp, HasDefinedEnds) {
  EXPECT_EQ(rnet::exp(0.0f), 1.0f);
  EXPECT_EQ(rnet::exp(-0.0f), 1.0f);
  EXPECT_EQ(rnet::exp(-100.0f), 0.0f);
  EXPECT_EQ(rnet::exp(-INFINITY), 0.0f);
  EXPECT_EQ(rnet::exp(89.0f), INFINITY);
  EXPECT_EQ(rnet::exp(INFINITY), INFINITY);
  EXPECT_TRUE(std::isnan(rnet::exp(NAN)));
}

TEST(Softmax, SumsToOneAndTakesLargeInputs) {
  Batch<13> x = random_batch<13>(3), y(3, kUntouched);
  x.row(1)[4] = 3000;
  x.mask[2] = 0;
  softmax(x.present(), x.rows(), y.rows());
  float sum = 0;
  for (std::size_t k = 0; k < 13; ++k)
    sum += y.row(0)[k];
  EXPECT_NEAR(sum, 1, 1e-6);
  EXPECT_EQ(y.row(1)[4], 1);
  EXPECT_EQ(y.row(1)[0], 0);
  EXPECT_EQ(y.row(2)[0], kUntouched);
}

TEST(Softmax, HasTheSameBitsInPlaceAndInABatch) {
  Batch<13> batch = random_batch<13>(5), out(5);
  softmax(batch.present(), batch.rows(), out.rows());
  for (std::size_t row = 0; row < 5; ++row) {
    Batch<13> one(1);
    std::copy_n(batch.row(row), 13, one.row(0));
    softmax(one.present(), one.rows(), one.rows());
    for (std::size_t k = 0; k < 13; ++k)
      EXPECT_EQ(std::bit_cast<std::uint32_t>(one.row(0)[k]),
                std::bit_cast<std::uint32_t>(out.row(row)[k]));
  }
}

TEST(Activation, ComputesPresentRowsOnly) {
  Batch<3> x = random_batch<3>(2), y(2, kUntouched), z(2, kUntouched);
  x.row(0)[0] = -2;
  x.row(0)[1] = 4;
  x.mask[1] = 0;
  activate<Relu>(x.present(), x.rows(), y.rows());
  scale(x.present(), x.rows(), 0.5f, z.rows());
  EXPECT_EQ(y.row(0)[0], 0);
  EXPECT_EQ(y.row(0)[1], 4);
  EXPECT_EQ(z.row(0)[0], -1);
  EXPECT_EQ(y.row(1)[0], kUntouched);
  EXPECT_EQ(z.row(1)[0], kUntouched);
}

TEST(Normalize, SubtractsTheMeanAndDividesByTheDeviation) {
  test::Folder folder;
  const std::vector<float> mean{1, 2}, deviation{2, 4};
  const TensorToWrite tensors[] = {{"m", {2}, mean, {}}, {"d", {2}, deviation, {}}};
  ASSERT_TRUE(write_weights(folder.file("w"), tensors, {}).ok());
  auto file = WeightsFile::open(folder.file("w"));
  ASSERT_TRUE(file.ok());
  Normalization<2> by;
  ASSERT_TRUE(by.load(*file, "m", "d").ok());
  Batch<2> x(1), y(1);
  x.row(0)[0] = 5;
  x.row(0)[1] = 4;
  normalize(x.present(), x.rows(), by, y.rows());
  EXPECT_EQ(y.row(0)[0], 2);
  EXPECT_EQ(y.row(0)[1], 0.5f);
}

template <class T> void check_join() {
  Batch<2, T> a(4), b(4), y(4, static_cast<T>(kUntouched));
  Batch<2, T> const_view(4);
  for (std::size_t row = 0; row < 4; ++row) {
    a.row(row)[0] = static_cast<T>(-0.0);
    a.row(row)[1] = 1;
    b.row(row)[0] = 3;
    b.row(row)[1] = 4;
  }
  a.mask = {1, 1, 0, 0};
  b.mask = {1, 0, 1, 0};
  std::vector<std::uint8_t> mask(4, 9);
  const Presence present{mask.data(), 4};
  join(present, y.rows(), addend(a.present(), a.rows()),
       addend(b.present(), Rows<2, const T>{b.data.data()}));
  EXPECT_EQ(mask, (std::vector<std::uint8_t>{1, 1, 1, 0}));
  EXPECT_EQ(y.row(0)[0], 3);
  EXPECT_EQ(y.row(0)[1], 5);
  EXPECT_TRUE(std::signbit(y.row(1)[0])); // not 0 + -0
  EXPECT_EQ(y.row(2)[1], 4);
  EXPECT_EQ(y.row(3)[0], static_cast<T>(kUntouched));
}

TEST(Join, AddsWhatIsPresentInFloatAndDouble) {
  check_join<float>();
  check_join<double>();
}

TEST(Join, AddsInArgumentOrder) {
  Batch<1> a(1, 1e8f), b(1, -1e8f), c(1, 1), y(1);
  join(y.present(), y.rows(), addend(a.present(), a.rows()), addend(b.present(), b.rows()),
       addend(c.present(), c.rows()));
  EXPECT_EQ(y.row(0)[0], 1);
  join(y.present(), y.rows(), addend(a.present(), a.rows()), addend(c.present(), c.rows()),
       addend(b.present(), b.rows()));
  EXPECT_EQ(y.row(0)[0], 0);
}

// Simple inputs 0 and 1; skip 2 stands in for 0, bypassing one node; 3 too, bypassing two; 4 and 5
// as a group for 1.
constexpr StandIn kGroups[] = {{0b1, 0b100, 1}, {0b1, 0b1000, 2}, {0b10, 0b110000, 1}};
constexpr Mux kFailover{MuxKind::failover, kGroups};

TEST(Mux, TakesStandInsOnlyWhereSimpleInputsAreAbsent) {
  EXPECT_EQ(kFailover.taken(0b111111), 0b11u);
  EXPECT_EQ(kFailover.taken(0b111110), 0b110u);    // the one that bypasses fewer nodes
  EXPECT_EQ(kFailover.taken(0b111010), 0b1010u);   // unless it is absent
  EXPECT_EQ(kFailover.taken(0b111101), 0b110001u); // all of a group
  EXPECT_EQ(kFailover.taken(0b101101), 0b100001u); // as far as they are present
  EXPECT_EQ(kFailover.taken(0b111100), 0b110100u); // groups of one mux are added
  EXPECT_EQ(kFailover.taken(0), 0u);
}

TEST(Mux, AddsEquallyNearStandIns) {
  constexpr StandIn groups[] = {{0b1, 0b10, 1}, {0b1, 0b100, 1}};
  const Mux mux{MuxKind::failover, groups};
  EXPECT_EQ(mux.taken(0b110), 0b110u);
  EXPECT_EQ(mux.taken(0b111), 0b1u);
}

TEST(Mux, SumTakesAll) { EXPECT_EQ((Mux{MuxKind::sum, kGroups}.taken(0b101101)), 0b101101u); }

TEST(Failover, DecidesRowByRow) {
  constexpr StandIn groups[] = {{0b1, 0b10, 1}};
  std::vector<std::uint8_t> a{1, 0, 1, 0}, b{1, 1, 0, 0}, a_taken(4, 9), b_taken(4, 9);
  const auto view = [](std::vector<std::uint8_t> &mask) {
    return Presence{mask.data(), mask.size()};
  };
  failover(Mux{MuxKind::failover, groups}, {view(a), view(b)}, {view(a_taken), view(b_taken)});
  EXPECT_EQ(a_taken, (std::vector<std::uint8_t>{1, 0, 1, 0}));
  EXPECT_EQ(b_taken, (std::vector<std::uint8_t>{0, 1, 0, 0}));
}

TEST(Missing, IsWhereNoneOfSomeIsTakenBesideOneOfOthers) {
  std::vector<std::uint8_t> simple{1, 0, 0, 0, 0}, skip{0, 1, 0, 0, 0}, left{1, 1, 1, 0, 0},
      right{0, 0, 0, 1, 0}, result(5, 9);
  const auto view = [](std::vector<std::uint8_t> &mask) {
    return Presence{mask.data(), mask.size()};
  };
  missing({view(simple), view(skip)}, {view(left), view(right)}, view(result));
  EXPECT_EQ(result, (std::vector<std::uint8_t>{0, 0, 1, 1, 0})); // none at all: nothing is missing
}

TEST(FlushDenormals, EndsWithItsScope) {
  volatile float small = FLT_MIN;
  {
    const FlushDenormals flush;
    volatile float half = small * 0.5f;
    EXPECT_EQ(half, 0.0f);
  }
  volatile float half = small * 0.5f;
  EXPECT_GT(half, 0.0f);
}

} // namespace
