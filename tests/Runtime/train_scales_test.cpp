// Scales of hyperconnections that carry int8, and of layers with weights of int8, measured when
// training is over.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/element.h"
#include "rnet/train/training_run.h"

#include "toy_trainer.h"

using namespace rnet;
using namespace rnet::train;
using namespace rnet::test;

namespace {

constexpr std::size_t kRows = 100;
const std::atomic<bool> never = false;

struct Scales : testing::Test {
  Scales() {
    for (const HyperconnectionDescription &connection : toy.hyperconnections)
      connections.push_back(connection);
    connections[1].element = connections[3].element = Element::int8; // b_to_c, c_to_d
    connections[2].element = Element::bf16;                          // a_to_c
    network.hyperconnections = connections;
    options.data = write_toy_data(folder, "data.npz", kRows);
    options.out = folder.file("w");
    options.recipe = network.recipe;
  }
  WeightsFile run() {
    testing::internal::CaptureStderr();
    auto outcome = train::train(network, toy_factory(), options, never);
    testing::internal::GetCapturedStderr();
    EXPECT_TRUE(outcome.ok()) << outcome.message();
    auto file = WeightsFile::open(options.out);
    EXPECT_TRUE(file.ok()) << file.message();
    return std::move(*file);
  }
  static std::vector<double> read(const WeightsFile &file, std::size_t parameter) {
    const ParameterDescription &description = toy_described[parameter];
    std::vector<double> values(ParameterStore<double>::elements(description));
    EXPECT_TRUE(file.read(description.name, description.shape, std::span(values)).ok());
    return values;
  }

