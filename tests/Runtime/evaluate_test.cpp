// The evaluator: a toy network's answers against an independent computation, its tables, its
// refusals. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/accuracy_table.h"
#include "rnet/core/npz.h"
#include "rnet/data/split.h"
#include "rnet/evaluate/evaluate.h"
#include "rnet/evaluate/main.h"

#include "small_network.h"
#include "test_files.h"
#include "toy_network.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>

using namespace rnet;
using namespace rnet::evaluate;
using namespace rnet::test;

namespace {

constexpr DownSet kB = 0b10, kC = 0b100;

std::vector<double> layer(const std::string &name, std::vector<double> x, bool rectified) {
  std::vector<double> y;
  for (const auto &[tensor, values] : toy_parameters())
    if (tensor.name == name + ".weight") {
      y.resize(tensor.shape[0]);
      for (std::size_t o = 0; o < y.size(); ++o)
        for (std::size_t k = 0; k < x.size(); ++k)
          y[o] += static_cast<double>(values[o * x.size() + k]) * x[k];
    } else if (tensor.name == name + ".bias") {
      for (std::size_t o = 0; o < y.size(); ++o) {
        y[o] += static_cast<double>(values[o]);
        y[o] = rectified ? std::max(y[o], 0.0) : y[o];
      }
    }
  return y;
}

/// What the toy network answers, in plain double arithmetic; empty where nothing flows.
std::vector<double> reference(const float *x, DownSet down) {
  std::vector<double> in(x, x + kInput);
  for (const auto &[tensor, values] : toy_parameters())
    for (std::size_t k = 0; k < kInput; ++k)
      if (tensor.name == "x.mean")
        in[k] -= static_cast<double>(values[k]);
      else if (tensor.name == "x.deviation")
        in[k] /= static_cast<double>(values[k]);
  const bool b_up = !(down & kB), c_up = !(down & kC);
  if (!b_up && !c_up)
    return {};
  const std::vector<double> a = layer("a.dense1", in, true), b = layer("b.dense1", a, true);
  std::vector<double> mux = a;
  for (std::size_t k = 0; k < kWidth; ++k)
    mux[k] += b_up ? b[k] : 0;
  std::vector<double> y = layer("d.dense1", c_up ? layer("c.dense1", mux, true) : b, false);
  const double largest = *std::max_element(y.begin(), y.end());
  double sum = 0;
  for (double &value : y)
    sum += value = std::exp(value - largest);
  for (double &value : y)
    value /= sum;
  return y;
}

/// The toy network, loaded, with a dataset whose labels it gets mostly right.
class Evaluator : public testing::Test {
protected:
  Evaluator() {
    std::mt19937 random(11);
    std::normal_distribution<float> normal(2, 3);
    std::vector<float> x(kRows * kInput);
    for (float &value : x)
      value = normal(random);
    std::vector<std::int32_t> y(kRows);
    for (std::size_t row = 0; row < kRows; ++row) {
      const std::vector<double> answer = reference(x.data() + row * kInput, 0);
      y[row] = static_cast<std::int32_t>(std::max_element(answer.begin(), answer.end()) -
                                         answer.begin());
      y[row] = row % 7 == 0 ? (y[row] + 1) % 3 : y[row];
    }
    EXPECT_TRUE(write_npz(data_path, {{"x", make_array(std::span<const float>(x), {kRows, kInput})},
                                      {"y", make_array(std::span<const std::int32_t>(y), {kRows})}})
                    .ok());
    dataset = *read_dataset(data_path, toy);
    split = {SplitKind::random,
             5,
             {},
             dataset.hash,
             "",
             count_classes(dataset, make_split(dataset, SplitKind::random, 5).train, kClasses)};
    write_weights(split);
    auto weights = WeightsFile::open(weights_path);
    EXPECT_TRUE(weights.ok()) << weights.message();
    for (Program *program : network.programs)
      EXPECT_TRUE(program->load(*weights).ok());
    rows.resize(kRows);
    std::iota(rows.begin(), rows.end(), 0);
  }

  std::vector<float> row_of(std::size_t row) const {
    std::vector<float> x(kInput);
    dataset.copy_row(0, row, x.data());
    return x;
  }
  void write_weights(const SplitMetadata &split, std::map<std::string, std::string> metadata = {}) {
    split.write(metadata);
    EXPECT_TRUE(write_toy_weights(weights_path, metadata).ok());
  }

