// Weights files: what is written is read, and nothing else is.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/accuracy_table.h"
#include "rnet/core/weights_file.h"

#include "test_files.h"

#include <cstring>

using namespace rnet;
using test::expect_error;

namespace {

/// A safetensors file of this header and as many zero bytes.
std::string spell(const std::string &header, std::size_t data) {
  const std::uint64_t length = header.size();
  std::string text(8, '\0');
  std::memcpy(text.data(), &length, 8);
  return text + header + std::string(data, '\0');
}

class Weights : public testing::Test {
protected:
  void open_refuses(const std::string &header, std::size_t data, const std::string &part) {
    SCOPED_TRACE(header);
    expect_error(WeightsFile::open(folder.write("w", spell(header, data))), part);
  }
  Status write(std::map<std::string, std::string> metadata = {}) {
    const TensorToWrite tensors[] = {{"b.weight", {2, 3}, values, {}},
                                     {"a.bias", {2}, {}, doubles}};
    return write_weights(folder.file("w"), tensors, std::move(metadata));
  }

  test::Folder folder;
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const std::vector<double> doubles{0.1, 1e-300};
};

TEST_F(Weights, ReadsWhatWasWritten) {
  ASSERT_TRUE(write({{"key", "value \"quoted\""}}).ok());
  auto file = WeightsFile::open(folder.file("w"));
  ASSERT_TRUE(file.ok()) << file.message();
  EXPECT_EQ(file->metadata("key"), "value \"quoted\"");
  EXPECT_EQ(file->metadata("absent"), "");
  EXPECT_EQ(file->tensors().size(), 2u);
  std::vector<float> floats(6);
  ASSERT_TRUE(file->read("b.weight", {2, 3}, floats).ok());
  EXPECT_EQ(floats, values);
  std::vector<double> read(2);
  ASSERT_TRUE(file->read("a.bias", {2}, read).ok());
  EXPECT_EQ(read, doubles);
  EXPECT_TRUE(file->verify().ok());
}

TEST_F(Weights, ConvertsElementTypes) {
  ASSERT_TRUE(write().ok());
  auto file = WeightsFile::open(folder.file("w"));
  ASSERT_TRUE(file.ok());
  std::vector<float> floats(2);
  ASSERT_TRUE(file->read("a.bias", {2}, floats).ok());
  EXPECT_EQ(floats, (std::vector<float>{0.1f, 0.0f}));
  std::vector<double> read(6);
  ASSERT_TRUE(file->read("b.weight", {2, 3}, read).ok());
  EXPECT_EQ(read[5], 6);
}

TEST_F(Weights, AreTheSameBytesForTheSameContents) {
  ASSERT_TRUE(write({{"a", "1"}, {"b", "2"}}).ok());
  const std::string first = *read_file(folder.file("w"));
  ASSERT_TRUE(write({{"b", "2"}, {"a", "1"}}).ok());
  EXPECT_EQ(first, *read_file(folder.file("w")));
  EXPECT_EQ(folder.count(), 1u); // no temporary file is left
}

TEST_F(Weights, ReadsRefuseOtherShapesAndNames) {
  ASSERT_TRUE(write().ok());
  auto file = WeightsFile::open(folder.file("w"));
  ASSERT_TRUE(file.ok());
  std::vector<float> floats(6);
  expect_error(file->read("b.weight", {3, 2}, floats),
               "'b.weight' with shape [2, 3], expected [3, 2]");
  expect_error(file->read("b.weight", {6}, floats), "expected [6]");
  expect_error(file->read("c.weight", {6}, floats), "has no tensor 'c.weight'");
}

TEST_F(Weights, TruncatedAnywhereAreRefused) {
  ASSERT_TRUE(write({{"key", "value"}}).ok());
  const std::string whole = *read_file(folder.file("w"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    auto file = WeightsFile::open(folder.write("cut", whole.substr(0, length)));
    ASSERT_FALSE(file.ok()) << length;
    EXPECT_NE(file.message().find("/cut'"), std::string::npos) << file.message();
  }
  expect_error(WeightsFile::open(folder.write("long", whole + "x")), "bytes that no tensor uses");
}

TEST_F(Weights, WithAnyByteFlippedNeverPassAsIntact) {
  ASSERT_TRUE(write({{"key", "value"}}).ok());
  const std::string whole = *read_file(folder.file("w"));
  const std::size_t data = whole.size() - 6 * 4 - 2 * 8;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x04);
    auto file = WeightsFile::open(folder.write("flipped", flipped));
    if (at >= data)
      expect_error(file->verify(), "do not match their hash");
  }
}

TEST_F(Weights, ThatAreNoWeightsAreRefused) {
  expect_error(WeightsFile::open(folder.file("none")), "cannot open weights file");
  expect_error(WeightsFile::open(std::filesystem::path(folder.file("w")).parent_path().string()),
               "is not a regular file");
  expect_error(WeightsFile::open(folder.write("zip", "PK\3\4 this is an archive of something")),
               "is no safetensors file");
  open_refuses("", 0, "is no safetensors file");
  open_refuses("[]", 0, "header is not an object");
  open_refuses("{\"a\": 1", 0, "is damaged or is no safetensors file");
  open_refuses(std::string(100000, '['), 0, "is damaged");
  open_refuses(R"({"__metadata__": []})", 0, "metadata are not an object");
  open_refuses(R"({"__metadata__": {"a": 1}})", 0, "is damaged");
}

