// The command line of an evaluator.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/main.h"

#include "rnet/core/atomic_file.h"
#include "rnet/core/npz.h"
#include "rnet/core/weights_file.h"
#include "rnet/data/split.h"
#include "rnet/evaluate/evaluate.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace rnet::evaluate {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMaxFailable = 16;
constexpr std::size_t kMaxBits = 64; // of DownSet and UsedSet

struct Options {
  std::string weights, data, test, json, predictions, label;
  std::vector<std::string> inputs;
  bool all = false;
  EvaluationOptions evaluation;
};

std::vector<std::string> names(const NetworkDescription &network, DownSet down) {
  std::vector<std::string> list;
  for (std::size_t node = 0; node < network.nodes.size(); ++node)
    if (down >> node & 1)
      list.emplace_back(network.nodes[node].name);
  return list;
}

std::string join(const std::vector<std::string> &words, const char *none) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : " + ") + word;
  return text.empty() ? none : text;
}

void print_table(const NetworkDescription &network, const Evaluation &result) {
  std::printf("%s, scheme %.*s: %zu samples\n\n", std::string(network.name).c_str(),
              static_cast<int>(network.scheme.size()), network.scheme.data(), result.samples);
  std::size_t width = 20;
  for (const Pattern &pattern : result.patterns)
    width = std::max(width, join(names(network, pattern.down), "none").size());
  // Where classes are uneven, and the recipe says so, accuracy alone may look better than it is.
  const bool balanced = network.recipe.balanced;
  auto print_line = [&](const std::string &head, const Score &score, const std::string &rest) {
    std::printf("%-*s  %7.2f%%  ", static_cast<int>(width), head.c_str(), 100 * score.accuracy);
    if (balanced)
      std::printf("%7.2f%%  ", 100 * score.balanced);
    std::printf("%s\n", rest.c_str());
  };
  auto print_head = [&](const char *head, const char *score, const char *rest) {
    std::printf("%-*s  %8s  %s%s\n", static_cast<int>(width), head, score,
                balanced ? "balanced  " : "", rest);
  };
  print_head("nodes down", "accuracy", "hyperconnections used");
  for (const Pattern &pattern : result.patterns) {
    std::string used;
    for (std::size_t k = 0; k < network.hyperconnections.size(); ++k)
      if (pattern.usage.used >> k & 1)
        used += (used.empty() ? "" : " ") + std::string(network.hyperconnections[k].name);
    print_line(join(names(network, pattern.down), "none"), pattern.score,
               pattern.usage.flow ? used : "no information flow: a guess");
  }
  if (network.settings.empty())
    return;
  std::printf("\n");
  print_head("reliability setting", "expected", "");
  for (const SettingDescription &setting : network.settings)
    print_line(std::string(setting.name), result.expected(setting), "");
}

ordered_json to_json(const NetworkDescription &network, const Evaluation &result) {
  ordered_json expected = ordered_json::object(), expected_balanced = ordered_json::object(),
               single = ordered_json::object(), patterns = ordered_json::array();
  for (const SettingDescription &setting : network.settings) {
    const Score score = result.expected(setting);
    expected[std::string(setting.name)] = score.accuracy;
    expected_balanced[std::string(setting.name)] = score.balanced;
  }
  for (std::size_t node : failable_nodes(network))
    single[std::string(network.nodes[node].name)] = result.score(DownSet(1) << node).accuracy;
  for (const Pattern &pattern : result.patterns)
    patterns.push_back({{"down", names(network, pattern.down)},
                        {"flow", pattern.usage.flow},
                        {"accuracy", pattern.score.accuracy},
                        {"balanced_accuracy", pattern.score.balanced}});
  return {{"schema", 1},
          {"samples", result.samples},
          {"accuracy", result.score(0).accuracy},
          {"balanced_accuracy", result.score(0).balanced},
          {"guess", result.guess.accuracy},
          {"balanced_guess", result.guess.balanced},
          {"expected_accuracy", expected},
          {"expected_balanced_accuracy", expected_balanced},
          {"single_down", single},
          {"patterns", patterns}};
}

Status write_predictions(const std::string &path, const NetworkDescription &network,
                         const Evaluation &result, const Dataset &dataset,
                         const std::vector<std::int64_t> &rows) {
  std::map<std::string, NpyArray> arrays;
  const std::size_t classes = network.outputs[0].width;
  const std::vector<std::size_t> failable = failable_nodes(network);
  std::vector<std::uint8_t> down;
  std::vector<std::string> nodes;
  for (std::size_t node : failable)
    nodes.emplace_back(network.nodes[node].name);
  for (std::size_t p = 0; p < result.patterns.size(); ++p) {
    const std::vector<float> &output = result.patterns[p].output;
    arrays["output/" + std::to_string(p)] = make_array(std::span(output), {rows.size(), classes});
    for (std::size_t node : failable)
      down.push_back(result.patterns[p].down >> node & 1);
  }
  std::vector<std::int32_t> labels;
  for (std::int64_t row : rows)
    labels.push_back(dataset.labels[static_cast<std::size_t>(row)]);
  arrays["patterns"] =
      make_array(std::span<const std::uint8_t>(down), {result.patterns.size(), failable.size()});
  arrays["nodes"] = make_array(nodes);
  arrays["rows"] = make_array(std::span(rows), {rows.size()});
  arrays["labels"] = make_array(std::span<const std::int32_t>(labels), {labels.size()});
  return write_npz(path, arrays);
}

