// Folders of images.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "data_fixture.h"

#include <png.h>
#include <turbojpeg.h>

using namespace rnet;
using test::expect_error;

namespace {

class Images : public test::Data {
protected:
  Images() { describe({{"photo", {2, 3, 3}}}, 2, {"dog", "cat"}); }

  std::string path(const std::string &name) {
    const std::string whole = folder.file("set/" + name);
    std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
    return whole;
  }
  void png(const std::string &name, unsigned format, unsigned height, unsigned width,
           const std::vector<std::uint8_t> &pixels) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.format = format;
    image.height = height;
    image.width = width;
    ASSERT_TRUE(png_image_write_to_file(&image, path(name).c_str(), 0, pixels.data(), 0, nullptr));
  }
  void jpeg(const std::string &name, int height, int width,
            const std::vector<std::uint8_t> &pixels) {
    tjhandle encoder = tjInitCompress();
    unsigned char *bytes = nullptr;
    unsigned long size = 0;
    ASSERT_EQ(tjCompress2(encoder, pixels.data(), width, 0, height, TJPF_RGB, &bytes, &size,
                          TJSAMP_444, 100, 0),
              0);
    ASSERT_TRUE(
        write_file(path(name), std::string_view(reinterpret_cast<char *>(bytes), size)).ok());
    tjFree(bytes);
    tjDestroy(encoder);
  }
  Expected<Dataset> read(bool resize = false, bool need_labels = true) {
    return read_dataset(folder.file("set"), network, {{}, "", "", resize}, need_labels);
  }

  static std::vector<std::uint8_t> ramp(std::size_t count, int first = 0, int step = 10) {
    std::vector<std::uint8_t> pixels(count);
    for (std::size_t k = 0; k < count; ++k)
      pixels[k] = static_cast<std::uint8_t>(first + step * static_cast<int>(k));
    return pixels;
  }
};

TEST_F(Images, AreReadInTheSpecsOrderOfClasses) {
  png("cat/b.png", PNG_FORMAT_RGB, 2, 3, ramp(18, 1));
  png("cat/a.PNG", PNG_FORMAT_RGB, 2, 3, ramp(18, 2));
  png("dog/c.png", PNG_FORMAT_RGB, 2, 3, ramp(18, 3));
  folder.write("set/README.txt", "not an image, in no class");
  folder.write("set/cat/.hidden", "");
  auto dataset = read();
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(dataset->labels, (std::vector<std::int32_t>{0, 1, 1})); // dog is class 0
  EXPECT_TRUE(has_bytes(*dataset));
  std::vector<float> expected;
  for (int first : {3, 2, 1}) // then by file name
    for (std::uint8_t pixel : ramp(18, first))
      expected.push_back(pixel);
  EXPECT_EQ(values(*dataset), expected);
  EXPECT_EQ(dataset->hash.size(), 64u);
}

TEST_F(Images, AreReadInTheOrderOfFoldersWhereTheSpecNamesNoClasses) {
  describe({{"photo", {2, 3, 3}}}, 2);
  png("dog/c.png", PNG_FORMAT_RGB, 2, 3, ramp(18, 3));
  png("cat/b.png", PNG_FORMAT_RGB, 2, 3, ramp(18, 1));
  auto dataset = read();
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(values(*dataset)[0], 1); // cat
  png("eel/c.png", PNG_FORMAT_RGB, 2, 3, ramp(18, 3));
  expect_error(read(), "has folders of 3 classes; output 'activity' has 2");
  EXPECT_TRUE(read(false, /*need_labels=*/false).ok());
}

TEST_F(Images, MayBeJpegs) {
  const std::vector<std::uint8_t> pixels(18, 90);
  jpeg("cat/a.jpg", 2, 3, pixels);
  jpeg("dog/a.JPEG", 2, 3, pixels);
  auto dataset = read();
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  ASSERT_EQ(dataset->rows, 2u);
  for (float value : values(*dataset))
    EXPECT_NEAR(value, 90, 2);
}

TEST_F(Images, ComeInTheChannelsOfTheInput) {
  png("cat/grey.png", PNG_FORMAT_GRAY, 2, 3, ramp(6, 7));
  auto dataset = read();
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(values(*dataset)[3], 17); // each channel of the second pixel
  EXPECT_EQ(values(*dataset)[5], 17);
  describe({{"photo", {2, 3, 1}}}, 2, {"dog", "cat"});
  jpeg("cat/z.jpg", 2, 3, std::vector<std::uint8_t>(18, 200));
  dataset = read();
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(values(*dataset)[1], 17);
  EXPECT_NEAR(values(*dataset)[6], 200, 2);
}

TEST_F(Images, LieOnBlackWhereTheyAreTransparent) {
  std::vector<std::uint8_t> pixels(24, 255);
  pixels[3] = 0; // the first pixel's alpha
  png("cat/a.png", PNG_FORMAT_RGBA, 2, 3, pixels);
  auto dataset = read();
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_EQ(values(*dataset)[0], 0);
  EXPECT_EQ(values(*dataset)[3], 255);
}

