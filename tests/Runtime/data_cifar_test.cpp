// CIFAR-10's binary files.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "data_fixture.h"

using namespace rnet;
using test::expect_error;

namespace {

/// A row: its label, then bytes that say where they are.
std::string spell_row(int label, int seed) {
  std::string row(1, static_cast<char>(label));
  for (int k = 0; k < 3072; ++k)
    row += static_cast<char>((k * 7 + k / 1024 + seed) & 255);
  return row;
}

class Cifar : public test::Data {
protected:
  Cifar() { describe({{"image", {32, 32, 3}}}, 10); }

  /// A folder with all files, two rows each: labels 0 and 1, 2 and 3...
  std::string make_folder() {
    std::filesystem::create_directory(folder.file("cifar"));
    for (int k = 0; k < 6; ++k)
      folder.write(name(k), spell_row(2 * k % 10, k) + spell_row((2 * k + 1) % 10, k));
    return folder.file("cifar");
  }
  static std::string name(int k) {
    return k == 5 ? "cifar/test_batch.bin" : "cifar/data_batch_" + std::to_string(k + 1) + ".bin";
  }
};

TEST_F(Cifar, IsReadAsImagesOfBytes) {
  auto dataset = read_dataset(folder.write("a.bin", spell_row(3, 0) + spell_row(9, 5)), network);
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(dataset->rows, 2u);
  EXPECT_EQ(dataset->labels, (std::vector<std::int32_t>{3, 9}));
  EXPECT_TRUE(dataset->split.empty());
  EXPECT_TRUE(has_bytes(*dataset));
  const std::vector<float> found = values(*dataset);
  for (int row = 0; row < 2; ++row)
    for (int pixel = 0; pixel < 1024; ++pixel)
      for (int channel = 0; channel < 3; ++channel)
        ASSERT_EQ(
            found[static_cast<std::size_t>((row * 1024 + pixel) * 3 + channel)],
            static_cast<float>(((channel * 1024 + pixel) * 7 + channel + (row ? 5 : 0)) & 255))
            << row << ' ' << pixel << ' ' << channel;
}

TEST_F(Cifar, InAFolderSaysItsSplit) {
  auto dataset = read_dataset(make_folder(), network);
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(dataset->rows, 12u);
  EXPECT_EQ(dataset->split, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(dataset->labels, (std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1}));
  EXPECT_TRUE(has_bytes(*dataset));
  auto first = read_dataset(folder.file(name(0)), network);
  EXPECT_NE(dataset->hash, first->hash);
}

TEST_F(Cifar, ThatIsDamagedIsRefusedByFile) {
  const std::string row = spell_row(1, 0);
  expect_error(read_dataset(folder.write("a.bin", row.substr(1)), network),
               "a.bin' has 3072 bytes; expected a multiple of 3073");
  expect_error(read_dataset(folder.write("a.bin", row + row.substr(0, 1)), network),
               "it may have been truncated");
  expect_error(read_dataset(folder.write("a.bin", ""), network), "a.bin' has no rows");
  expect_error(read_dataset(folder.write("a.bin", row + spell_row(10, 0)), network),
               "a.bin': the label of row 1 is 10; expected a class from 0 to 9");
  expect_error(read_dataset(folder.file("none.bin"), network), "cannot read");
  make_folder();
  folder.write(name(3), row + "x");
  expect_error(read_dataset(folder.file("cifar"), network), "data_batch_4.bin' has 3074 bytes");
  std::filesystem::remove(folder.file(name(3)));
  expect_error(read_dataset(folder.file("cifar"), network), "data_batch_4.bin");
}

TEST_F(Cifar, WantsANetworkForIt) {
  const std::string path = folder.write("a.bin", spell_row(3, 0));
  describe({{"image", {3, 32, 32}}}, 10);
  expect_error(
      read_dataset(path, network),
      "one input of shape [32, 32, 3]; network 'toy' has input 'image' of shape [3, 32, 32]");
  describe({{"left", {32, 32, 3}}, {"right", {32, 32, 3}}}, 10);
  expect_error(read_dataset(path, network), "network 'toy' has 2 inputs");
  describe({{"image", {32, 32, 3}}}, 3);
  expect_error(read_dataset(path, network), "expected a class from 0 to 2");
  expect_error(read_dataset(path, network, {{"image=x"}, "", "", false}),
               "parts can be selected only from .npz and .csv");
  expect_error(read_dataset(path, network, {{}, "", "", true}), "is no folder of images");
}

} // namespace
