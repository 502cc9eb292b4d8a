// Selectors: which part of an array is which input.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "data_fixture.h"

#include <cmath>

using namespace rnet;
using test::expect_error;

namespace {

class Selecting : public test::Data {
protected:
  Selecting() { describe({{"chest", {2}}, {"ankle", {1}}}, 3); }

  Selection parts(std::vector<std::string> inputs, std::string label = "", std::string group = "") {
    return {std::move(inputs), std::move(label), std::move(group), false};
  }

  NpyArray x = array<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  NpyArray y = array<std::uint8_t>({0, 1}, {2});
};

TEST_F(Selecting, TakesColumnsOfOneArray) {
  for (const auto &[chest, ankle] : {std::pair("chest=x[:, 0:2]", "ankle=x[:, 2:3]"),
                                     {"chest=x[:,:2]", "ankle=x[:, 2]"},
                                     {"chest=x [ : , 0 : 2 ]", "ankle=x[:, 2:]"}}) {
    auto dataset = npz({{"x", x}, {"y", y}}, parts({chest, ankle}));
    ASSERT_TRUE(dataset.ok()) << dataset.message();
    EXPECT_EQ(values(*dataset, 0), (std::vector<float>{1, 2, 4, 5}));
    EXPECT_EQ(values(*dataset, 1), (std::vector<float>{3, 6}));
  }
  // What is not said is found by name.
  auto mixed = npz({{"x", x}, {"ankle", y}, {"y", y}}, parts({"chest=x[:, 1:3]"}));
  ASSERT_TRUE(mixed.ok()) << mixed.message();
  EXPECT_EQ(values(*mixed, 0), (std::vector<float>{2, 3, 5, 6}));
  EXPECT_EQ(values(*mixed, 1), (std::vector<float>{0, 1}));
}

TEST_F(Selecting, TakesColumnsOfATable) {
  for (const char *text : {"a,b,c,activity\n1,2,3,0\n4,5,6,1\n", "1,2,3,0\n4,5,6,1\n"}) {
    auto dataset = csv(text, parts({"chest=x[:, 0:2]", "ankle=x[:, 2]"}));
    ASSERT_TRUE(dataset.ok()) << dataset.message();
    EXPECT_EQ(values(*dataset, 0), (std::vector<float>{1, 2, 4, 5}));
    EXPECT_EQ(values(*dataset, 1), (std::vector<float>{3, 6}));
    EXPECT_EQ(dataset->labels, (std::vector<std::int32_t>{0, 1}));
  }
  auto named = csv("who,a,b,c\n0,1,2,3\n1,4,5,6\n", parts({"chest=x[:, 0:2]", "ankle=c"}, "who"));
  ASSERT_TRUE(named.ok()) << named.message();
  EXPECT_EQ(values(*named, 0), (std::vector<float>{1, 2, 4, 5}));
  EXPECT_EQ(values(*named, 1), (std::vector<float>{3, 6}));
}

TEST_F(Selecting, TakesViewsOfACamera) {
  describe({{"view0", {1, 2, 1}}, {"view1", {1, 2, 1}}}, 3);
  const NpyArray cameras = array<std::uint8_t>({1, 2, 3, 4, 5, 6, 7, 8}, {2, 2, 1, 2, 1});
  auto dataset = npz({{"x", cameras}, {"y", y}}, parts({"view0=x[:, 0]", "view1=x[:, 1]"}));
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_TRUE(has_bytes(*dataset));
  EXPECT_EQ(values(*dataset, 0), (std::vector<float>{1, 2, 5, 6}));
  EXPECT_EQ(values(*dataset, 1), (std::vector<float>{3, 4, 7, 8}));
  expect_error(npz({{"x", cameras}, {"y", y}}, parts({"view0=x[:, 0:1]", "view1=x[:, 1]"})),
               "array 'x' has shape [2, 2, 1, 2, 1], of which [2, 1, 1, 2, 1] is selected; input "
               "'view0' needs [rows, 1, 2, 1]");
}

TEST_F(Selecting, TakesLabelsAndGroups) {
  const NpyArray both = array<std::int32_t>({1, 20, 0, 10}, {2, 2});
  const std::vector<std::string> inputs{"chest=x[:, 0:2]", "ankle=x[:, 2]"};
  auto dataset = npz({{"x", x}, {"t", both}}, parts(inputs, "t[:, 0]", "t[:, 1]"));
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(dataset->labels, (std::vector<std::int32_t>{1, 0}));
  EXPECT_EQ(dataset->groups, (std::vector<std::int64_t>{1, 0}));
  auto texts =
      npz({{"x", x}, {"y", y}, {"who", make_array(std::vector<std::string>{"eve", "bob"})}},
          parts(inputs, "y", "who"));
  ASSERT_TRUE(texts.ok()) << texts.message();
  EXPECT_EQ(texts->groups, (std::vector<std::int64_t>{1, 0}));
  // Which rows go together decides which rows test: other groups are other data.
  EXPECT_NE(texts->hash, npz({{"x", x}, {"y", y}}, parts(inputs))->hash);

  auto table = csv("who,a,b,c,activity\n9,1,2,3,0\n7,4,5,6,1\n9,4,5,6,1\n",
                   parts({"chest=x[:, :2]", "ankle=x[:, 2:]"}, "", "who"));
  ASSERT_TRUE(table.ok()) << table.message();
  EXPECT_EQ(table->groups, (std::vector<std::int64_t>{1, 0, 1}));
  EXPECT_EQ(values(*table, 1), (std::vector<float>{3, 6, 6}));

  expect_error(npz({{"x", x}, {"t", both}}, parts(inputs, "t")),
               "array 't' has shape [2, 2]; expected one label for each of 2 rows");
  expect_error(npz({{"x", x}, {"y", y}}, parts(inputs, "", "x")), "expected one group for each");
  expect_error(npz({{"x", x}, {"y", y}}, parts(inputs, "", "frame")),
               "has no array 'frame'; it has x, y");
  expect_error(
      npz({{"x", x}, {"y", y}, {"g", array<double>({NAN, 1}, {2})}}, parts(inputs, "", "g")),
      "array 'g' has a value that is not finite in row 0");
}

TEST_F(Selecting, RefusesWhatIsNoSelector) {
  for (const char *selector :
       {"", "[:, 0]", "x[", "x[]", "x[0]", "x[:]", "x[:,", "x[:, a]", "x[:, -1]", "x[:, 1:2:3]",
        "x[:, 0]y", "x[0, 0]", "x[:, 99999999999999999999]"})
    expect_error(npz({{"x", x}, {"y", y}}, parts({std::string("chest=") + selector})),
                 std::string(selector) + "' names no part of an array");
}

TEST_F(Selecting, RefusesWhatIsNotThere) {
  auto refuse = [&](std::vector<std::string> inputs, const std::string &part) {
    expect_error(npz({{"x", x}, {"y", y}}, parts(std::move(inputs))), part);
  };
  refuse({"chest=z"}, "has no array 'z'; it has x, y");
  refuse({"chest=x[:, 2:4]"}, "array 'x' has shape [2, 3]: [:, 2:4] is not within its axis 1");
  refuse({"chest=x[:, 2:2]"}, "[:, 2:2] is not within");
  refuse({"chest=x[:, 3]"}, "[:, 3] is not within");
  refuse({"chest=x[:, 18446744073709551615]"}, "is not within");
  refuse({"chest=y[:, 0]"}, "array 'y' has shape [2]: it has no axis 1 to select from");
  refuse({"chest=x"}, "array 'x' has shape [2, 3]; input 'chest' needs [rows, 2]");
  expect_error(npz({{"x", array<float>({1}, {})}, {"y", y}}, parts({"chest=x"})),
               "array 'x' has no rows: it is a single value");
}

TEST_F(Selecting, RefusesOtherNames) {
  auto refuse = [&](std::vector<std::string> inputs, const std::string &part) {
    expect_error(npz({{"x", x}, {"y", y}}, parts(std::move(inputs))), part);
  };
  refuse({"x[:, 0]"}, "--input 'x[:, 0]' does not say of which input");
  refuse({"wrist=x"}, "network 'toy' has no input 'wrist'; it has chest, ankle");
  refuse({"chest=x[:, :2]", "chest=x[:, 1:]"}, "--input says twice what 'chest' is");
  expect_error(npz({{"x", x}, {"y", y}}, {{}, "", "", true}), "no folder of images");
}

} // namespace