  Evaluation run(std::size_t batch, std::size_t threads) {
    return evaluate::evaluate(toy, network.programs, dataset, rows, {2, 1, 1}, all_patterns(toy),
                              {batch, threads, true});
  }

  /// The command line; gives the exit code and puts what it said on stderr into `said`.
  int command(std::vector<std::string> words, const NetworkDescription &network = toy) {
    Toy fresh;
    return command(std::move(words), network, fresh.programs);
  }
  int command(std::vector<std::string> words, const NetworkDescription &network,
              std::span<Program *const> programs) {
    words.insert(words.begin(), "toy-evaluate");
    std::vector<char *> argv;
    for (std::string &word : words)
      argv.push_back(word.data());
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const int code = evaluate::main(static_cast<int>(argv.size()), argv.data(), network, programs);
    printed = testing::internal::GetCapturedStdout();
    said = testing::internal::GetCapturedStderr();
    return code;
  }
  void refuses(const std::vector<std::string> &words, const std::string &part) {
    EXPECT_EQ(command(words), 1);
    EXPECT_NE(said.find(part), std::string::npos) << said;
  }

  static constexpr std::size_t kRows = 301;
  test::Folder folder;
  const std::string data_path = folder.file("data.npz"),
                    weights_path = folder.file("toy.safetensors");
  Toy network;
  Dataset dataset;
  SplitMetadata split;
  std::vector<std::int64_t> rows;
  std::string said, printed;
};

TEST(Usage, IsTheHyperconnectionsOnTakenPaths) {
  EXPECT_EQ(find_usage(toy, 0).used,
            0b01111u); // d's simple input is there, so its skip is not taken
  EXPECT_EQ(find_usage(toy, kB).used, 0b01100u);
  EXPECT_EQ(find_usage(toy, kC).used, 0b10001u);
  EXPECT_TRUE(find_usage(toy, kB).flow);
  EXPECT_FALSE(find_usage(toy, kB | kC).flow);
  EXPECT_EQ(find_usage(toy, kB | kC).used, 0u);
  EXPECT_FALSE(find_usage(toy, 0b0001).flow); // the input's node
  EXPECT_FALSE(find_usage(toy, 0b1000).flow); // the output's node
}

TEST_F(Evaluator, AnswersAsPlainArithmeticDoesInEveryPattern) {
  const Evaluation result = run(128, 1);
  ASSERT_EQ(result.patterns.size(), 4u);
  const DownSet order[] = {0, kB, kC, kB | kC}; // counting in binary, the first node fastest
  for (std::size_t p = 0; p < 4; ++p) {
    EXPECT_EQ(result.patterns[p].down, order[p]);
    std::size_t right = 0;
    for (std::size_t row = 0; row < kRows; ++row) {
      const std::vector<double> expected = reference(row_of(row).data(), order[p]);
      if (expected.empty())
        continue;
      right += std::max_element(expected.begin(), expected.end()) - expected.begin() ==
               dataset.labels[row];
      for (std::size_t k = 0; k < kClasses; ++k)
        ASSERT_NEAR(result.output(result.patterns[p])[row * kClasses + k], expected[k], 1e-5)
            << p << ' ' << row;
    }
    if (order[p] != (kB | kC)) {
      EXPECT_EQ(result.patterns[p].score.accuracy, static_cast<double>(right) / kRows);
    }
  }
}

TEST_F(Evaluator, GivesTheSameBitsForAnyBatchAndThreads) {
  const Evaluation expected = run(128, 1);
  for (std::size_t batch : {1u, 7u, 128u, 1000u})
    for (std::size_t threads : {1u, 2u, 3u}) {
      const Evaluation result = run(batch, threads);
      for (std::size_t p = 0; p < result.patterns.size(); ++p) {
        EXPECT_EQ(result.patterns[p].score.accuracy, expected.patterns[p].score.accuracy);
        EXPECT_EQ(result.patterns[p].score.balanced, expected.patterns[p].score.balanced);
        ASSERT_EQ(std::memcmp(result.output(result.patterns[p]).data(),
                              expected.output(expected.patterns[p]).data(),
                              kRows * kClasses * sizeof(float)),
                  0)
            << batch << ' ' << threads;
      }
    }
}

TEST_F(Evaluator, BalancesTheClassesOfItsRows) {
  // Class 1 has one row only, class 2 none.
  std::vector<std::size_t> right(kClasses), count(kClasses);
  rows.clear();
  for (std::size_t row = 0; row < kRows; ++row) {
    const auto label = static_cast<std::size_t>(dataset.labels[row]);
    if (label == 2 || (label == 1 && count[1] > 0))
      continue;
    const std::vector<double> answer = reference(row_of(row).data(), 0);
    const auto best = std::max_element(answer.begin(), answer.end()) - answer.begin();
    right[label] += static_cast<std::size_t>(best) == label;
    ++count[label];
    rows.push_back(static_cast<std::int64_t>(row));
  }
  ASSERT_GT(count[0], 10u);
  ASSERT_EQ(count[1], 1u);
  const Evaluation result = run(128, 2);
  const auto recall = [&](std::size_t k) {
    return static_cast<double>(right[k]) / static_cast<double>(count[k]);
  };
  EXPECT_DOUBLE_EQ(result.score(0).balanced, (recall(0) + recall(1)) / 2);
  EXPECT_DOUBLE_EQ(result.guess.balanced, (0.5 + 0.25) / 2);
  EXPECT_NE(result.score(0).balanced, result.score(0).accuracy);
}

TEST_F(Evaluator, PrintsBalancedAccuracyWhereTheRecipeIsBalanced) {
  NetworkDescription balanced = toy;
  balanced.recipe.balanced = true;
  ASSERT_EQ(command({"--weights", weights_path, "--data", data_path}, balanced), 0) << said;
  EXPECT_NE(printed.find("accuracy  balanced  hyperconnections used"), std::string::npos)
      << printed;
}

TEST_F(Evaluator, ReadsDataAsTrainingDid) {
  // The input as two halves of another array, the labels in a column of a third.
  auto arrays = *read_npz(data_path);
  std::vector<float> wide(kRows * (kInput + 1), 9);
  std::vector<std::int32_t> labels(kRows * 2, 1);
  for (std::size_t row = 0; row < kRows; ++row) {
    dataset.copy_row(0, row, wide.data() + row * (kInput + 1) + 1);
    labels[row * 2 + 1] = dataset.labels[row];
  }
  const std::string other = folder.file("other.npz");
  ASSERT_TRUE(
      write_npz(other, {{"data", make_array(std::span<const float>(wide), {kRows, kInput + 1})},
                        {"t", make_array(std::span<const std::int32_t>(labels), {kRows, 2})}})
          .ok());
  refuses({"--weights", weights_path, "--data", other}, "has no array 'x'");
  const std::vector<std::string> told = {"--weights", weights_path,    "--data",  other,
                                         "--input",   "x=data[:, 1:]", "--label", "t[:, 1]"};
  EXPECT_EQ(command(told), 0) << said; // the same values
  split.selection = {{"x=data[:, 1:]"}, "t[:, 1]", "", false};
  write_weights(split);
  EXPECT_EQ(command({"--weights", weights_path, "--data", other}), 0) << said;
  refuses({"--weights", weights_path, "--data", data_path}, "has no array 'data'; it has x, y");
}

TEST_F(Evaluator, ScoresTheLastGroupsOfAContiguousSplit) {
  auto arrays = *read_npz(data_path);
  std::vector<std::int32_t> frame(kRows);
  for (std::size_t row = 0; row < kRows; ++row)
    frame[row] = static_cast<std::int32_t>(row % 20);
  arrays["frame"] = make_array(std::span<const std::int32_t>(frame), {kRows});
  const std::string grouped = folder.file("grouped.npz"), json = folder.file("out.json");
  ASSERT_TRUE(write_npz(grouped, arrays).ok());
  const Selection selection{{}, "", "frame", false};
  split = {SplitKind::contiguous, 0, selection, read_dataset(grouped, toy, selection)->hash, "",
           split.class_counts};
  write_weights(split);
  ASSERT_EQ(command({"--weights", weights_path, "--data", grouped, "--json", json}), 0) << said;
  EXPECT_EQ(nlohmann::json::parse(*read_file(json))["samples"], 30); // frames 18 and 19
  refuses({"--weights", weights_path, "--data", data_path}, "has no array 'frame'");
  // Every row of any file: its groups do not matter.
  EXPECT_EQ(command({"--weights", weights_path, "--data", data_path, "--all"}), 0) << said;
}

TEST_F(Evaluator, GuessesByTrainingFrequenciesWhereNothingFlows) {
  const Evaluation result = run(128, 1);
  const std::vector<std::int64_t> counts = count_classes(dataset, rows, kClasses);
  const double guess =
      (0.5 * static_cast<double>(counts[0]) + 0.25 * static_cast<double>(counts[1] + counts[2])) /
      kRows;
  EXPECT_DOUBLE_EQ(result.guess.accuracy, guess);
  EXPECT_DOUBLE_EQ(result.guess.balanced, (0.5 + 0.25) / 2); // class 2 has no rows
  EXPECT_EQ(result.score(kB | kC).accuracy, result.guess.accuracy);
  EXPECT_EQ(result.score(kB | kC).balanced, result.guess.balanced);
}

TEST_F(Evaluator, ExpectsTheSumOverPatterns) {
  const Evaluation result = run(128, 1);
  for (double Score::*score : {&Score::accuracy, &Score::balanced}) {
    EXPECT_NEAR(result.expected[0].score.*score,
                0.72 * result.score(0).*score + 0.08 * result.score(kB).*score +
                    0.18 * result.score(kC).*score + 0.02 * result.guess.*score,
                1e-12);
    EXPECT_DOUBLE_EQ(result.expected[1].score.*score, result.score(0).*score);
  }
}

TEST_F(Evaluator, ScoresTheTestRowsAndWritesWhatItFound) {
  const std::string json = folder.file("out.json"), predictions = folder.file("out.npz");
  ASSERT_EQ(command({"--weights", weights_path, "--data", data_path, "--json", json,
                     "--predictions", predictions}),
            0)
      << said;
  EXPECT_NE(printed.find("no information flow"), std::string::npos) << printed;
  const auto found = nlohmann::ordered_json::parse(*read_file(json));
  std::vector<std::string> keys;
  for (const auto &[key, value] : found.items())
    keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"schema", "samples", "accuracy", "balanced_accuracy",
                                            "guess", "balanced_guess", "expected_accuracy",
                                            "expected_balanced_accuracy", "expected_interval",
                                            "single_down", "every_pattern", "patterns"}));
  EXPECT_EQ(found["every_pattern"], true);
  const std::vector<std::int64_t> test = make_split(dataset, SplitKind::random, 5).test;
  EXPECT_EQ(found["samples"], test.size());
  ASSERT_EQ(found["patterns"].size(), 4u);
  EXPECT_EQ(found["patterns"][0]["down"], nlohmann::json::array());
  EXPECT_EQ(found["patterns"][3]["down"], (nlohmann::json{"b", "c"}));
  EXPECT_EQ(found["patterns"][3]["flow"], false);
  EXPECT_EQ(found["patterns"][3]["accuracy"], found["guess"]);
  EXPECT_EQ(found["single_down"]["b"], found["patterns"][1]["accuracy"]);
  EXPECT_EQ(found["accuracy"], found["patterns"][0]["accuracy"]);
  EXPECT_TRUE(found["expected_accuracy"].contains("normal"));
  EXPECT_EQ(found["balanced_accuracy"], found["patterns"][0]["balanced_accuracy"]);
  EXPECT_EQ(found["patterns"][3]["balanced_accuracy"], found["balanced_guess"]);
  EXPECT_TRUE(found["expected_balanced_accuracy"].contains("sure"));
  EXPECT_EQ(printed.find("balanced"), std::string::npos) << printed; // the recipe is not
  const double normal = found["expected_accuracy"]["normal"];
  const auto interval = found["expected_interval"]["normal"];
  EXPECT_EQ(interval["patterns"], (nlohmann::json{normal, normal})); // every pattern was run
  EXPECT_LT(interval["test_rows"][0], normal);
  EXPECT_GT(interval["test_rows"][1], normal);
  const Interval single = wilson(found["single_down"]["b"], static_cast<double>(test.size()));
  EXPECT_EQ(found["patterns"][1]["interval"], (nlohmann::json{single.low, single.high}));
  EXPECT_FALSE(found["patterns"][3].contains("interval")); // a guess

  auto arrays = read_npz(predictions);
  ASSERT_TRUE(arrays.ok()) << arrays.message();
  EXPECT_EQ(arrays->at("rows").number(0), static_cast<double>(test[0]));
  EXPECT_EQ(arrays->at("output/2").shape, (std::vector<std::size_t>{test.size(), kClasses}));
  EXPECT_EQ(arrays->at("patterns").shape, (std::vector<std::size_t>{4, 2}));
  EXPECT_EQ(arrays->at("patterns").number(2), 1); // pattern 1: b is down
  EXPECT_EQ(arrays->at("nodes").text(1), "c");

  auto weights = WeightsFile::open(weights_path);
  auto table =
      AccuracyTable::read(AccuracyTable::path_for(weights_path), toy, weights->data_hash());
  ASSERT_TRUE(table.ok()) << table.message();
  const auto accuracy = table->find(find_usage(toy, kB));
  ASSERT_TRUE(accuracy);
  EXPECT_EQ(accuracy->value, found["patterns"][1]["accuracy"].get<double>());
  EXPECT_EQ(accuracy->interval->low, single.low);
  EXPECT_EQ(accuracy->interval->high, single.high);
}