TEST_F(Weights, WithDamagedRecordsAreRefused) {
  open_refuses(R"({"a": 5})", 4, "is damaged");
  open_refuses(R"({"a": {"dtype":"F16","shape":[2],"data_offsets":[0,4]}})", 4, "element type F16");
  open_refuses(R"({"a": {"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "whole numbers");
  open_refuses(R"({"a": {"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4, "whole numbers");
  open_refuses(R"({"a": {"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4,
               "has no data_offsets");
  open_refuses(R"({"a": {"dtype":"F32","shape":[1]}})", 4, "data_offsets");
  open_refuses(R"({"a": {"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4,
               "larger than the file");
  open_refuses(R"({"a": {"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 4, "outside the file");
  open_refuses(R"({"a": {"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4, "outside the file");
  open_refuses(R"({"a": {"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 8,
               "its shape needs 8");
  open_refuses(R"({"a": {"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 4,
               "larger than the file");
}

TEST_F(Weights, WhoseTensorsOverlapLeaveGapsOrRepeatAreRefused) {
  const std::string one = R"("a": {"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  open_refuses("{" + one + R"(, "b": {"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4,
               "overlap");
  open_refuses("{" + one + R"(, "b": {"dtype":"F32","shape":[1],"data_offsets":[8,12]}})", 12,
               "gaps");
  open_refuses("{" + one + "}", 8, "4 bytes that no tensor uses");
  open_refuses("{" + one + ", " + one + "}", 4, "names a tensor twice");
}

TEST_F(Weights, NeedNotBeAligned) {
  const std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  )";
  for (std::size_t spaces = 0; spaces < 4; ++spaces) {
    std::string text = spell(header + std::string(spaces, ' '), 4);
    const float value = 2.5f;
    std::memcpy(text.data() + text.size() - 4, &value, 4);
    auto file = WeightsFile::open(folder.write("w", text));
    ASSERT_TRUE(file.ok()) << file.message();
    std::vector<float> read(1);
    ASSERT_TRUE(file->read("a", {1}, read).ok());
    EXPECT_EQ(read[0], 2.5f);
  }
}

TEST_F(Weights, OfAnotherNetworkAreRefused) {
  NetworkDescription network{};
  network.name = "health";
  network.scheme = "resilinet+";
  network.parameters_fingerprint = "p1";
  network.topology_fingerprint = "t1";
  auto check = [&](std::map<std::string, std::string> metadata, bool topology) {
    EXPECT_TRUE(write(std::move(metadata)).ok());
    return WeightsFile::open(folder.file("w"))->check(network, topology);
  };
  auto metadata = [](const char *parameters, const char *topology) {
    return std::map<std::string, std::string>{{"rnet.network", "other"},
                                              {"rnet.scheme", "dfg"},
                                              {"rnet.parameters", parameters},
                                              {"rnet.topology", topology}};
  };
  EXPECT_TRUE(check(metadata("p1", "t1"), true).ok());
  expect_error(check({}, false), "was not written by rnet");
  expect_error(check(metadata("p2", "t1"), false),
               "is for other parameters: it holds network 'other'");
  expect_error(check(metadata("p1", "t2"), true), "was trained for scheme dfg");
  EXPECT_TRUE(check(metadata("p1", "t2"), false).ok()); // --init
}

TEST_F(Weights, StayWhenTheNewOnesCannotBeWritten) {
  ASSERT_TRUE(write().ok());
  const TensorToWrite tensors[] = {{"w", {6}, values, {}}};
  expect_error(write_weights(folder.file("missing/w"), tensors, {}), "cannot write");
  std::filesystem::create_directory(folder.file("folder"));
  expect_error(write_weights(folder.file("folder"), tensors, {}), "cannot write");
  EXPECT_EQ(folder.count(), 2u); // no temporary file is left
  EXPECT_TRUE(WeightsFile::open(folder.file("w")).ok());
}

class Accuracy : public testing::Test {
protected:
  Accuracy() {
    network.topology_fingerprint = "t";
    network.hyperconnections = connections;
    network.nodes = nodes;
    network.outputs = outputs;
  }
  test::Folder folder;
  static constexpr HyperconnectionDescription connections[] = {
      {"a_to_b", HyperconnectionKind::simple, 0, 0, 1, 1},
      {"a_to_c", HyperconnectionKind::skip, 0, 0, 2, 1}};
  static constexpr NodeDescription nodes[] = {
      {"a", false, 0, {}, {}, {}}, {"b", false, 0, {}, {}, {}}, {"c", false, 0, {}, {}, {}}};
  static constexpr Head exits[] = {{1, 0}, {0, 0}};
  static constexpr OutputDescription outputs[] = {{"y", 2, 0, 1, {}, exits}};
  NetworkDescription network{};
};

