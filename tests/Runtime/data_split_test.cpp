// How rows are dealt to training, validation and test, and remembered.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/data/split.h"

#include "test_files.h"

#include <algorithm>
#include <numeric>
#include <set>

using namespace rnet;
using test::expect_error;

namespace {

Dataset rows(std::size_t count) {
  Dataset dataset;
  dataset.rows = count;
  return dataset;
}

std::vector<std::int64_t> range(std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(end - begin));
  std::iota(numbers.begin(), numbers.end(), begin);
  return numbers;
}

TEST(Split, IsEightyTenTenAndDisjoint) {
  const Split split = make_split(rows(10729), SplitKind::random, 0);
  EXPECT_EQ(split.train.size(), 8583u);
  EXPECT_EQ(split.validation.size(), 1072u);
  EXPECT_EQ(split.test.size(), 1074u);
  std::vector<std::int64_t> all = split.train;
  all.insert(all.end(), split.validation.begin(), split.validation.end());
  all.insert(all.end(), split.test.begin(), split.test.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, range(0, 10729));
  EXPECT_TRUE(std::is_sorted(split.test.begin(), split.test.end()));
}

TEST(Split, FollowsTheSeedAlone) {
  auto test = [](std::uint64_t seed) {
    return make_split(rows(100), SplitKind::random, seed).test;
  };
  EXPECT_EQ(test(3), test(3));
  EXPECT_NE(test(3), test(4));
}