TEST_F(Evaluator, SamplesPatternsWhenTold) {
  // Of four patterns, any sample has them all.
  const std::string exact = folder.file("exact.json"), sampled = folder.file("sampled.json");
  ASSERT_EQ(command({"--weights", weights_path, "--data", data_path, "--json", exact}), 0) << said;
  EXPECT_EQ(printed.find("by patterns"), std::string::npos) << printed;
  for (const char *how : {"--samples=64", "--width=0.01"}) {
    ASSERT_EQ(command({"--weights", weights_path, "--data", data_path, "--json", sampled, how}), 0)
        << said;
    EXPECT_NE(printed.find("and 1 more of the 2^2 failure patterns"), std::string::npos) << printed;
    EXPECT_NE(printed.find("95 % by test rows   95 % by patterns"), std::string::npos) << printed;
    const auto wanted = nlohmann::json::parse(*read_file(exact)),
               found = nlohmann::json::parse(*read_file(sampled));
    for (const char *key : {"expected_accuracy", "expected_balanced_accuracy"})
      EXPECT_NEAR(found[key]["normal"].get<double>(), wanted[key]["normal"].get<double>(), 1e-12);
    EXPECT_EQ(found["single_down"], wanted["single_down"]);
    EXPECT_EQ(found["every_pattern"], false);
  }
  for (const std::vector<std::string> &wrong : {std::vector<std::string>{"--samples=63"},
                                                {"--width=1.5"},
                                                {"--samples=64", "--width=.1"}}) {
    std::vector<std::string> words = {"--weights", weights_path, "--data", data_path};
    words.insert(words.end(), wrong.begin(), wrong.end());
    EXPECT_NE(command(words), 0) << wrong[0];
  }
}

