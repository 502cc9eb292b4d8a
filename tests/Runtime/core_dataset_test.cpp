// Datasets: what is taken, what is refused, and what the refusal says.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/dataset.h"
#include "rnet/core/npz.h"

#include "test_files.h"

#include <cmath>

using namespace rnet;
using test::expect_error;

namespace {

class Data : public testing::Test {
protected:
  Data() {
    network.name = "toy";
    network.inputs = inputs;
    network.outputs = outputs;
  }
  Expected<Dataset> npz(const std::map<std::string, NpyArray> &arrays, bool need_labels = true) {
    EXPECT_TRUE(write_npz(folder.file("d.npz"), arrays).ok());
    return read_dataset(folder.file("d.npz"), network, need_labels);
  }
  Expected<Dataset> csv(const std::string &text, bool need_labels = true) {
    return read_dataset(folder.write("d.csv", text), network, need_labels);
  }

  test::Folder folder;
  static constexpr std::size_t shape[] = {2};
  static constexpr InputDescription inputs[] = {{"sensors", 0, 2, shape}};
  static constexpr OutputDescription outputs[] = {{"activity", 0, 0, 3, {}}};
  NetworkDescription network{};

  std::vector<float> values{1, 2, 3, 4, 5, 6};
  std::vector<std::uint8_t> classes{0, 1, 2};
  NpyArray x = make_array(std::span<const float>(values), {3, 2});
  NpyArray y = make_array(std::span<const std::uint8_t>(classes), {3});
};

TEST_F(Data, IsFoundByTheNetworksNames) {
  for (const char *input : {"sensors", "x"})
    for (const char *label : {"activity", "y", "label", "labels"}) {
      auto dataset = npz({{input, x}, {label, y}});
      ASSERT_TRUE(dataset.ok()) << dataset.message();
      EXPECT_EQ(dataset->rows, 3u);
      EXPECT_EQ(dataset->inputs[0], values);
      EXPECT_EQ(dataset->labels, (std::vector<std::int32_t>{0, 1, 2}));
      EXPECT_TRUE(dataset->split.empty());
    }
}

TEST_F(Data, IsTheSameFromCsv) {
  auto from_npz = npz({{"x", x}, {"y", y}});
  ASSERT_TRUE(from_npz.ok());
  for (const char *text :
       {"1,2,0\n3,4,1\n5,6,2\n", "a,b,activity\r\n1,2,0\r\n3,4,1\r\n5,6,2\r\n",
        "y,a,b\n0,1,2\n1,3,4\n2, 5 ,6e0", "\"a\",\"b\",\"label\"\n\"1\",2,0\n3,4,1\n5,6,2"}) {
    auto dataset = csv(text);
    ASSERT_TRUE(dataset.ok()) << dataset.message();
    EXPECT_EQ(dataset->inputs, from_npz->inputs);
    EXPECT_EQ(dataset->labels, from_npz->labels);
    EXPECT_EQ(dataset->hash, from_npz->hash);
  }
}

TEST_F(Data, HasAHashOfItsValues) {
  const std::string hash = npz({{"x", x}, {"y", y}})->hash;
  EXPECT_EQ(hash.size(), 64u);
  EXPECT_EQ(hash, npz({{"sensors", x}, {"activity", y}, {"other", y}})->hash);
  classes[2] = 1;
  EXPECT_NE(hash,
            npz({{"x", x}, {"y", make_array(std::span<const std::uint8_t>(classes), {3})}})->hash);
  values[0] = 7;
  EXPECT_NE(hash, npz({{"x", make_array(std::span<const float>(values), {3, 2})}, {"y", y}})->hash);
}

TEST_F(Data, WithoutLabelsIsTakenWhereNoneAreNeeded) {
  EXPECT_TRUE(npz({{"x", x}}, false).ok());
  EXPECT_TRUE(csv("1,2\n3,4\n", false).ok());
  expect_error(npz({{"x", x}}), "has no labels: no array 'activity', 'y' or 'label'; it has x");
  expect_error(csv("1,2\n3,4\n"),
               "has 2 columns; input 'sensors' needs 2, and one is for the label");
}

TEST_F(Data, OfAnotherShapeIsRefused) {
  expect_error(npz({{"other", x}, {"y", y}}), "has no array 'sensors' or 'x'; it has other, y");
  expect_error(npz({{"x", make_array(std::span<const float>(values), {2, 3})}, {"y", y}}),
               "array 'x' has shape [2, 3]; input 'sensors' needs [rows, 2]");
  expect_error(npz({{"x", make_array(std::span<const float>(values), {6})}, {"y", y}}),
               "has shape [6]");
  expect_error(
      npz({{"x", x}, {"y", make_array(std::span<const std::uint8_t>(classes).first(2), {2})}}),
      "array 'y' has shape [2]; expected one label for each of 3 rows");
  expect_error(npz({{"x", make_array(std::vector<std::string>{"a"})}, {"y", y}}),
               "holds text; expected numbers");
  expect_error(npz({{"x", x}, {"y", make_array(std::vector<std::string>{"a"})}}), "holds text");
  expect_error(npz({{"x", make_array(std::span<const float>(values).first(0), {0, 2})},
                    {"y", make_array(std::span<const std::uint8_t>(classes).first(0), {0})}}),
               "has no rows");
}

TEST_F(Data, WithWrongLabelsIsRefused) {
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
  expect_error(csv("1,2,7\n"), "line 1: the label is 7; expected a class from 0 to 2");
}

TEST_F(Data, ThatIsNotFiniteIsRefused) {
  values[3] = NAN;
  expect_error(npz({{"x", make_array(std::span<const float>(values), {3, 2})}, {"y", y}}),
               "array 'x' has a value that is not finite in row 1, element 1");
  const std::vector<double> large{1e300, 0, 0, 0, 0, 0};
  expect_error(npz({{"x", make_array(std::span<const double>(large), {3, 2})}, {"y", y}}),
               "row 0, element 0");
  expect_error(csv("1,2,0\n1,nan,0\n"), "line 2, column 2: 'nan' is no finite number");
}

TEST_F(Data, MaySayItsSplit) {
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
               "array 'split' has 1 elements; there are 3 rows");
}

TEST_F(Data, InDamagedCsvIsRefused) {
  expect_error(csv(""), "is empty");
  expect_error(csv("a,b,y\n"), "has a header and no rows");
  expect_error(csv("1,2,0\n1,2\n"), "line 2 has 2 columns; expected 3");
  expect_error(csv("a,b,c\n1,2,0\n"), "none of them called 'activity', 'y' or 'label'");
  expect_error(csv("1,2,0\n1,,0\n"), "column 2: '' is no finite number");
  expect_error(csv("1,2,0\n1,2,\"0\"1\n"), "is no CSV");
}

TEST_F(Data, OfAnUnknownKindIsRefused) {
  expect_error(read_dataset(folder.write("d.txt", "1"), network), "is neither .npz nor .csv");
  expect_error(read_dataset(folder.file("none.npz"), network), "cannot read");
  expect_error(read_dataset(folder.file("none.csv"), network), "cannot read");
}

TEST_F(Data, CountsClassesOfSomeRows) {
  auto dataset = npz({{"x", x}, {"y", y}});
  ASSERT_TRUE(dataset.ok());
  EXPECT_EQ(count_classes(*dataset, {0, 2}, 3), (std::vector<std::int64_t>{1, 0, 1}));
}

} // namespace