TEST(Split, FollowsTheArrayOfTheFile) {
  Dataset dataset = rows(4);
  dataset.split = {2, 0, 1, 0};
  const Split split = make_split(dataset, SplitKind::array, 9);
  EXPECT_EQ(split.train, (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(split.validation, (std::vector<std::int64_t>{2}));
  EXPECT_EQ(split.test, (std::vector<std::int64_t>{0}));
  // Unless another one is asked for.
  EXPECT_EQ(make_split(dataset, SplitKind::contiguous).test, (std::vector<std::int64_t>{3}));
}

TEST(Split, MayFollowTheOrderOfRows) {
  for (std::uint64_t seed : {0, 7}) {
    const Split split = make_split(rows(25), SplitKind::contiguous, seed);
    EXPECT_EQ(split.train, range(0, 20));
    EXPECT_EQ(split.validation, range(20, 22));
    EXPECT_EQ(split.test, range(22, 25));
  }
}

/// Ten groups of different sizes, all mixed up.
Dataset grouped() {
  Dataset dataset = rows(60);
  for (std::int64_t row = 0; row < 60; ++row)
    dataset.groups.push_back(row % 11 % 10);
  return dataset;
}

TEST(Split, KeepsGroupsTogether) {
  const Dataset dataset = grouped();
  for (SplitKind kind : {SplitKind::random, SplitKind::contiguous}) {
    const Split split = make_split(dataset, kind, 5);
    EXPECT_EQ(split.train.size() + split.validation.size() + split.test.size(), 60u);
    std::vector<std::set<std::int64_t>> groups;
    for (const auto *part : {&split.train, &split.validation, &split.test}) {
      EXPECT_TRUE(std::is_sorted(part->begin(), part->end()));
      auto &found = groups.emplace_back();
      for (std::int64_t row : *part)
        found.insert(dataset.groups[static_cast<std::size_t>(row)]);
    }
    EXPECT_EQ(groups[0].size(), 8u);
    EXPECT_EQ(groups[1].size(), 1u);
    EXPECT_EQ(groups[2].size(), 1u);
    for (const auto &[a, b] : {std::pair(0, 1), {0, 2}, {1, 2}})
      for (std::int64_t group : groups[static_cast<std::size_t>(a)])
        EXPECT_EQ(groups[static_cast<std::size_t>(b)].count(group), 0u);
    if (kind == SplitKind::contiguous) { // in ascending order
      EXPECT_EQ(*groups[0].rbegin(), 7);
      EXPECT_EQ(*groups[1].begin(), 8);
      EXPECT_EQ(*groups[2].begin(), 9);
    }
  }
  EXPECT_NE(make_split(dataset, SplitKind::random, 1).test,
            make_split(dataset, SplitKind::random, 2).test);
}

class Memory : public testing::Test {
protected:
  /// What a weights file with this metadata says.
  Expected<SplitMetadata> read(const std::map<std::string, std::string> &metadata) {
    const float value[] = {1};
    const TensorToWrite tensor{"w", {1}, value, {}};
    EXPECT_TRUE(write_weights(folder.file("w"), std::span(&tensor, 1), metadata).ok());
    auto weights = WeightsFile::open(folder.file("w"));
    EXPECT_TRUE(weights.ok()) << weights.message();
    return SplitMetadata::read(*weights);
  }
  test::Folder folder;
};

TEST_F(Memory, OfASplitIsWrittenAndRead) {
  for (SplitKind kind :
       {SplitKind::random, SplitKind::contiguous, SplitKind::array, SplitKind::files}) {
    const SplitMetadata written{
        kind, 7, {{"chest=x[:, 0:5]", "ankle=y"}, "z[:, 1]", "who", true}, "ab", "cd", {1, 2}};
    std::map<std::string, std::string> metadata;
    written.write(metadata);
    auto found = read(metadata);
    ASSERT_TRUE(found.ok()) << found.message();
    EXPECT_EQ(found->kind, kind);
    EXPECT_EQ(found->seed, 7u);
    EXPECT_EQ(found->selection.inputs, written.selection.inputs);
    EXPECT_EQ(found->selection.label, "z[:, 1]");
    EXPECT_EQ(found->selection.group, "who");
    EXPECT_TRUE(found->selection.resize);
    EXPECT_EQ(found->dataset_hash, "ab");
    EXPECT_EQ(found->test_hash, "cd");
    EXPECT_EQ(found->class_counts, (std::vector<std::int64_t>{1, 2}));
  }
}

TEST_F(Memory, ThatIsDamagedIsRefused) {
  std::map<std::string, std::string> metadata;
  SplitMetadata().write(metadata);
  const std::string good = metadata["rnet.split"];
  expect_error(read({}), "does not say how its data were split");
  for (const auto &[from, to] : {std::pair<std::string, std::string>{"\"random\"", "3"},
                                 {"\"seed\":0", "\"seed\":-"},
                                 {"\"inputs\":[]", "\"inputs\":[1]"},
                                 {"\"by\"", "\"bye\""},
                                 {"false", "0"}}) {
    std::string bad = good;
    ASSERT_NE(bad.find(from), std::string::npos) << bad << from;
    bad.replace(bad.find(from), from.size(), to);
    expect_error(read({{"rnet.split", bad}}), "does not say how its data were split");
  }
  std::string unknown = good;
  unknown.replace(unknown.find("random"), 6, "astral");
  expect_error(read({{"rnet.split", unknown}}), "data that were split in an unknown way");
}

TEST_F(Memory, SaysWhichRowsScore) {
  Dataset dataset = grouped();
  dataset.hash = "ab";
  SplitMetadata metadata;
  metadata.dataset_hash = "ab";
  metadata.kind = SplitKind::contiguous;
  EXPECT_TRUE(metadata.check_test_data(dataset).ok());
  EXPECT_EQ(metadata.test_rows(dataset), make_split(dataset, SplitKind::contiguous).test);
  metadata.kind = SplitKind::array;
  expect_error(metadata.check_test_data(dataset), "data that say how they are split");
  metadata.kind = SplitKind::files;
  expect_error(metadata.check_test_data(dataset), "trained without test rows");
  metadata.test_hash = "ab";
  EXPECT_TRUE(metadata.check_test_data(dataset).ok());
  EXPECT_EQ(metadata.test_rows(dataset), range(0, 60));
  dataset.hash = "cd";
  expect_error(metadata.check_test_data(dataset), "not the data that the weights were trained on");
}

TEST(SplitMetadataTest, SeedsTellPartsApartOnlyWhereTheyAreRandom) {
  for (SplitKind kind :
       {SplitKind::random, SplitKind::contiguous, SplitKind::array, SplitKind::files}) {
    SplitMetadata one, two;
    one.kind = two.kind = kind;
    two.seed = 1;
    EXPECT_EQ(one.same_parts(two), kind != SplitKind::random);
    two = one;
    two.dataset_hash = "other";
    EXPECT_FALSE(one.same_parts(two));
  }
}

} // namespace
