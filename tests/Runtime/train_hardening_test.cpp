// What a trained network gives to copies and averages.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "hardening.h"
#include "initialization.h"

#include "rnet/train/training_run.h"

#include "toy_trainer.h"

#include <cmath>

using namespace rnet;
using namespace rnet::train;
using namespace rnet::test;

namespace {

constexpr std::size_t kRows = 40, kCapacity = 24;

TEST(Copies, StartFromOriginalsThatAreThere) {
  constexpr ParameterDescription described[] = {
      {"a", 0, toy_classes, Initializer::zeros, true},
      {"new", 0, toy_classes, Initializer::zeros, true},
      {"of_a", 0, toy_classes, Initializer::zeros, true, "a"},
      {"of_new", 0, toy_classes, Initializer::zeros, true, "new"}};
  ParameterStore<float> store(described);
  for (std::size_t p = 0; p < std::size(described); ++p)
    std::ranges::fill(store[p].value, static_cast<float>(p));
  const std::vector<std::string> made_anew{"new", "of_a", "of_new"};
  EXPECT_EQ(copy_originals(store.span(), std::span(made_anew)), std::vector<std::string>{"of_a"});
  EXPECT_EQ(store[2].value[1], 0);
  EXPECT_EQ(store[3].value[1], 3) << "what is new itself gives nothing";
}

struct Averages : testing::Test {
  Averages() {
    parameters.assign(std::begin(toy_described), std::end(toy_described));
    parameters.push_back({"c_to_d.average", 3, toy_wide, Initializer::zeros, false});
    network.parameters = parameters;
  }

  std::vector<ParameterDescription> parameters;
  NetworkDescription network = trained_toy();
};

TEST_F(Averages, AreOfWhatTravelsWhileNothingFails) {
  Folder folder;
  auto dataset = read_dataset(write_toy_data(folder, "data.npz", kRows), network);
  ASSERT_TRUE(dataset.ok()) << dataset.message();
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 1; row < 35; ++row) // more than one batch
    rows.push_back(row);
  ThreadPool threads{2};
  NetworkTrainer<double> trainer{network, make_toy_trainers<double>(kCapacity), kCapacity, threads};
  initialize(trainer.parameters(), 1);
  const std::size_t connection[] = {0}; // from a to b: relu(W x + b), x normalised by 0 and 1
  const auto averages = trainer.average(*dataset, rows, connection);
  ASSERT_EQ(averages.size(), 1u);
  const auto weight = trainer.parameters()[2].value, bias = trainer.parameters()[3].value;
  for (std::size_t unit = 0; unit < kWidth; ++unit) {
    double mean = 0;
    for (std::int64_t row : rows) {
      std::vector<double> x(kInput);
      dataset->copy_row(0, static_cast<std::size_t>(row), x.data());
      double sum = bias[unit];
      for (std::size_t k = 0; k < kInput; ++k)
        sum += weight[unit * kInput + k] * x[k];
      mean += std::max(0.0, sum) / static_cast<double>(rows.size());
    }
    EXPECT_NEAR(averages[0][unit], mean, 1e-12);
  }
}

TEST_F(Averages, AreFoundByName) {
  EXPECT_EQ(find_average(network, "c_to_d"), &parameters.back());
  EXPECT_EQ(find_average(network, "a_to_b"), nullptr);
  parameters.back().trainable = true; // a layer of that name
  EXPECT_EQ(find_average(network, "c_to_d"), nullptr);
}

TEST_F(Averages, AreOfNoNetworkThatStillLearns) {
  Folder folder;
  TrainingOptions options;
  options.data = write_toy_data(folder, "data.npz", kRows);
  options.out = folder.file("w");
  options.recipe = network.recipe;
  const std::atomic<bool> never = false;
  expect_error(train::train(network, toy_factory(), options, never),
               "the network has averages ('c_to_d.average'), which are those of a trained network: "
               "give one by --harden, or leave them out of the spec");
}

} // namespace
