// Datasets from .npz and CSV: what is taken, what is refused, and what the refusal says.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "data_fixture.h"

#include <cmath>

using namespace rnet;
using test::expect_error;

namespace {

class Arrays : public test::Data {
protected:
  Arrays() { describe({{"sensors", {2}}}, 3); }
  Expected<Dataset> unlabelled(const std::map<std::string, NpyArray> &arrays) {
    return npz(arrays, {}, false);
  }

  std::vector<float> numbers{1, 2, 3, 4, 5, 6};
  std::vector<std::uint8_t> classes{0, 1, 2};
  NpyArray x = array(numbers, {3, 2});
  NpyArray y = array(classes, {3});
};

TEST_F(Arrays, IsFoundByTheNetworksNames) {
  for (const char *input : {"sensors", "x"})
    for (const char *label : {"activity", "y", "label", "labels"}) {
      auto dataset = npz({{input, x}, {label, y}});
      ASSERT_TRUE(dataset.ok()) << dataset.message();
      EXPECT_EQ(dataset->rows, 3u);
      EXPECT_EQ(values(*dataset), numbers);
      EXPECT_EQ(dataset->labels, (std::vector<std::int32_t>{0, 1, 2}));
      EXPECT_TRUE(dataset->split.empty());
    }
}

TEST_F(Arrays, IsTheSameFromCsv) {
  auto from_npz = npz({{"x", x}, {"y", y}});
  ASSERT_TRUE(from_npz.ok());
  for (const char *text :
       {"1,2,0\n3,4,1\n5,6,2\n", "a,b,activity\r\n1,2,0\r\n3,4,1\r\n5,6,2\r\n",
        "y,a,b\n0,1,2\n1,3,4\n2, 5 ,6e0", "\"a\",\"b\",\"label\"\n\"1\",2,0\n3,4,1\n5,6,2"}) {
    auto dataset = csv(text);
    ASSERT_TRUE(dataset.ok()) << dataset.message();
    EXPECT_EQ(values(*dataset), values(*from_npz));
    EXPECT_EQ(dataset->labels, from_npz->labels);
    EXPECT_EQ(dataset->hash, from_npz->hash);
  }
}

TEST_F(Arrays, HasAHashOfItsValues) {
  const std::string hash = npz({{"x", x}, {"y", y}})->hash;
  EXPECT_EQ(hash.size(), 64u);
  EXPECT_EQ(hash, npz({{"sensors", x}, {"activity", y}, {"other", y}})->hash);
  classes[2] = 1;
  EXPECT_NE(hash,
            npz({{"x", x}, {"y", make_array(std::span<const std::uint8_t>(classes), {3})}})->hash);
  numbers[0] = 7;
  EXPECT_NE(hash,
            npz({{"x", make_array(std::span<const float>(numbers), {3, 2})}, {"y", y}})->hash);
}

TEST_F(Arrays, WithoutLabelsIsTakenWhereNoneAreNeeded) {
  EXPECT_TRUE(unlabelled({{"x", x}}).ok());
  EXPECT_TRUE(csv("1,2\n3,4\n", {}, false).ok());
  expect_error(npz({{"x", x}}), "has no labels: no array 'activity', 'y' or 'label'; it has x");
  expect_error(csv("1,2\n3,4\n"),
               "x (the columns but the label) has shape [2, 1]; input 'sensors' needs [rows, 2]");
}

TEST_F(Arrays, OfAnotherShapeIsRefused) {
  expect_error(npz({{"other", x}, {"y", y}}), "has no array 'sensors' or 'x'; it has other, y");
  expect_error(npz({{"x", make_array(std::span<const float>(numbers), {2, 3})}, {"y", y}}),
               "array 'x' has shape [2, 3]; input 'sensors' needs [rows, 2]");
  expect_error(npz({{"x", make_array(std::span<const float>(numbers), {6})}, {"y", y}}),
               "has shape [6]");
  expect_error(
      npz({{"x", x}, {"y", make_array(std::span<const std::uint8_t>(classes).first(2), {2})}}),
      "array 'y' has shape [2]; expected one label for each of 3 rows");
  expect_error(npz({{"x", make_array(std::vector<std::string>{"a"})}, {"y", y}}),
               "holds text; expected numbers");
  expect_error(npz({{"x", x}, {"y", make_array(std::vector<std::string>{"a"})}}), "holds text");
  expect_error(npz({{"x", make_array(std::span<const float>(numbers).first(0), {0, 2})},
                    {"y", make_array(std::span<const std::uint8_t>(classes).first(0), {0})}}),
               "has no rows");
}

TEST_F(Arrays, WithWrongLabelsIsRefused) {
  classes[1] = 3;
  expect_error(npz({{"x", x}, {"y", make_array(std::span<const std::uint8_t>(classes), {3})}}),
               "array 'y' in row 1 is 3; expected a class from 0 to 2");
  const std::vector<float> halves{0, 0.5f, 1};
  expect_error(npz({{"x", x}, {"y", make_array(std::span<const float>(halves), {3})}}),
               "in row 1 is 0.5");
  const std::vector<std::int32_t> negative{0, 1, -1};
  expect_error(npz({{"x", x}, {"y", make_array(std::span<const std::int32_t>(negative), {3})}}),
               "in row 2 is -1");
  const std::vector<float> nan{0, NAN, 1};
  expect_error(npz({{"x", x}, {"y", make_array(std::span<const float>(nan), {3})}}), "in row 1 is");
  expect_error(csv("1,2,7\n"), "column 'y' in line 1 is 7; expected a class from 0 to 2");
}

TEST_F(Arrays, ThatIsNotFiniteIsRefused) {
  numbers[3] = NAN;
  expect_error(npz({{"x", make_array(std::span<const float>(numbers), {3, 2})}, {"y", y}}),
               "array 'x' has a value that is not finite in row 1, element 1");
  const std::vector<double> large{1e300, 0, 0, 0, 0, 0};
  expect_error(npz({{"x", make_array(std::span<const double>(large), {3, 2})}, {"y", y}}),
               "row 0, element 0");
  expect_error(csv("1,2,0\n1,nan,0\n"), "line 2, column 2: 'nan' is no finite number");
}

TEST_F(Arrays, MaySayItsSplit) {
  const std::vector<std::uint8_t> parts{2, 0, 1};
  const NpyArray split = make_array(std::span<const std::uint8_t>(parts), {3});
  auto dataset = npz({{"x", x}, {"y", y}, {"split", split}});
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(dataset->split, parts);
  auto named = npz({{"x", x},
                    {"y", y},
                    {"split", make_array(std::vector<std::string>{"test", "train", "val"})}});
  ASSERT_TRUE(named.ok()) << named.message();
  EXPECT_EQ(named->split, parts);
  expect_error(
      npz({{"x", x}, {"y", y}, {"split", make_array(std::vector<std::string>{"a", "b", "c"})}}),
      "array 'split' has an unknown part in row 0");
  expect_error(npz({{"x", x}, {"y", y}, {"split", make_array(std::vector<std::string>{"test"})}}),
               "array 'split' has shape [1]; expected one part for each of 3 rows");
}

TEST_F(Arrays, InDamagedCsvIsRefused) {
  expect_error(csv(""), "is empty");
  expect_error(csv("a,b,y\n"), "has a header and no rows");
  expect_error(csv("1,2,0\n1,2\n"), "line 2 has 2 columns; expected 3");
  expect_error(csv("a,b,c\n1,2,0\n", {{"sensors=x[:, 0:2]"}, "", "", false}),
               "has no labels: no column 'activity', 'y' or 'label'; it has a, b, c, x");
  expect_error(csv("1,2,0\n1,,0\n"), "column 2: '' is no finite number");
  expect_error(csv("1,2,0\n1,2,\"0\"1\n"), "is no CSV");
}

TEST_F(Arrays, OfAnUnknownKindIsRefused) {
  expect_error(read_dataset(folder.write("d.txt", "1"), network),
               "is neither .npz, .csv, .bin nor a folder");
  expect_error(read_dataset(folder.file("none.npz"), network), "cannot read");
  expect_error(read_dataset(folder.file("none.csv"), network), "cannot read");
}

TEST_F(Arrays, OfImagesKeepTheirBytes) {
  describe({{"view", {2, 1, 3}}}, 3);
  std::vector<std::uint8_t> pixels(18);
  for (std::size_t k = 0; k < pixels.size(); ++k)
    pixels[k] = static_cast<std::uint8_t>(200 + k);
  const std::vector<float> floats(pixels.begin(), pixels.end());
  auto bytes = npz({{"view", array(pixels, {3, 2, 1, 3})}, {"y", y}});
  ASSERT_TRUE(bytes.ok()) << bytes.message();
  EXPECT_TRUE(has_bytes(*bytes));
  EXPECT_EQ(values(*bytes), floats);
  double last[6];
  bytes->copy_row(0, 2, last);
  EXPECT_EQ(last[5], 217);

  // The same values of another type are the same data.
  const std::vector<std::int64_t> longs(pixels.begin(), pixels.end());
  const std::vector<double> doubles(pixels.begin(), pixels.end());
  for (const NpyArray &same :
       {array(floats, {3, 2, 1, 3}), array(longs, {3, 2, 1, 3}), array(doubles, {3, 2, 1, 3})}) {
    auto dataset = npz({{"view", same}, {"y", y}});
    ASSERT_TRUE(dataset.ok()) << dataset.message();
    EXPECT_FALSE(has_bytes(*dataset));
    EXPECT_EQ(values(*dataset), floats);
    EXPECT_EQ(dataset->hash, bytes->hash);
  }
  expect_error(npz({{"view", array(pixels, {3, 3, 2, 1})}, {"y", y}}),
               "array 'view' has shape [3, 3, 2, 1]; input 'view' needs [rows, 2, 1, 3]");
  expect_error(npz({{"view", array(pixels, {3, 6})}, {"y", y}}), "has shape [3, 6]");
}

TEST_F(Arrays, ServeSeveralInputsByName) {
  describe({{"left", {2}}, {"right", {3}}}, 3);
  const NpyArray wide = array<double>({1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 3});
  auto dataset = npz({{"right", wide}, {"left", x}, {"y", y}});
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(values(*dataset, 0), numbers);
  EXPECT_EQ(values(*dataset, 1), (std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  expect_error(npz({{"x", x}, {"left", x}, {"y", y}}),
               "has no array 'right'; it has left, x, y: say --input right=ARRAY[:, BEGIN:END]");
  expect_error(npz({{"right", array<double>({1, 2, 3}, {1, 3})}, {"left", x}, {"y", y}}),
               "array 'right' has 1 rows; the first input has 3");
}

TEST_F(Arrays, OfATableWithoutNamesNeedNoLabelWhereNoneIsThere) {
  auto dataset = csv("1,2,0\n3,4,1\n", {}, false);
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(dataset->labels, (std::vector<std::int32_t>{0, 1}));
}

TEST_F(Arrays, OfATableAreItsColumns) {
  describe({{"a", {1}}, {"b", {1}}}, 3);
  auto dataset = csv("b,split,activity,a\n1,0,2,3\n4,2,0,6\n");
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(values(*dataset, 0), (std::vector<float>{3, 6}));
  EXPECT_EQ(values(*dataset, 1), (std::vector<float>{1, 4}));
  EXPECT_EQ(dataset->split, (std::vector<std::uint8_t>{0, 2}));
  expect_error(csv("b,activity\n1,0\n"), "has no column 'a'; it has activity, b, x");

  // A network with one input takes all columns, whatever they are called.
  describe({{"a", {2}}}, 3);
  dataset = csv("a,activity,split,b\n1,0,2,3\n");
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(values(*dataset), (std::vector<float>{1, 3}));
}

TEST_F(Arrays, AreAppended) {
  std::vector<std::uint8_t> small{7, 8};
  auto floats = npz({{"x", x}, {"y", y}}),
       bytes = npz({{"x", array(small, {1, 2})}, {"y", array<std::uint8_t>({2}, {1})}});
  ASSERT_TRUE(floats.ok() && bytes.ok());
  for (auto [first, second, bytes_stay] :
       {std::tuple(*floats, *bytes, false), {*bytes, *floats, false}, {*bytes, *bytes, true}}) {
    std::vector<float> expected = values(first);
    const std::vector<float> rest = values(second);
    expected.insert(expected.end(), rest.begin(), rest.end());
    Dataset all = first;
    all.append(second);
    EXPECT_EQ(all.rows, first.rows + second.rows);
    EXPECT_EQ(values(all), expected);
    EXPECT_EQ(has_bytes(all), bytes_stay);
    EXPECT_EQ(all.labels.back(), second.labels.back());
    EXPECT_EQ(all.hash, first.hash);
  }
}

TEST_F(Arrays, CountsClassesOfSomeRows) {
  auto dataset = npz({{"x", x}, {"y", y}});
  ASSERT_TRUE(dataset.ok());
  EXPECT_EQ(count_classes(*dataset, {0, 2}, 3), (std::vector<std::int64_t>{1, 0, 1}));
}

} // namespace
