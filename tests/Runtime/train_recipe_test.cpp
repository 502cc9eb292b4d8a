// Whole runs by what a recipe and the command line may say: splits, selections, decay, schedules,
// class weights, augmentation.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "training_data.h"

#include "rnet/core/weights_file.h"
#include "rnet/train/network_trainer.h"

#include "toy_trainer.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include <fstream>

using namespace rnet;
using namespace rnet::train;
using namespace rnet::test;

namespace {

constexpr std::size_t kRows = 100;
const NetworkDescription network = trained_toy();
/// The toy whose input is an image of one row of pixels.
constexpr std::size_t kImage[] = {1, kInput, 1};
constexpr InputDescription kImages[] = {{"x", 0, kInput, kImage}};

/// The bytes of a weights file's tensors: without its header, which says how they were trained.
std::string tensors(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::uint64_t header = 0;
  file.read(reinterpret_cast<char *>(&header), sizeof header);
  file.seekg(static_cast<std::streamoff>(header), std::ios::cur);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The output node, which asks to stop after so many passes forward.
class Stopping final : public NodeTrainer<float> {
public:
  Stopping(std::unique_ptr<NodeTrainer<float>> node, std::size_t after, std::atomic<bool> &stop)
      : node_(std::move(node)), left_(after), stop_(stop) {}
  std::span<const Parameter<float>> parameters() override { return node_->parameters(); }
  void forward(StepContext &step, std::span<const Tensor<const float>> inputs, Presence alive,
               std::span<Tensor<const float>> outputs) override {
    node_->forward(step, inputs, alive, outputs);
    stop_ = --left_ == 0;
  }
  void backward(StepContext &step, std::span<const Tensor<const float>> gradients,
                std::span<Tensor<const float>> input_gradients) override {
    node_->backward(step, gradients, input_gradients);
  }

private:
  std::unique_ptr<NodeTrainer<float>> node_;
  std::size_t left_;
  std::atomic<bool> &stop_;
};

struct Recipe : testing::Test {
  Recipe() {
    options.data = write_toy_data(folder, "data.npz", kRows);
    options.out = folder.file("w");
    options.recipe = network.recipe;
    images.inputs = kImages;
  }

  Expected<Outcome> try_run(const NetworkDescription &network, const std::atomic<bool> &interrupt) {
    testing::internal::CaptureStderr();
    auto outcome = train::train(network, toy_factory(), options, interrupt);
    testing::internal::GetCapturedStderr();
    return outcome;
  }
  /// The tensors that a whole run gives.
  std::string run(const NetworkDescription &network = ::network) {
    auto outcome = try_run(network, never);
    EXPECT_TRUE(outcome.ok()) << outcome.message();
    return tensors(options.out);
  }
  SplitMetadata metadata() {
    auto file = WeightsFile::open(options.out);
    EXPECT_TRUE(file.ok()) << file.message();
    auto split = SplitMetadata::read(*file);
    EXPECT_TRUE(split.ok()) << split.message();
    return *split;
  }
  /// The toy's data as images, with more arrays.
  std::string write_images(const std::map<std::string, NpyArray> &more = {}) {
    auto arrays = *read_npz(options.data);
    arrays["x"].shape = {kRows, 1, kInput, 1};
    arrays.insert(more.begin(), more.end());
    EXPECT_TRUE(write_npz(folder.file("images.npz"), arrays).ok());
    return folder.file("images.npz");
  }
  int command(std::vector<std::string> words, const NetworkDescription &network = ::network) {
    words.insert(words.begin(), "toy-train");
    std::vector<char *> argv;
    for (std::string &word : words)
      argv.push_back(word.data());
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const int code =
        train::main(static_cast<int>(argv.size()), argv.data(), network, toy_factory());
    said = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
    return code;
  }

  Folder folder;
  TrainingOptions options;
  NetworkDescription images = network;
  std::string said;
  const std::atomic<bool> never = false;
};

//===-- Data ----------------------------------------------------------------------------------===//

TEST_F(Recipe, SplitsAsItIsTold) {
  auto data = [&] {
    auto read = read_training_data(network, options);
    EXPECT_TRUE(read.ok()) << read.message();
    return std::move(*read);
  };
  EXPECT_EQ(data().metadata.kind, SplitKind::random);
  options.split = SplitKind::contiguous;
  TrainingData found = data();
  EXPECT_EQ(found.metadata.kind, SplitKind::contiguous);
  EXPECT_EQ(found.split.train.back(), 79);
  EXPECT_EQ(found.split.test.front(), 90);

  // The data's own split, unless another is asked for.
  auto arrays = *read_npz(options.data);
  std::vector<std::uint8_t> split(kRows, 0), who;
  split[3] = 2;
  for (std::size_t row = 0; row < kRows; ++row)
    who.push_back(static_cast<std::uint8_t>(row % 10 + 5));
  arrays["split"] = make_array(std::span<const std::uint8_t>(split), {kRows});
  arrays["who"] = make_array(std::span<const std::uint8_t>(who), {kRows});
  options.data = folder.file("split.npz");
  ASSERT_TRUE(write_npz(options.data, arrays).ok());
  EXPECT_EQ(data().split.train.back(), 79);
  options.split.reset();
  EXPECT_EQ(data().metadata.kind, SplitKind::array);
  EXPECT_EQ(data().split.test, (std::vector<std::int64_t>{3}));
  options.selection.group = "who";
  EXPECT_EQ(data().metadata.kind, SplitKind::random);
  options.split = SplitKind::contiguous;
  found = data();
  ASSERT_EQ(found.split.test.size(), 10u);
  for (std::int64_t row : found.split.test)
    EXPECT_EQ(row % 10, 9);
  EXPECT_EQ(found.metadata.selection.group, "who");
}

TEST_F(Recipe, RemembersWhatInTheDataIsWhat) {
  auto arrays = *read_npz(options.data);
  arrays["z"] = arrays["x"];
  arrays.erase("x");
  options.data = folder.file("z.npz");
  ASSERT_TRUE(write_npz(options.data, arrays).ok());
  expect_error(try_run(network, never), "has no array 'x'");
  options.selection = {{"x=z[:, 0:]"}, "y", "", false};
  run();
  EXPECT_EQ(metadata().selection.inputs, (std::vector<std::string>{"x=z[:, 0:]"}));
  EXPECT_EQ(metadata().selection.label, "y");
}

TEST(ClassWeights, AreTheSameForEachClassThatHasRows) {
  const std::vector<float> weights = balance_classes({294, 813, 0, 7});
  EXPECT_FLOAT_EQ(weights[0], 1114.0f / (3 * 294));
  EXPECT_FLOAT_EQ(weights[1], 1114.0f / (3 * 813));
  EXPECT_EQ(weights[2], 0);
  EXPECT_FLOAT_EQ(weights[3], 1114.0f / (3 * 7));
  EXPECT_EQ(balance_classes({5, 5}), (std::vector<float>{1, 1}));
}

//===-- Steps ---------------------------------------------------------------------------------===//

TEST_F(Recipe, DecidesTheWeights) {
  const std::string plain = run();
  EXPECT_EQ(run(), plain);
  std::vector<std::string> found{plain};
  auto other = [&](auto change) {
    const TrainingRecipe kept = options.recipe;
    change(options.recipe);
    const std::string weights = run();
    EXPECT_EQ(std::count(found.begin(), found.end(), weights), 0) << found.size();
    found.push_back(weights);
    options.recipe = kept;
  };
  other([](auto &r) { r.weight_decay = 0.1; });
  other([](auto &r) { r.balanced = true; });
  other([](auto &r) { r.schedule = Schedule::cosine; });
  other([](auto &r) { r.warmup = 1; });
  other([](auto &r) {
    r.schedule = Schedule::step;
    r.schedule_factor = 0.1;
  });
  // A schedule that changes nothing within the run.
  options.recipe.schedule = Schedule::step;
  options.recipe.schedule_factor = 0.1;
  options.recipe.schedule_every = 3;
  EXPECT_EQ(run(), plain);
}

TEST_F(Recipe, OfBalancedClassesLearnsTheRareOne) {
  // One row in twenty is of class 1, and looks nearly like the others: a loss that counts rows
  // gives it up.
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<float> x(400 * kInput);
  std::vector<std::int32_t> y(400);
  for (std::size_t row = 0; row < 400; ++row) {
    y[row] = row % 20 == 0;
    for (std::size_t k = 0; k < kInput; ++k)
      x[row * kInput + k] = normal(random) + 0.8f * static_cast<float>(y[row]);
  }
  options.data = folder.file("rare.npz");
  ASSERT_TRUE(write_npz(options.data, {{"x", make_array(std::span<const float>(x), {400, kInput})},
                                       {"y", make_array(std::span<const std::int32_t>(y), {400})}})
                  .ok());
  options.recipe.epochs = 4;
  options.recipe.keep_best = false;
  options.recipe.rate = 3e-3;
  auto recall = [&] {
    run();
    auto file = WeightsFile::open(options.out);
    ThreadPool threads(1);
    NetworkTrainer<float> trainer(network, make_toy_trainers<float>(64), 64, threads);
    for (const Parameter<float> &parameter : trainer.parameters())
      EXPECT_TRUE(
          file->read(parameter.description->name, parameter.description->shape, parameter.value)
              .ok());
    auto dataset = read_dataset(options.data, network);
    std::vector<std::int64_t> rare;
    for (std::int64_t row = 0; row < 400; row += 20)
      rare.push_back(row);
    return trainer.count_right(*dataset, rare);
  };
  const std::size_t plain = recall();
  options.recipe.balanced = true;
  EXPECT_GE(recall(), plain + 8) << plain;
}

//===-- Augmentation --------------------------------------------------------------------------===//

TEST_F(Recipe, ThatChangesImagesGivesTheSameBytesHoweverItRuns) {
  options.data = write_images();
  const std::string plain = run(images);
  options.recipe.augmentation = {20, 0.2, true};
  options.recipe.schedule = Schedule::cosine; // of the step in the run, wherever it starts
  options.recipe.weight_decay = 0.01;
  const std::string changed = run(images);
  EXPECT_NE(changed, plain);
  options.threads = 3;
  EXPECT_EQ(run(images), changed);
  // Stopped in the middle of an epoch, and again in the next.
  for (std::size_t steps : {2, 5}) {
    std::atomic<bool> stop = false;
    TrainerFactory stopping = toy_factory();
    stopping.f32 = [&](std::size_t capacity) {
      auto nodes = make_toy_trainers<float>(capacity);
      nodes[3] = std::make_unique<Stopping>(std::move(nodes[3]), steps, stop);
      return nodes;
    };
    testing::internal::CaptureStderr();
    auto outcome = train::train(images, stopping, options, stop);
    testing::internal::GetCapturedStderr();
    ASSERT_TRUE(outcome.ok()) << outcome.message();
    ASSERT_EQ(*outcome, Outcome::interrupted);
    options.resume = true;
  }
  options.recipe.augmentation.shift = 0.1;
  expect_error(try_run(images, never), "is of a run with shift 0.2, now 0.1");
  options.recipe.augmentation.shift = 0.2;
  EXPECT_EQ(run(images), changed);
}

TEST_F(Recipe, ChangesTrainingRowsOnly) {
  // Means and deviations, and validation, see the images as they are.
  options.data = write_images();
  options.recipe.rate = 0;
  run(images);
  auto history = [&] {
    auto file = WeightsFile::open(options.out);
    return nlohmann::json::parse(file->metadata("rnet.history"));
  };
  auto mean = [&] {
    auto file = WeightsFile::open(options.out);
    std::vector<float> values(kInput);
    EXPECT_TRUE(file->read("x.mean", {kInput}, values).ok());
    return values;
  };
  const auto before = history();
  const auto before_mean = mean();
  options.recipe.augmentation = {0, 0.5, true};
  run(images);
  EXPECT_EQ(history()["validation_accuracy"], before["validation_accuracy"]);
  EXPECT_NE(history()["loss"], before["loss"]);
  EXPECT_EQ(mean(), before_mean);
}

TEST_F(Recipe, ThatChangesImagesNeedsSome) {
  options.recipe.augmentation.flip = true;
  expect_error(try_run(network, never),
               "the recipe changes images, but network 'toy' has no input of shape");
}

//===-- The command line ----------------------------------------------------------------------===//

TEST_F(Recipe, MayBeChangedOnTheCommandLine) {
  const std::vector<std::string> base{"--data",    options.data, "--out",
                                      options.out, "--threads",  "1"};
  auto trained = [&](std::vector<std::string> more, const NetworkDescription &network) {
    more.insert(more.begin(), base.begin(), base.end());
    EXPECT_EQ(command(more, network), 0) << said;
    return tensors(options.out);
  };
  NetworkDescription other = network;
  const std::string plain = trained({}, network);
  other.recipe.weight_decay = 0.25;
  EXPECT_EQ(trained({"--weight-decay", "0.25"}, network), trained({}, other));
  EXPECT_EQ(trained({"--weight-decay", "0"}, other), plain);
  other = network;
  other.recipe.balanced = true;
  EXPECT_EQ(trained({"--class-weights", "balanced"}, network), trained({}, other));
  EXPECT_EQ(trained({"--class-weights", "none"}, other), plain);
  other = network;
  other.recipe.augmentation.flip = true;
  EXPECT_EQ(trained({"--no-augment"}, other), plain);
  EXPECT_NE(trained({"--split", "contiguous"}, network), plain);
  EXPECT_EQ(metadata().kind, SplitKind::contiguous);
  EXPECT_NE(trained({"--split-by", "y"}, network), plain);
  EXPECT_EQ(metadata().selection.group, "y");
  trained({"--input", "x=x[:, 0:5]", "--label", "y"}, network);
  EXPECT_EQ(metadata().selection.inputs, (std::vector<std::string>{"x=x[:, 0:5]"}));
  EXPECT_EQ(metadata().selection.label, "y");
}

TEST_F(Recipe, RefusesWhatMakesNoSenseOnTheCommandLine) {
  const std::vector<std::string> base{"--out", options.out};
  auto refuses = [&](std::vector<std::string> words, const std::string &part) {
    words.insert(words.begin(), base.begin(), base.end());
    EXPECT_NE(command(words), 0);
    EXPECT_NE(said.find(part), std::string::npos) << said;
  };
  refuses({"--data", options.data, "--weight-decay", "-1"}, "--weight-decay");
  refuses({"--data", options.data, "--class-weights", "even"}, "--class-weights");
  refuses({"--data", options.data, "--split", "array"}, "--split");
  refuses({"--train", options.data, "--split", "random"}, "--train excludes --split");
  refuses({"--train", options.data, "--split-by", "y"}, "--train excludes --split-by");
  refuses({"--data", options.data, "--input", "z=x"}, "has no input 'z'; it has x");
  refuses({"--data", options.data, "--resize"}, "is no folder of images");
  EXPECT_EQ(command({"--help"}), 0);
  for (const char *option : {"--weight-decay", "--class-weights", "--no-augment", "--split",
                             "--split-by", "--input", "--label", "--resize"})
    EXPECT_NE(said.find(option), std::string::npos) << option;
}

} // namespace