TEST_F(Evaluator, SamplesWhereMoreThanSixteenNodesMayFail) {
  SmallNetwork chain;
  make_chain(chain, 17, MuxKind::failover, {{0.9}, {0.7}});
  std::vector<float> x(20 * kSmallWidth);
  std::iota(x.begin(), x.end(), -40.f);
  const std::string data = folder.file("chain.npz"), json = folder.file("chain.json");
  ASSERT_TRUE(write_npz(data, {{"x", make_array(std::span<const float>(x), {20, kSmallWidth})},
                               {"y", make_array(std::vector<std::int32_t>(20, 1), {20})}})
                  .ok());
  split.class_counts = {1, 1, 1, 1};
  write_weights(split);
  const auto run = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--weights", weights_path, "--data", data, "--all", "--json", json});
    EXPECT_EQ(command(more, chain.description, chain.programs), 0) << said;
    return nlohmann::json::parse(*read_file(json));
  };
  const auto width = [](const nlohmann::json &found) {
    const auto interval = found["expected_interval"]["s1"]["patterns"];
    return interval[1].get<double>() - interval[0].get<double>();
  };
  const auto usual = run({}), few = run({"--samples=128"}), narrow = run({"--width=0.004"});
  EXPECT_NE(printed.find("more of the 2^17 failure patterns"), std::string::npos) << printed;
  EXPECT_GT(usual["patterns"].size(), 2048u);
  EXPECT_LT(few["patterns"].size(), 2 * 128u + 18);
  EXPECT_GT(width(few), 0.004);
  EXPECT_LE(width(narrow), 0.004);
  EXPECT_EQ(few, run({"--samples=128", "--seed=0"}));
  EXPECT_NE(few, run({"--samples=128", "--seed=1"}));
}

