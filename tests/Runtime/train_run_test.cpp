// Whole runs over the toy network: order, failout, steps, the best epoch, refusals.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/training_run.h"

#include "rnet/core/weights_file.h"

#include "toy_trainer.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <set>

using namespace rnet;
using namespace rnet::train;
using namespace rnet::test;

namespace {

constexpr std::size_t kRows = 250, kTrained = 200, kBatches = 13; // of 16; the last has 8
const NetworkDescription network = trained_toy();
const std::atomic<bool> never = false;

std::string bytes(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct TrainingRun : testing::Test {
  TrainingRun() {
    options.data = write_toy_data(folder, "data.npz", kRows);
    options.out = folder.file("w");
    options.recipe = network.recipe;
  }

  void run() {
    testing::internal::CaptureStderr();
    auto outcome = train::train(network, toy_factory(), options, never);
    log = testing::internal::GetCapturedStderr();
    ASSERT_TRUE(outcome.ok()) << outcome.message();
    EXPECT_EQ(*outcome, Outcome::finished);
  }
  /// Runs, and gives an array of the run's trace.
  std::vector<double> traced(const std::string &name) {
    options.trace = folder.file("trace.npz");
    run();
    auto arrays = read_npz(options.trace);
    EXPECT_TRUE(arrays.ok()) << arrays.message();
    const NpyArray &array = arrays->at(name);
    std::vector<double> values;
    for (std::size_t k = 0; k < array.size(); ++k)
      values.push_back(array.number(k));
    return values;
  }
  std::vector<double> tensor(const std::string &name) {
    auto file = WeightsFile::open(options.out);
    EXPECT_TRUE(file.ok()) << file.message();
    std::vector<double> values;
    for (const ParameterDescription &description : toy_described)
      if (description.name == name) {
        values.resize(ParameterStore<double>::elements(description));
        Status status = file->read(name, description.shape, std::span<double>(values));
        EXPECT_TRUE(status.ok()) << status.message();
      }
    return values;
  }

  Folder folder;
  TrainingOptions options;
  std::string log;
};

TEST_F(TrainingRun, VisitsEveryRowOnceAnEpochEachTimeInAnotherOrder) {
  const std::vector<double> order = traced("order"), train = traced("train");
  ASSERT_EQ(train.size(), kTrained);
  ASSERT_EQ(order.size(), 3 * kTrained);
  const std::set<double> expected(train.begin(), train.end());
  std::set<std::vector<double>> epochs;
  for (std::size_t epoch = 0; epoch < 3; ++epoch) {
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(epoch * kTrained);
    const std::vector<double> visited(begin, begin + kTrained);
    EXPECT_EQ(std::set<double>(visited.begin(), visited.end()), expected);
    EXPECT_FALSE(std::is_sorted(visited.begin(), visited.end()));
    epochs.insert(visited);
  }
  EXPECT_EQ(epochs.size(), 3u);
  EXPECT_EQ(traced("order"), order) << "the same seed, the same order";
  options.recipe.seed = 8;
  EXPECT_NE(traced("order"), order);
  EXPECT_EQ(traced("train"), train) << "the split has a seed of its own";
  options.split_seed = 1;
  EXPECT_NE(traced("train"), train);
}

TEST_F(TrainingRun, CutsBatchesAndTakesTheShortLastOneToo) {
  const std::vector<double> offsets = traced("batch_offsets");
  ASSERT_EQ(offsets.size(), 3 * kBatches + 1);
  for (std::size_t step = 0; step < 3 * kBatches; ++step)
    EXPECT_EQ(offsets[step + 1] - offsets[step], step % kBatches == kBatches - 1 ? 8 : 16);
}

TEST_F(TrainingRun, DrawsOtherMasksInEveryEpochAndLosesWhatTheyTake) {
  options.failout = 0.5;
  options.recipe.epochs = 20;
  const std::vector<double> masks = traced("masks"), losses = traced("loss");
  ASSERT_EQ(masks.size(), 2 * losses.size());
  ASSERT_EQ(losses.size(), 20 * kBatches);
  for (std::size_t step = 0; step < losses.size(); ++step)
    EXPECT_EQ(std::isnan(losses[step]), masks[2 * step] == 0 && masks[2 * step + 1] == 0) << step;
  std::set<std::vector<double>> epochs;
  for (std::size_t epoch = 0; epoch < 20; ++epoch) {
    const auto begin = masks.begin() + static_cast<std::ptrdiff_t>(epoch * 2 * kBatches);
    epochs.insert({begin, begin + 2 * kBatches});
  }
  EXPECT_EQ(epochs.size(), 20u);
  EXPECT_EQ(traced("masks"), masks);
}

TEST_F(TrainingRun, TracesTheMasksOfEachRow) {
  options.failout = 0.5;
  options.recipe.failout_per_row = true;
  const std::vector<double> masks = traced("row_masks"), offsets = traced("batch_offsets");
  ASSERT_EQ(masks.size(), 2 * 3 * kTrained);
  std::size_t mixed = 0;
  for (std::size_t step = 0; step + 1 < offsets.size(); ++step) {
    std::set<double> of_b;
    for (auto row = static_cast<std::size_t>(offsets[step]); row < offsets[step + 1]; ++row)
      of_b.insert(masks[2 * row]);
    mixed += of_b.size() == 2;
  }
  EXPECT_GT(mixed, 3 * kBatches - 3);
  EXPECT_EQ(read_npz(options.trace)->count("masks"), 0u);
  EXPECT_EQ(traced("row_masks"), masks);
}

TEST_F(TrainingRun, TakesNoStepWhereNoRowIsLeft) {
  options.recipe.keep_best = false;
  options.recipe.epochs = 0;
  run();
  std::vector<std::vector<double>> first;
  for (const ParameterDescription &description : toy_described)
    first.push_back(tensor(std::string(description.name)));
  options.recipe.epochs = 2;
  options.failout = 1.0; // b and c are down in every step: nothing reaches d
  run();
  for (std::size_t p = 0; p < std::size(toy_described); ++p)
    EXPECT_EQ(tensor(std::string(toy_described[p].name)), first[p]) << toy_described[p].name;
  EXPECT_NE(log.find("loss nan"), std::string::npos) << log;
  options.failout = 0.0;
  run();
  EXPECT_NE(tensor("a.dense1.weight"), first[2]);
}

TEST_F(TrainingRun, MakesNodesAsAbsentAsASettingSays) {
  options.failout_as = "sure"; // nobody ever fails
  run();
  const std::vector<double> sure = tensor("d.dense1.weight");
  auto file = WeightsFile::open(options.out);
  ASSERT_TRUE(file.ok()) << file.message();
  EXPECT_NE(file->metadata("rnet.settings").find("\"failout\":[0.0,0.0,0.0,0.0]"),
            std::string::npos)
      << file->metadata("rnet.settings");
  options.failout_as = "normal";
  run();
  EXPECT_NE(tensor("d.dense1.weight"), sure);
  options.failout_as = "worse";
  expect_error(train::train(network, toy_factory(), options, never),
               "network 'toy' has no reliability setting 'worse'; it has: normal, sure");
}

TEST_F(TrainingRun, DistilsAsMuchAsItIsTold) {
  options.failout = 0.5;
  run();
  const std::string labels_alone = bytes(options.out);
  options.distill = 0.0;
  run();
  EXPECT_EQ(bytes(options.out), labels_alone);
  options.recipe.distill = 0.5;
  run();
  EXPECT_EQ(bytes(options.out), labels_alone) << "the option takes the place of the recipe's";
  options.distill.reset();
  run();
  const std::string distilled = bytes(options.out);
  const std::vector<double> weight = tensor("a.dense1.weight");
  EXPECT_NE(distilled.find("\\\"distill\\\":0.5"), std::string::npos) << "the header says so";
  options.distill = 0.5;
  options.recipe.distill = 0;
  options.threads = 3;
  run();
  EXPECT_EQ(bytes(options.out), distilled);
  options.distill = 0.4;
  run();
  EXPECT_NE(tensor("a.dense1.weight"), weight);

  // A network that loses no node has nothing to learn from itself.
  options.failout = 0.0;
  run();
  const std::string never_down = bytes(options.out);
  options.distill.reset();
  run();
  EXPECT_EQ(bytes(options.out), never_down);
}

TEST_F(TrainingRun, GivesTheSameBytesForAnyNumberOfThreads) {
  run();
  const std::string one = bytes(options.out);
  ASSERT_FALSE(one.empty());
  options.threads = 3;
  run();
  EXPECT_EQ(bytes(options.out), one);
  options.recipe.seed = 8;
  run();
  EXPECT_NE(bytes(options.out), one);
}

TEST_F(TrainingRun, Learns) {
  options.recipe.epochs = 60;
  run();
  auto file = WeightsFile::open(options.out);
  const auto history = nlohmann::json::parse(file->metadata("rnet.history"));
  ASSERT_EQ(history["loss"].size(), 60u);
  EXPECT_LT(history["loss"].back().get<double>(), 0.5 * history["loss"][0].get<double>());
}

TEST_F(TrainingRun, KeepsTheFirstOfTheBestEpochs) {
  options.recipe.epochs = 40;
  run();
  auto file = WeightsFile::open(options.out);
  const auto history = nlohmann::json::parse(file->metadata("rnet.history"));
  const auto accuracies = history["validation_accuracy"].get<std::vector<double>>();
  const auto best = static_cast<std::size_t>(
      std::max_element(accuracies.begin(), accuracies.end()) - accuracies.begin()); // the first
  ASSERT_LT(best + 1, 40u) << "the last epoch is the best: the test shows nothing";
  EXPECT_EQ(history["best_epoch"].get<std::size_t>(), best + 1);
  const auto kept = tensor("d.dense1.weight");
  options.recipe.epochs = best + 1;
  options.recipe.keep_best = false;
  run();
  EXPECT_EQ(tensor("d.dense1.weight"), kept);
}

TEST_F(TrainingRun, KeepsTheLastEpochAndSaysNoAccuracyWhereNoRowValidates) {
  options.train = options.data;
  options.data.clear();
  options.recipe.epochs = 2;
  run();
  EXPECT_NE(log.find("weights of epoch 2 in " + options.out), std::string::npos) << log;
  EXPECT_EQ(log.find('%'), std::string::npos) << log;
  EXPECT_EQ(log.find("nan"), std::string::npos) << log;
}

TEST_F(TrainingRun, FilesForEachPartKeepValidationApart) {
  options.train = options.data;
  options.data.clear();
  options.validation = write_toy_data(folder, "validation.npz", 30, 2);
  EXPECT_EQ(traced("train").size(), kRows);
  const auto validation = traced("validation");
  ASSERT_EQ(validation.size(), 30u);
  EXPECT_EQ(validation.front(), kRows);
  for (double row : traced("order"))
    ASSERT_LT(row, kRows);
  EXPECT_TRUE(traced("test").empty());
}

TEST_F(TrainingRun, SaysWhatIsMissing) {
  auto message = [&] {
    auto outcome = train::train(network, toy_factory(), options, never);
    return outcome.ok() ? "no error" : outcome.message();
  };
  const std::string data = std::exchange(options.data, "");
  EXPECT_EQ(message(), "--data is required (or --train and --validation)");
  options.data = data;
  const std::string out = std::exchange(options.out, "");
  EXPECT_EQ(message(), "--out is required");
  options.out = out;
  options.data = folder.file("none.npz");
  EXPECT_NE(message().find("none.npz"), std::string::npos) << message();
  options.data = write_toy_data(folder, "one.npz", 1); // eight tenths of one row
  EXPECT_EQ(message(), "there are no training rows in '" + options.data + "'");
  options.data = data;
  options.init = folder.write("init", "no weights");
  EXPECT_NE(message().find("is truncated or is no safetensors file"), std::string::npos)
      << message();
  EXPECT_FALSE(std::filesystem::exists(out));
  options.init.clear();
  NetworkDescription other = network;
  other.scheme = "dfg";
  options.failout = 0.1;
  expect_error(train::train(other, toy_factory(), options, never),
               "scheme dfg trains without failout: --failout is for resilinet and resilinet+");
  options.failout.reset();
  options.distill = 0.5;
  expect_error(train::train(other, toy_factory(), options, never),
               "scheme dfg trains without failout: --distill is for resilinet and resilinet+");
}

TEST_F(TrainingRun, HardensNoNetworkWithABatchNormalisation) {
  run();
  std::vector<ParameterDescription> parameters(network.parameters.begin(),
                                               network.parameters.end());
  parameters.push_back({"b.batch_norm1.variance", 1, toy_wide, Initializer::ones, false});
  NetworkDescription normalized = network;
  normalized.parameters = parameters;
  options.harden = true;
  options.init = options.out;
  options.out = folder.file("hard");
  auto outcome = train::train(normalized, toy_factory(), options, never);
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.message().find("cannot keep a batch normalisation"), std::string::npos)
      << outcome.message();
}

} // namespace