TEST_F(Accuracy, IsFoundByTheHyperconnectionsUsed) {
  const std::string path = AccuracyTable::path_for(folder.file("w.safetensors"));
  EXPECT_EQ(path, folder.file("w.accuracy.json"));
  ASSERT_TRUE(AccuracyTable::write(path, network, "hash",
                                   {{{}, {0b11, true}, {0.75, Interval{0.5, 0.875}}, 0.625},
                                    {{"c"}, {0b01, true}, {0.25, {}}, 0.25},
                                    {{"b"}, {0, false}, {0.5, {}}, 0.25}})
                  .ok());
  auto table = AccuracyTable::read(path, network, "hash");
  ASSERT_TRUE(table.ok()) << table.message();
  const auto found = table->find({0b11, true}), old = table->find({0b01, true});
  ASSERT_TRUE(found && found->interval && old);
  EXPECT_EQ(found->value, 0.75);
  EXPECT_EQ(found->interval->low, 0.5);
  EXPECT_EQ(found->interval->high, 0.875);
  EXPECT_EQ(old->value, 0.25);
  EXPECT_FALSE(old->interval); // as in tables of before there were intervals
  EXPECT_FALSE(table->find({0b10, true}));
  EXPECT_FALSE(table->find({0, false})); // nothing flowed: there is no answer to expect anything of
}

TEST_F(Accuracy, IsFoundByTheHeadThatAnswers) {
  const std::string path = folder.file("t");
  ASSERT_TRUE(AccuracyTable::write(path, network, "hash",
                                   {{{}, {0, true}, {0.75, {}}, 0.5},
                                    {{"c"}, {0, true, 1}, {0.5, {}}, 0.5},
                                    {{"b", "c"}, {0, true, 2}, {0.25, {}}, 0.5}})
                  .ok());
  const std::string text = *read_file(path);
  auto table = AccuracyTable::read(path, network, "hash");
  ASSERT_TRUE(table.ok()) << table.message();
  for (std::size_t head = 0; head < 3; ++head)
    EXPECT_EQ(table->find({0, true, head})->value, 0.75 - 0.25 * static_cast<double>(head));
  EXPECT_FALSE(table->find({1, true, 1}));
  const std::size_t at = text.find("\"b\"", text.find("exit"));
  for (const char *other : {"\"c\"", "\"d\""}) // the output's node, and none
    expect_error(
        AccuracyTable::read(folder.write("t", text.substr(0, at) + other + text.substr(at + 3)),
                            network, "hash"),
        "names an exit that the network does not have");
}

TEST_F(Accuracy, ThatCannotBeIsRefused) {
  const std::string path = folder.file("t");
  for (const rnet::Accuracy &wrong : {rnet::Accuracy{1.5, {}},
                                      {-0.5, {}},
                                      {0.5, Interval{0.6, 0.7}},
                                      {0.5, Interval{0.3, 0.4}},
                                      {0.5, Interval{-0.1, 0.6}},
                                      {0.5, Interval{0.4, 1.1}}}) {
    ASSERT_TRUE(AccuracyTable::write(path, network, "hash", {{{}, {0b11, true}, wrong, 0.5}}).ok());
    expect_error(AccuracyTable::read(path, network, "hash"), "has an accuracy that is no fraction");
  }
  ASSERT_TRUE(AccuracyTable::write(path, network, "hash",
                                   {{{}, {0b11, true}, {0.5, Interval{0.25, 0.75}}, 0.5}})
                  .ok());
  const std::string text = *read_file(path);
  const std::size_t begin = text.find('[', text.find("interval")), end = text.find(']', begin) + 1;
  const auto with = [&](const char *ends) {
    return folder.write("t", text.substr(0, begin) + ends + text.substr(end));
  };
  expect_error(AccuracyTable::read(with("0.25"), network, "hash"), "is damaged");
  expect_error(AccuracyTable::read(with("[0.25, null]"), network, "hash"), "is damaged");
  expect_error(AccuracyTable::read(with("[0.25]"), network, "hash"), "interval of 1 ends");
  expect_error(AccuracyTable::read(with("[0.25, 0.75, 1]"), network, "hash"), "of 3 ends");
}

TEST_F(Accuracy, OfOtherWeightsOrDamagedIsRefused) {
  const std::string path = folder.file("t");
  ASSERT_TRUE(AccuracyTable::write(path, network, "hash", {}).ok());
  expect_error(AccuracyTable::read(path, network, "other"), "is of other weights");
  network.topology_fingerprint = "u";
  expect_error(AccuracyTable::read(path, network, "hash"), "is of another network or scheme");
  expect_error(AccuracyTable::read(folder.write("t", "{"), network, "hash"), "is damaged");
  expect_error(AccuracyTable::read(folder.write("t", "[]"), network, "hash"), "is damaged");
  expect_error(AccuracyTable::read(folder.write("t", R"({"schema": 2})"), network, "hash"),
               "schema other than 1");
  expect_error(AccuracyTable::read(folder.file("none"), network, "hash"), "cannot read");
}

} // namespace