TEST_F(Evaluator, RefusesOtherDataUnlessAllRowsCount) {
  const std::vector<float> x(10 * kInput, 1);
  const std::vector<std::int32_t> y(10, 1);
  const std::string other = folder.file("other.npz");
  ASSERT_TRUE(write_npz(other, {{"x", make_array(std::span<const float>(x), {10, kInput})},
                                {"y", make_array(std::span<const std::int32_t>(y), {10})}})
                  .ok());
  refuses({"--weights", weights_path, "--data", other},
          "not the data that the weights were trained on");
  EXPECT_FALSE(std::filesystem::exists(folder.file("toy.accuracy.json")));
  const std::string json = folder.file("out.json");
  ASSERT_EQ(command({"--weights", weights_path, "--data", other, "--all", "--json", json}), 0)
      << said;
  EXPECT_EQ(nlohmann::json::parse(*read_file(json))["samples"], 10);
  // Rows that training may have seen say nothing about answers to come.
  EXPECT_FALSE(std::filesystem::exists(folder.file("toy.accuracy.json")));
}

TEST_F(Evaluator, ScoresATestFileWhereTrainingHadFiles) {
  write_weights({SplitKind::files, 0, {}, "hash-of-training-rows", dataset.hash, {1, 1, 1}});
  const std::string json = folder.file("out.json");
  ASSERT_EQ(command({"--weights", weights_path, "--test", data_path, "--json", json}), 0) << said;
  EXPECT_EQ(nlohmann::json::parse(*read_file(json))["samples"], kRows);
  write_weights({SplitKind::files, 0, {}, dataset.hash, "", {1, 1, 1}});
  refuses({"--weights", weights_path, "--test", data_path}, "trained without test rows");
  write_weights({SplitKind::files, 0, {}, dataset.hash, "hash-of-others", {1, 1, 1}});
  refuses({"--weights", weights_path, "--test", data_path}, "not the data");
}