Status run(const Options &options, const NetworkDescription &network,
           std::span<Program *const> programs) {
  if (const std::size_t count = failable_nodes(network).size(); count > kMaxFailable)
    return Status::error("network '" + std::string(network.name) + "' has " +
                         std::to_string(count) + " failable nodes; every pattern of at most " +
                         std::to_string(kMaxFailable) + " can be evaluated");
  if (network.nodes.size() > kMaxBits || network.hyperconnections.size() > kMaxBits)
    return Status::error(
        "network '" + std::string(network.name) + "' has " + std::to_string(network.nodes.size()) +
        " nodes and " + std::to_string(network.hyperconnections.size()) +
        " hyperconnections; at most " + std::to_string(kMaxBits) + " of each can be evaluated");
  auto weights = WeightsFile::open(options.weights);
  if (!weights.ok())
    return weights.status();
  if (Status status = weights->check(network, /*topology=*/true); !status.ok())
    return status;
  if (Status status = weights->verify(); !status.ok())
    return status;
  for (Program *program : programs)
    if (Status status = program->load(*weights); !status.ok())
      return status;
  auto metadata = SplitMetadata::read(*weights);
  if (!metadata.ok())
    return metadata.status();
  // Read as training read its data, but for what the user says of another file.
  Selection selection = metadata->selection;
  if (!options.inputs.empty())
    selection.inputs = options.inputs;
  if (!options.label.empty())
    selection.label = options.label;
  if (options.all)
    selection.group.clear(); // of use to a split only
  const std::string &path = options.test.empty() ? options.data : options.test;
  auto dataset = read_dataset(path, network, selection);
  if (!dataset.ok())
    return dataset.status();
  const std::vector<std::int64_t> &counts = metadata->class_counts;
  if (counts.size() != network.outputs[0].width ||
      *std::min_element(counts.begin(), counts.end()) < 0 ||
      *std::max_element(counts.begin(), counts.end()) == 0)
    return Status::error("weights file '" + options.weights +
                         "' has class counts that make no sense");
  std::vector<std::int64_t> rows;
  if (options.all) {
    rows.resize(dataset->rows);
    std::iota(rows.begin(), rows.end(), 0);
  } else {
    if (Status status = metadata->check_test_data(*dataset); !status.ok())
      return status;
    rows = metadata->test_rows(*dataset);
  }
  if (rows.empty())
    return Status::error("there are no test rows in '" + path + "'");

  EvaluationOptions evaluation = options.evaluation;
  evaluation.keep_outputs = !options.predictions.empty();
  const Evaluation result =
      evaluate(network, programs, *dataset, rows, metadata->class_counts, evaluation);
  print_table(network, result);
  if (!options.json.empty())
    if (Status status = write_file(options.json, to_json(network, result).dump(1) + "\n");
        !status.ok())
      return status;
  if (!options.predictions.empty())
    if (Status status = write_predictions(options.predictions, network, result, *dataset, rows);
        !status.ok())
      return status;

  // Rows that training may have seen say nothing about answers to come.
  if (options.all)
    return {};
  std::vector<PatternAccuracy> table;
  for (const Pattern &pattern : result.patterns)
    table.push_back({names(network, pattern.down), pattern.usage.used, pattern.usage.flow,
                     pattern.score.accuracy, pattern.score.balanced});
  return AccuracyTable::write(AccuracyTable::path_for(options.weights), network,
                              weights->data_hash(), table);
}

} // namespace

int main(int argc, char **argv, const NetworkDescription &network,
         std::span<Program *const> programs) {
  CLI::App app{"Accuracy of network '" + std::string(network.name) + "' (scheme " +
                   std::string(network.scheme) + ") under every failure pattern",
               std::string(network.name) + "-evaluate"};
  Options options;
  app.add_option("--weights", options.weights, "the weights file")->required();
  auto *data = app.add_option("--data", options.data,
                              "the dataset that it was trained on: its test rows count");
  auto *test = app.add_option("--test", options.test,
                              "the file of test rows, where training had files for each part");
  data->excludes(test);
  app.add_option("--input", options.inputs,
                 "NAME=ARRAY, ARRAY[:, K] or ARRAY[:, A:B], instead of what training was told")
      ->allow_extra_args(false);
  app.add_option("--label", options.label, "array of the labels, instead of training's");
  app.add_flag(
      "--all", options.all,
      "count every row of the file, whether training saw it or not; writes no accuracy table");
  app.add_option("--json", options.json, "write the results as JSON");
  app.add_option("--predictions", options.predictions, "write the outputs of every pattern (.npz)");
  app.add_option("--batch", options.evaluation.batch, "rows at a time; no result depends on it")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  app.add_option("--threads", options.evaluation.threads, "no result depends on it")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (options.data.empty() && options.test.empty()) {
    std::cerr << "error: --data is required\n";
    return 1;
  }
  if (Status status = run(options, network, programs); !status.ok()) {
    std::cerr << "error: " << status.message() << "\n";
    return 1;
  }
  return 0;
}

} // namespace rnet::evaluate
