// NumPy archives.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/npz.h"

#include "test_files.h"

#include <zip.h>

using namespace rnet;
using test::expect_error;

namespace {

/// A .npy with this dictionary and data.
std::string spell(const std::string &dictionary, const std::string &data) {
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(dictionary.size() & 255);
  text += static_cast<char>(dictionary.size() >> 8);
  return text + dictionary + data;
}

std::string dictionary(const std::string &descr, const std::string &shape,
                       const std::string &fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

class Npz : public testing::Test {
protected:
  /// An archive with one entry of these bytes.
  std::string archive(const std::string &bytes) {
    const std::string path = folder.file("x.npz");
    int code = 0;
    zip_t *zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    zip_file_add(zip, "x.npy", zip_source_buffer(zip, bytes.data(), bytes.size(), 0), 0);
    zip_set_file_compression(zip, 0, ZIP_CM_STORE, 0);
    EXPECT_EQ(zip_close(zip), 0);
    return path;
  }
  void refuses(const std::string &bytes, const std::string &part) {
    SCOPED_TRACE(bytes.substr(0, 200));
    expect_error(read_npz(archive(bytes)), "array 'x' " + part);
  }
  test::Folder folder;
};

TEST_F(Npz, ReadsWhatWasWritten) {
  const std::vector<float> floats{1.5f, -2, 3, 4, 5, 6};
  const std::vector<std::int64_t> longs{-1, 1ll << 40};
  const std::vector<std::uint8_t> bytes{0, 255};
  ASSERT_TRUE(write_npz(folder.file("a.npz"),
                        {{"output/0", make_array(std::span(floats), {2, 3})},
                         {"longs", make_array(std::span(longs), {2})},
                         {"bytes", make_array(std::span(bytes), {2, 1})},
                         {"text", make_array(std::vector<std::string>{"fog1", "edge12"})}})
                  .ok());
  auto arrays = read_npz(folder.file("a.npz"));
  ASSERT_TRUE(arrays.ok()) << arrays.message();
  ASSERT_EQ(arrays->size(), 4u);
  const NpyArray &output = arrays->at("output/0");
  EXPECT_EQ(output.shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(output.kind, 'f');
  EXPECT_EQ(output.number(1), -2);
  EXPECT_EQ(arrays->at("longs").number(1), 1099511627776.0);
  EXPECT_EQ(arrays->at("longs").number(0), -1);
  EXPECT_EQ(arrays->at("bytes").number(1), 255);
  EXPECT_EQ(arrays->at("text").text(0), "fog1");
  EXPECT_EQ(arrays->at("text").text(1), "edge12");
}

TEST_F(Npz, IsTheSameBytesForTheSameArrays) {
  const std::vector<float> floats{1, 2};
  for (const char *name : {"a", "b"})
    ASSERT_TRUE(write_npz(folder.file(name), {{"x", make_array(std::span(floats), {2})}}).ok());
  EXPECT_EQ(*read_file(folder.file("a")), *read_file(folder.file("b")));
}

TEST_F(Npz, ReadsScalarsAndEmptyArrays) {
  auto arrays = read_npz(archive(spell(dictionary("<f8", "()"), std::string(8, '\0'))));
  ASSERT_TRUE(arrays.ok()) << arrays.message();
  EXPECT_EQ(arrays->at("x").size(), 1u);
  arrays = read_npz(archive(spell(dictionary("<f4", "(0, 23)"), "")));
  ASSERT_TRUE(arrays.ok()) << arrays.message();
  EXPECT_EQ(arrays->at("x").size(), 0u);
}

TEST_F(Npz, RefusesOtherTypesAndOrders) {
  const std::string data(8, '\0');
  refuses(spell(dictionary(">f4", "(2,)"), data), "is big endian");
  refuses(spell(dictionary("<f2", "(4,)"), data), "has half-precision numbers");
  refuses(spell(dictionary("<c8", "(1,)"), data), "has elements of kind 'c'");
  refuses(spell(dictionary("|O", "(1,)"), data), "has a type that is not a plain number or text");
  refuses(spell(dictionary("<i3", "(1,)"), data), "has numbers of 3 bytes");
  refuses(spell(dictionary("<f16", "(1,)"), data), "has numbers of 16 bytes");
  refuses(spell(dictionary("<f4", "(2, 1)", "True"), data), "is in Fortran order");
}

TEST_F(Npz, RefusesDamage) {
  const std::string good = spell(dictionary("<f4", "(2,)"), std::string(8, '\0'));
  for (std::size_t length = 0; length < good.size(); ++length)
    expect_error(read_npz(archive(good.substr(0, length))), "array 'x' ");
  refuses(good + "x", "has 9 bytes of data, but its shape needs 8");
  refuses(spell("{'descr': '<f4', 'fortran_order': False}", ""), "has no shape");
  refuses(spell(std::string(5000, ' '), ""), "has a type that is not");
  refuses(spell(dictionary("<f4", "(2x,)"), std::string(8, '\0')), "has no shape");
  refuses(spell(dictionary("<f4", "(4294967296, 4294967296)"), ""), "is too large");
  refuses(spell(dictionary("<f4", "(99999999999999999999999,)"), ""), "is too large");
}

TEST_F(Npz, RefusesWhatIsNoArchive) {
  expect_error(read_npz(folder.file("none.npz")), "cannot read");
  expect_error(read_npz(folder.write("text.npz", "hello")), "cannot read");
  const std::string bytes =
      *read_file(archive(spell(dictionary("<f4", "(2,)"), std::string(8, '\1'))));
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(read_npz(folder.write("cut.npz", bytes.substr(0, length))).ok()) << length;
}

TEST_F(Npz, NoticesAFlippedByteOfData) {
  std::string bytes =
      *read_file(archive(spell(dictionary("<f4", "(64,)"), std::string(256, '\1'))));
  const std::size_t at = bytes.find(std::string(3, '\1'));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 1] = 2;
  expect_error(read_npz(folder.write("flipped.npz", bytes)), "is damaged");
}

} // namespace
