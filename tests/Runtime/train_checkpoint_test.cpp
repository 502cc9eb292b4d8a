// Interrupted runs: what is saved, what a resumed run goes on from, what it refuses.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "checkpoint.h"
#include "initialization.h"

#include "rnet/train/training_run.h"

#include "toy_trainer.h"

#include <cmath>
#include <fstream>

using namespace rnet;
using namespace rnet::train;
using namespace rnet::test;

namespace {

const NetworkDescription network = trained_toy();

std::string bytes(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

//===-- Runs ----------------------------------------------------------------------------------===//

/// Asks to stop after so many forward passes of this node.
class Interrupting final : public NodeTrainer<float> {
public:
  Interrupting(std::unique_ptr<NodeTrainer<float>> node, std::size_t after,
               std::atomic<bool> &interrupt)
      : node_(std::move(node)), left_(after), interrupt_(interrupt) {}
  std::span<const Parameter<float>> parameters() override { return node_->parameters(); }
  void forward(StepContext &step, std::span<const Tensor<const float>> inputs, Presence alive,
               std::span<Tensor<const float>> outputs) override {
    node_->forward(step, inputs, alive, outputs);
    if (left_-- == 1)
      interrupt_ = true;
  }
  void backward(StepContext &step, std::span<const Tensor<const float>> output_gradients,
                std::span<Tensor<const float>> input_gradients) override {
    node_->backward(step, output_gradients, input_gradients);
  }

private:
  std::unique_ptr<NodeTrainer<float>> node_;
  std::size_t left_;
  std::atomic<bool> &interrupt_;
};

struct Resuming : testing::Test {
  Resuming() {
    options.data = write_toy_data(folder, "data.npz", 250);
    options.out = folder.file("w");
    options.recipe = network.recipe;
    options.failout = 0.3;
  }

  Expected<Outcome> run(std::size_t interrupt_after = 0) {
    std::atomic<bool> interrupt = false;
    TrainerFactory factory = toy_factory();
    if (interrupt_after > 0)
      factory.f32 = [&](std::size_t capacity) {
        auto nodes = make_toy_trainers<float>(capacity);
        nodes[3] = std::make_unique<Interrupting>(std::move(nodes[3]), interrupt_after, interrupt);
        return nodes;
      };
    testing::internal::CaptureStderr();
    auto outcome = train::train(network, factory, options, interrupt);
    testing::internal::GetCapturedStderr();
    return outcome;
  }
  void finish() {
    auto outcome = run();
    ASSERT_TRUE(outcome.ok()) << outcome.message();
    EXPECT_EQ(*outcome, Outcome::finished);
  }
  void interrupt(std::size_t after) {
    auto outcome = run(after);
    ASSERT_TRUE(outcome.ok()) << outcome.message();
    ASSERT_EQ(*outcome, Outcome::interrupted);
  }
  std::string checkpoint() const { return checkpoint_path(options); }

  Folder folder;
  TrainingOptions options;
};

TEST_F(Resuming, GivesTheBytesOfAnUninterruptedRunWhereverItStopped) {
  for (Optimizer optimizer : {Optimizer::adam, Optimizer::sgd}) {
    options.recipe.optimizer = optimizer;
    options.recipe.momentum = 0.9;
    options.resume = false;
    finish();
    const std::string whole = bytes(options.out);
    // 13 steps an epoch and one validation pass (25 rows: two batches). In the first epoch; right
    // after the first; in the second; and twice in one run.
    for (std::vector<std::size_t> stops :
         {std::vector<std::size_t>{1}, {5}, {15}, {20}, {4, 3, 9}}) {
      std::filesystem::remove(options.out);
      options.resume = false;
      for (std::size_t stop : stops) {
        interrupt(stop);
        EXPECT_FALSE(std::filesystem::exists(options.out));
        EXPECT_TRUE(std::filesystem::exists(checkpoint()));
        options.resume = true;
      }
      options.threads = 2;
      finish();
      EXPECT_EQ(bytes(options.out), whole) << stops.front();
      EXPECT_FALSE(std::filesystem::exists(checkpoint())) << "a finished run leaves none";
    }
  }
  EXPECT_EQ(folder.count(), 2u) << "data and weights, and nothing temporary";
}

TEST_F(Resuming, GivesTheBytesOfAnUninterruptedRunHoweverFailoutDraws) {
  for (bool per_row : {false, true})
    for (bool stratified : {false, true}) {
      options.recipe.failout_per_row = per_row;
      options.recipe.failout_stratified = stratified;
      options.resume = false;
      finish();
      const std::string whole = bytes(options.out);
      interrupt(17); // in the second epoch
      options.resume = true;
      finish();
      EXPECT_EQ(bytes(options.out), whole) << per_row << stratified;
    }
}

TEST_F(Resuming, GivesTheBytesOfAnUninterruptedRunThatDistils) {
  options.recipe.distill = 0.5;
  finish();
  const std::string whole = bytes(options.out);
  interrupt(35); // in the second epoch: a step passes twice
  options.resume = true;
  finish();
  EXPECT_EQ(bytes(options.out), whole);
}

TEST_F(Resuming, GivesTheBytesOfAnUninterruptedRunByTheExpectedLoss) {
  options.recipe.failout_expected = true;
  finish();
  const std::string whole = bytes(options.out);
  interrupt(50); // in the second epoch: a step passes three times
  options.resume = true;
  finish();
  EXPECT_EQ(bytes(options.out), whole);
}

TEST_F(Resuming, NeedsACheckpoint) {
  options.resume = true;
  expect_error(run(), "cannot resume: cannot open weights file '" + checkpoint() + "'");
}

TEST_F(Resuming, RefusesATruncatedCheckpoint) {
  interrupt(5);
  options.resume = true;
  const std::string whole = bytes(checkpoint());
  for (std::size_t size :
       {std::size_t(0), std::size_t(7), std::size_t(100), whole.size() / 2, whole.size() - 1}) {
    std::filesystem::resize_file(checkpoint(), size);
    auto outcome = run();
    expect_error(outcome, "cannot resume: weights file '" + checkpoint() + "' is ");
    EXPECT_TRUE(outcome.message().find("truncated") != std::string::npos ||
                outcome.message().find("outside the file") != std::string::npos)
        << outcome.message();
    std::ofstream(checkpoint(), std::ios::binary) << whole;
  }
  finish(); // and the whole one still does
}

TEST_F(Resuming, RefusesAChangedByte) {
  interrupt(5);
  options.resume = true;
  std::string changed = bytes(checkpoint());
  changed[changed.size() - 10] = static_cast<char>(changed[changed.size() - 10] ^ 1);
  std::ofstream(checkpoint(), std::ios::binary) << changed;
  expect_error(run(), "is damaged: its data do not match their hash");
}

TEST_F(Resuming, RefusesTheCheckpointOfAnotherRun) {
  interrupt(5);
  options.resume = true;
  auto refuse = [&](const std::string &what, auto change) {
    const TrainingOptions kept = options;
    change(options);
    expect_error(run(), what);
    options = kept;
  };
  refuse("is of a run with seed 7, now 8", [](auto &o) { o.recipe.seed = 8; });
  refuse("is of a run with batch 16, now 8", [](auto &o) { o.recipe.batch = 8; });
  refuse("is of a run with epochs 3, now 4", [](auto &o) { o.recipe.epochs = 4; });
  refuse("is of a run with optimizer \"adam\", now \"sgd\"",
         [](auto &o) { o.recipe.optimizer = Optimizer::sgd; });
  refuse("is of a run with failout [0.0,0.3,0.3,0.0], now [0.0,0.1,0.1,0.0]",
         [](auto &o) { o.failout.reset(); });
  refuse("is of a run with failout_per_row false, now true",
         [](auto &o) { o.recipe.failout_per_row = true; });
  refuse("is of a run with failout_expected false, now true",
         [](auto &o) { o.recipe.failout_expected = true; });
  refuse("is of a run with distill 0.0, now 0.5", [](auto &o) { o.distill = 0.5; });
  refuse("is of a run with weight_decay 0.0, now 0.1",
         [](auto &o) { o.recipe.weight_decay = 0.1; });
  refuse("is of a run with class_weights \"none\", now \"balanced\"",
         [](auto &o) { o.recipe.balanced = true; });
  refuse("is of a run with schedule \"constant\", now \"cosine\"",
         [](auto &o) { o.recipe.schedule = Schedule::cosine; });
  refuse("is of a run with schedule_factor 1.0, now 0.5",
         [](auto &o) { o.recipe.schedule_factor = 0.5; });
  refuse("is of a run with schedule_every 1, now 2", [](auto &o) { o.recipe.schedule_every = 2; });
  refuse("is of a run with warmup 0, now 1", [](auto &o) { o.recipe.warmup = 1; });
  refuse("is of a run with another split", [](auto &o) { o.split = SplitKind::contiguous; });
  refuse("is of a run with another split", [](auto &o) { o.selection.label = "y"; });
  refuse("is of a run with another split", [](auto &o) { o.split_seed = 1; });
  refuse("is of a run with another element: f32, now f64", [](auto &o) { o.f64 = true; });
  refuse("is of a run over other data",
         [&](auto &o) { o.data = write_toy_data(folder, "other.npz", 250, 2); });
  finish();
}

TEST_F(Resuming, SaysWhereItCannotSave) {
  options.out = folder.file("none/w");
  expect_error(run(5), "none/w.checkpoint");
}

//===-- The file ------------------------------------------------------------------------------===//

struct CheckpointFile : testing::Test {
  CheckpointFile() {
    initialize(store.span(), 3);
    state.epoch = 2;
    state.batch = 5;
    state.loss_sum = 0.1 + 0.2; // no short decimal
    state.loss_steps = 4;
    state.best_epoch = 1;
    state.best_accuracy = 1.0 / 3;
    state.losses = {2.0 / 3, std::nan("")};
    state.accuracies = {1.0 / 3, 1e-300};
    state.best = take_snapshot(store.span());
    for (const Parameter<double> &parameter : store.span())
      for (std::size_t k = 0; k < parameter.gradient.size(); ++k)
        parameter.gradient[k] = std::sin(static_cast<double>(k));
    ThreadPool threads(1);
    // So that all three differ: parameters, best ones, moments.
    optimizer.update(threads, store.span(), network.recipe.rate);
    identity.metadata = {{"rnet.network", std::string(network.name)},
                         {"rnet.scheme", std::string(network.scheme)},
                         {"rnet.parameters", std::string(network.parameters_fingerprint)},
                         {"rnet.topology", std::string(network.topology_fingerprint)},
                         {"rnet.element", "f64"},
                         {"rnet.dataset_sha256", "d"},
                         {"rnet.split", "{}"}};
    identity.settings = {{"seed", 3}};
  }
  Status save(const std::string &path) {
    return save_checkpoint<double>(path, identity, store.span(), optimizer, state);
  }

  Folder folder;
  ParameterStore<double> store{toy_described};
  OptimizerState<double> optimizer{network.recipe, store.span()};
  RunState<double> state;
  RunIdentity identity;
};

TEST_F(CheckpointFile, GivesBackEveryBit) {
  const std::string path = folder.file("c");
  ASSERT_TRUE(save(path).ok());
  ParameterStore<double> other(toy_described);
  OptimizerState<double> moments(network.recipe, other.span());
  RunState<double> read;
  Status status = load_checkpoint<double>(path, network, identity, other.span(), moments, read);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(take_snapshot<double>(other.span()), take_snapshot<double>(store.span()));
  EXPECT_EQ(read.best, state.best);
  EXPECT_EQ(moments.steps(), 1u);
  for (std::size_t p = 0; p < std::size(toy_described); ++p) {
    EXPECT_EQ(moments.first(p), optimizer.first(p));
    EXPECT_EQ(moments.second(p), optimizer.second(p));
  }
  EXPECT_EQ(read.epoch, 2u);
  EXPECT_EQ(read.batch, 5u);
  EXPECT_EQ(read.loss_sum, 0.1 + 0.2);
  EXPECT_EQ(read.loss_steps, 4u);
  EXPECT_EQ(read.best_epoch, 1u);
  EXPECT_EQ(read.best_accuracy, 1.0 / 3);
  EXPECT_EQ(read.losses[0], 2.0 / 3);
  EXPECT_TRUE(std::isnan(read.losses[1]));
  EXPECT_EQ(read.accuracies, state.accuracies);
}

TEST_F(CheckpointFile, IsReplacedAtOnceAndNeverWrittenInPlace) {
  const std::string path = folder.file("c"), old = folder.file("old");
  ASSERT_TRUE(save(path).ok());
  const std::string before = bytes(path);
  std::filesystem::create_hard_link(path, old);
  state.epoch = 3;
  ASSERT_TRUE(save(path).ok());
  EXPECT_EQ(bytes(old), before) << "the old file is another file";
  EXPECT_NE(bytes(path), before);
  EXPECT_EQ(folder.count(), 2u) << "nothing temporary is left";
}

TEST_F(CheckpointFile, OfAnotherCutGivesWhatHasTheSameNameAndShape) {
  const std::string path = folder.file("w");
  std::vector<TensorToWrite> tensors = tensors_to_write<double>(store.span());
  tensors[2].name = "elsewhere";
  tensors[4].shape.push_back(1);
  ASSERT_TRUE(write_weights(path, tensors, identity.metadata).ok());
  auto weights = WeightsFile::open(path);
  ASSERT_TRUE(weights.ok()) << weights.message();
  ParameterStore<double> other(toy_described);
  const auto before = take_snapshot<double>(other.span());
  auto anew = read_common_parameters<double>(*weights, other.span());
  ASSERT_TRUE(anew.ok()) << anew.message();
  EXPECT_EQ(*anew, (std::vector<std::string>{std::string(toy_described[2].name),
                                             std::string(toy_described[4].name)}));
  auto expected = take_snapshot<double>(store.span());
  expected[2] = before[2];
  expected[4] = before[4];
  EXPECT_EQ(take_snapshot<double>(other.span()), expected);

  for (TensorToWrite &tensor : tensors)
    tensor.name += ".old";
  ASSERT_TRUE(write_weights(path, tensors, identity.metadata).ok());
  weights = WeightsFile::open(path);
  ASSERT_TRUE(weights.ok()) << weights.message();
  expect_error(read_common_parameters<double>(*weights, other.span()).status(),
               "has no tensor of this network");
}

TEST_F(CheckpointFile, WithoutItsProgressIsDamaged) {
  const std::string path = folder.file("c");
  ASSERT_TRUE(write_weights(path, tensors_to_write<double>(store.span()), identity.metadata).ok());
  RunState<double> read;
  expect_error(load_checkpoint<double>(path, network, identity, store.span(), optimizer, read),
               "checkpoint '" + path + "' is damaged");
}

} // namespace