TEST_F(Evaluator, RefusesForeignAndDamagedWeights) {
  refuses({"--weights", folder.file("none"), "--data", data_path}, "cannot open weights file");
  refuses({"--weights", data_path, "--data", data_path}, "is no safetensors file");
  write_weights(split, {{"rnet.parameters", "others"}});
  refuses({"--weights", weights_path, "--data", data_path}, "is for other parameters");
  write_weights(split, {{"rnet.topology", "others"}});
  refuses({"--weights", weights_path, "--data", data_path}, "another topology");
  write_weights(split);
  std::string bytes = *read_file(weights_path);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  folder.write("toy.safetensors", bytes);
  refuses({"--weights", weights_path, "--data", data_path}, "do not match their hash");
}

TEST_F(Evaluator, RefusesSplitsThatMakeNoSense) {
  EXPECT_TRUE(write_toy_weights(weights_path, {}).ok());
  refuses({"--weights", weights_path, "--data", data_path}, "does not say how its data were split");
  for (const std::vector<std::int64_t> &counts :
       {std::vector<std::int64_t>{1, 1}, {1, 1, -1}, {0, 0, 0}, {1, 1, 1, 1}}) {
    write_weights({SplitKind::random, 5, {}, dataset.hash, "", counts});
    refuses({"--weights", weights_path, "--data", data_path}, "class counts");
  }
}

TEST_F(Evaluator, RefusesMoreNodesThanItCanCount) {
  const std::vector<NodeDescription> nodes(65, toy_nodes[0]);
  NetworkDescription large = toy;
  large.nodes = nodes;
  EXPECT_EQ(command({"--weights", weights_path, "--data", data_path}, large), 1);
  EXPECT_NE(said.find("has 65 nodes"), std::string::npos) << said;
}

TEST_F(Evaluator, SaysWhatItCannotWrite) {
  refuses({"--weights", weights_path, "--data", data_path, "--json", folder.file("none/out.json")},
          "cannot write");
  refuses({"--weights", weights_path, "--data", data_path, "--predictions",
           folder.file("none/out.npz")},
          "cannot write");
}

TEST_F(Evaluator, WantsWeightsAndData) {
  EXPECT_NE(command({}), 0);
  EXPECT_NE(said.find("--weights"), std::string::npos) << said;
  EXPECT_NE(command({"--weights", weights_path}), 0);
  EXPECT_NE(said.find("--data"), std::string::npos) << said;
  EXPECT_EQ(command({"--help"}), 0);
}

} // namespace