TEST_F(Images, OfAnotherSizeAreRefusedUnlessResized) {
  png("cat/a.png", PNG_FORMAT_RGB, 4, 6, std::vector<std::uint8_t>(72, 50));
  jpeg("cat/b.jpg", 1, 1, {60, 60, 60});
  expect_error(read(), "a.png' has 6x4 pixels; the input needs 3x2 (--resize makes all images so)");
  auto dataset = read(/*resize=*/true);
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  for (std::size_t k = 0; k < 18; ++k) {
    EXPECT_EQ(values(*dataset)[k], 50);
    EXPECT_NEAR(values(*dataset)[18 + k], 60, 2);
  }
}

TEST_F(Images, AreAveragedWhereTheyShrink) {
  describe({{"photo", {1, 1, 1}}}, 2, {"dog", "cat"});
  std::vector<std::uint8_t> half(64, 0);
  std::fill_n(half.begin(), 32, 200);
  png("cat/a.png", PNG_FORMAT_GRAY, 8, 8, half);
  auto dataset = read(/*resize=*/true);
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  EXPECT_NEAR(values(*dataset)[0], 100, 1);
}

TEST_F(Images, ThatAreDamagedAreRefusedByName) {
  png("cat/a.png", PNG_FORMAT_RGB, 2, 3, ramp(18));
  const std::string good = *read_file(path("cat/a.png"));
  // Cut short, another byte, nothing, text. A byte in the pixels breaks their checksum.
  std::string flipped = good;
  flipped[flipped.find("IDAT") + 8] ^= 1;
  for (const std::string &bytes : {good.substr(0, good.size() / 2), good.substr(0, 12), flipped,
                                   std::string(), std::string("hello")}) {
    folder.write("set/cat/a.png", bytes);
    expect_error(read(), "cat/a.png' is no good PNG: ");
  }
  std::filesystem::remove(path("cat/a.png"));
  jpeg("dog/b.jpg", 2, 3, ramp(18));
  const std::string jpg = *read_file(path("dog/b.jpg"));
  for (const std::string &bytes : {jpg.substr(0, jpg.size() - 8), jpg.substr(0, jpg.size() / 2),
                                   jpg.substr(0, 3), std::string(), good}) {
    folder.write("set/dog/b.jpg", bytes);
    expect_error(read(), "dog/b.jpg' is no good JPEG: ");
  }
}

TEST_F(Images, ThatClaimToBeHugeAreRefused) {
  png("cat/a.png", PNG_FORMAT_RGB, 2, 3, ramp(18));
  std::string bytes = *read_file(path("cat/a.png"));
  // Width and height follow IHDR; its checksum is of zlib's kind.
  const std::size_t at = bytes.find("IHDR");
  bytes.replace(at + 4, 8, std::string("\0\1\0\0\0\1\0\0", 8));
  std::uint32_t crc = ~0u;
  for (std::size_t k = at; k < at + 17; ++k) {
    crc ^= static_cast<std::uint8_t>(bytes[k]);
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0u);
  }
  for (std::size_t k = 0; k < 4; ++k)
    bytes[at + 17 + k] = static_cast<char>(~crc >> (24 - 8 * k));
  folder.write("set/cat/a.png", bytes);
  expect_error(read(/*resize=*/true), "a.png' has 65536x65536 pixels, more than are taken");
}

TEST_F(Images, InOtherFoldersAreRefused) {
  expect_error(read(), "neither .npz, .csv, .bin nor a folder"); // there is none
  std::filesystem::create_directory(folder.file("set"));
  expect_error(read(), "set' has no folders of classes");
  std::filesystem::create_directory(folder.file("set/dog"));
  expect_error(read(), "set/dog' is empty; expected images");
  png("dog/a.png", PNG_FORMAT_RGB, 2, 3, ramp(18));
  png("eel/a.png", PNG_FORMAT_RGB, 2, 3, ramp(18));
  expect_error(read(), "set/eel' is the folder of no class; the classes are dog, cat");
  std::filesystem::remove_all(folder.file("set/eel"));
  folder.write("set/dog/b.webp", "RIFF");
  expect_error(read(), "b.webp' is neither .png, .jpg nor .jpeg");
  std::filesystem::remove(folder.file("set/dog/b.webp"));
  png("a.png", PNG_FORMAT_RGB, 2, 3, ramp(18));
  expect_error(read(), "a.png' is in no folder of a class");
}

TEST_F(Images, WantANetworkForThem) {
  png("dog/a.png", PNG_FORMAT_RGB, 2, 3, ramp(18));
  describe({{"photo", {18}}}, 2);
  expect_error(read(), "network 'toy' has input 'photo' of shape [18]");
  describe({{"photo", {2, 3, 4}}}, 2);
  expect_error(read(), "of shape [2, 3, 4]");
  describe({{"left", {2, 3, 3}}, {"right", {2, 3, 3}}}, 2);
  expect_error(read(), "has 2 inputs");
  describe({{"photo", {2, 3, 3}}}, 2, {"dog", "cat"});
  expect_error(read_dataset(folder.file("set"), network, {{"photo=x"}, "", "", false}),
               "parts can be selected only from .npz and .csv");
}

} // namespace