  Folder folder;
  std::vector<HyperconnectionDescription> connections;
  NetworkDescription network = trained_toy();
  TrainingOptions options;
};

/// relu(W x + b)
std::vector<double> layer(const std::vector<double> &weight, const std::vector<double> &bias,
                          const std::vector<double> &x) {
  std::vector<double> y;
  for (std::size_t unit = 0; unit < bias.size(); ++unit) {
    double sum = bias[unit];
    for (std::size_t k = 0; k < x.size(); ++k)
      sum += weight[unit * x.size() + k] * x[k];
    y.push_back(std::max(sum, 0.0));
  }
  return y;
}

TEST_F(Scales, ReachTheLargestValueOfTheTrainingRowsWithAndWithoutFailures) {
  options.trace = folder.file("trace.npz");
  const WeightsFile file = run();
  auto arrays = read_npz(options.trace);
  auto dataset = read_dataset(options.data, network);
  ASSERT_TRUE(arrays.ok() && dataset.ok());
  const NpyArray &trained = arrays->at("train");
  const auto mean = read(file, 0), deviation = read(file, 1);
  double b_to_c = 0, c_to_d = 0, c_to_d_without_b = 0;
  auto grow = [](double &largest, const std::vector<double> &values) {
    for (double value : values)
      largest = std::max(largest, value);
  };
  for (std::size_t k = 0; k < trained.size(); ++k) {
    std::vector<double> x(kInput);
    dataset->copy_row(0, static_cast<std::size_t>(trained.number(k)), x.data());
    for (std::size_t e = 0; e < kInput; ++e)
      x[e] = (x[e] - mean[e]) / deviation[e];
    const auto a = layer(read(file, 2), read(file, 3), x),
               b = layer(read(file, 4), read(file, 5), a);
    std::vector<double> sum(kWidth);
    std::ranges::transform(a, b, sum.begin(), std::plus<>());
    grow(b_to_c, b);
    grow(c_to_d, layer(read(file, 6), read(file, 7), sum));
    grow(c_to_d_without_b, layer(read(file, 6), read(file, 7), a));
  }
  ASSERT_GT(c_to_d, 0);
  float scale[1];
  ASSERT_TRUE(file.read("b_to_c.scale", {1}, scale).ok());
  EXPECT_NEAR(scale[0], b_to_c / 127, 1e-6 * b_to_c);
  ASSERT_TRUE(file.read("c_to_d.scale", {1}, scale).ok());
  const double most = std::max(c_to_d, c_to_d_without_b);
  EXPECT_NEAR(scale[0], most / 127, 1e-6 * most);
  EXPECT_EQ(file.find("a_to_c.scale"), nullptr) << "bf16 has none";
  EXPECT_EQ(file.find("b_to_d.scale"), nullptr) << "nor has f32";
}

TEST_F(Scales, ChangeNothingElseAndDoNotDependOnThreads) {
  run();
  auto bytes = [&] { return *read_file(options.out); };
  const auto first = bytes();
  options.threads = 2;
  run();
  EXPECT_EQ(bytes(), first);
  const WeightsFile narrow = run();
  network.hyperconnections = toy.hyperconnections;
  const WeightsFile wide = run();
  EXPECT_EQ(wide.tensors().size() + 2, narrow.tensors().size());
  for (std::size_t p = 0; p < std::size(toy_described); ++p)
    EXPECT_EQ(read(narrow, p), read(wide, p)) << toy_described[p].name;
}

TEST_F(Scales, OfATrainedNetworkAreMeasuredWithoutTraining) {
  network.hyperconnections = toy.hyperconnections;
  const WeightsFile wide = run();
  options.init = options.out;
  options.init_layers = true;
  options.recipe.epochs = 0;
  options.out = folder.file("narrow");
  network.hyperconnections = connections;
  const WeightsFile narrow = run();
  for (std::size_t p = 0; p < std::size(toy_described); ++p)
    EXPECT_EQ(read(narrow, p), read(wide, p)) << toy_described[p].name;
  EXPECT_NE(narrow.find("c_to_d.scale"), nullptr);
}

TEST_F(Scales, OfANetworkThatIsHardenedStayAsTheyAre) {
  const WeightsFile trained = run();
  // One tensor is missing, which hardening trains; one scale is not what it would measure.
  std::vector<std::vector<double>> values;
  std::vector<TensorToWrite> tensors;
  for (std::size_t p = 0; p + 1 < std::size(toy_described); ++p)
    values.push_back(read(trained, p));
  for (std::size_t p = 0; p < values.size(); ++p)
    tensors.push_back({std::string(toy_described[p].name),
                       {toy_described[p].shape.begin(), toy_described[p].shape.end()},
                       {},
                       values[p]});
  const float scale = 0.125;
  tensors.push_back({"c_to_d.scale", {1}, std::span(&scale, 1), {}});
  options.init = folder.file("before");
  auto metadata = trained.metadata();
  ASSERT_TRUE(write_weights(options.init, tensors, {metadata.begin(), metadata.end()}).ok());
  options.harden = true;
  const WeightsFile hardened = run();
  float kept[1], measured[1], again[1];
  ASSERT_TRUE(hardened.read("c_to_d.scale", {1}, kept).ok());
  EXPECT_EQ(kept[0], scale);
  ASSERT_TRUE(trained.read("b_to_c.scale", {1}, measured).ok());
  ASSERT_TRUE(hardened.read("b_to_c.scale", {1}, again).ok());
  EXPECT_EQ(again[0], measured[0]) << "which it did not have";
}

/// The first one is no layer's: nothing has that weight.
constexpr std::size_t one[] = {1};
constexpr ParameterDescription kScales[] = {{"e.dense1.scale", 2, one, Initializer::ones, false},
                                            {"c.dense1.scale", 2, one, Initializer::ones, false}};

struct LayerScales : Scales {
  LayerScales() : parameters(std::begin(toy_described), std::end(toy_described)) {
    parameters.insert(parameters.end(), std::begin(kScales), std::end(kScales));
    network.hyperconnections = toy.hyperconnections;
    network.parameters = parameters;
  }
  std::vector<ParameterDescription> parameters;
};

TEST_F(LayerScales, ReachTheLargestValueThatTheLayerTakes) {
  options.trace = folder.file("trace.npz");
  const WeightsFile file = run();
  auto arrays = read_npz(options.trace);
  auto dataset = read_dataset(options.data, network);
  ASSERT_TRUE(arrays.ok() && dataset.ok());
  const NpyArray &trained = arrays->at("train");
  const auto mean = read(file, 0), deviation = read(file, 1);
  double largest = 0;
  for (std::size_t k = 0; k < trained.size(); ++k) {
    std::vector<double> x(kInput);
    dataset->copy_row(0, static_cast<std::size_t>(trained.number(k)), x.data());
    for (std::size_t e = 0; e < kInput; ++e)
      x[e] = (x[e] - mean[e]) / deviation[e];
    const auto a = layer(read(file, 2), read(file, 3), x),
               b = layer(read(file, 4), read(file, 5), a);
    for (std::size_t e = 0; e < kWidth; ++e)
      largest = std::max(largest, a[e] + b[e]);
  }
  ASSERT_GT(largest, 0);
  float scale[1];
  ASSERT_TRUE(file.read("c.dense1.scale", {1}, scale).ok());
  EXPECT_NEAR(scale[0], largest / 127, 1e-6 * largest);
  EXPECT_EQ(file.find("d.dense1.scale"), nullptr) << "f32 has none";
  EXPECT_EQ(file.find("e.dense1.scale"), nullptr);
}

TEST_F(LayerScales, ChangeNothingElse) {
  const WeightsFile narrow = run();
  network.parameters = toy_described;
  const WeightsFile wide = run();
  EXPECT_EQ(wide.tensors().size() + 1, narrow.tensors().size());
  for (std::size_t p = 0; p < std::size(toy_described); ++p)
    EXPECT_EQ(read(narrow, p), read(wide, p)) << toy_described[p].name;
}

TEST_F(LayerScales, OfANetworkThatIsHardenedStayAsTheyAre) {
  const WeightsFile trained = run();
  std::vector<std::vector<double>> values;
  std::vector<TensorToWrite> tensors;
  for (std::size_t p = 0; p + 1 < std::size(toy_described); ++p) // one is missing, and trained
    values.push_back(read(trained, p));
  for (std::size_t p = 0; p < values.size(); ++p)
    tensors.push_back({std::string(toy_described[p].name),
                       {toy_described[p].shape.begin(), toy_described[p].shape.end()},
                       {},
                       values[p]});
  const float scale = 0.125;
  tensors.push_back({"c.dense1.scale", {1}, std::span(&scale, 1), {}});
  options.init = folder.file("before");
  auto metadata = trained.metadata();
  ASSERT_TRUE(write_weights(options.init, tensors, {metadata.begin(), metadata.end()}).ok());
  options.harden = true;
  const WeightsFile hardened = run();
  float kept[1];
  ASSERT_TRUE(hardened.read("c.dense1.scale", {1}, kept).ok());
  EXPECT_EQ(kept[0], scale);
}

} // namespace
