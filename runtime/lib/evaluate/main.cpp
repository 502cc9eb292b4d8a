// The command line of an evaluator.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/main.h"

#include "report.h"

#include "rnet/core/atomic_file.h"
#include "rnet/core/weights_file.h"
#include "rnet/data/split.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <numeric>

namespace rnet::evaluate {
namespace {

constexpr std::size_t kMaxBits = 64;   // of DownSet and UsedSet
constexpr std::size_t kMaxExact = 16;  ///< causes whose patterns are all run, unless told
constexpr std::size_t kSamples = 4096; ///< where there are more, unless told
/// Of fewer, a narrow interval may be chance.
constexpr std::size_t kFirstSamples = 1024;
constexpr std::size_t kFewestSamples = 64, kMostSamples = std::size_t(1) << 20;

struct Options {
  std::string weights, data, test, json, predictions, label, setting;
  std::vector<std::string> inputs, cut;
  bool all = false, validation = false;
  std::optional<std::size_t> samples;
  std::optional<double> width;
  std::uint64_t seed = 0;
  EvaluationOptions evaluation;
};

/// Runs all patterns, a sample of them, or samples that double until every setting's interval is
/// narrow enough.
Evaluation evaluate(const Options &options, const NetworkDescription &network,
                    std::span<Program *const> programs, const Dataset &dataset,
                    const std::vector<std::int64_t> &rows,
                    const std::vector<std::int64_t> &class_counts, bool complete) {
  const auto run = [&](const PatternSet &patterns) {
    return evaluate(network, programs, dataset, rows, class_counts, patterns, options.evaluation);
  };
  if (complete)
    return run(all_patterns(network));
  if (!options.width)
    return run(sample_patterns(network, options.samples.value_or(kSamples), options.seed));
  for (std::size_t samples = kFirstSamples;; samples *= 2) {
    Evaluation result = run(sample_patterns(network, samples, options.seed));
    const bool narrow = std::all_of(
        result.expected.begin(), result.expected.end(), [&](const Expectation &expected) {
          return expected.patterns.high - expected.patterns.low <= *options.width;
        });
    if (narrow || samples >= kMostSamples)
      return result;
  }
}

/// Of something that is named, where it is among others; an error that says what there are.
template <class Named>
Expected<std::size_t> find(const NetworkDescription &network, std::span<const Named> all,
                           std::string_view name, const std::string &what) {
  std::string known;
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (all[k].name == name)
      return k;
    known += (known.empty() ? "" : ", ") + std::string(all[k].name);
  }
  return Status::error("network '" + std::string(network.name) + "' has no " + what + " '" +
                       std::string(name) + "'; it has: " + (known.empty() ? "none" : known));
}

/// The network with the reliability setting alone that the user wants to know of.
Expected<NetworkDescription> choose_setting(NetworkDescription network, const std::string &name) {
  if (name.empty())
    return network;
  const auto setting = find(network, network.settings, name, "reliability setting");
  if (!setting.ok())
    return setting.status();
  network.settings = network.settings.subspan(*setting, 1);
  return network;
}

Status run(Options options, const NetworkDescription &whole, std::span<Program *const> programs) {
  const auto chosen = choose_setting(whole, options.setting);
  if (!chosen.ok())
    return chosen.status();
  const NetworkDescription &network = *chosen;
  const std::size_t causes = network.nodes.size() + network.domains.size();
  if (causes > kMaxBits || network.hyperconnections.size() > kMaxBits)
    return Status::error(
        "network '" + std::string(network.name) + "' has " + std::to_string(causes) +
        (network.domains.empty() ? " nodes and " : " nodes, links and groups and ") +
        std::to_string(network.hyperconnections.size()) + " hyperconnections; at most " +
        std::to_string(kMaxBits) + " of each can be evaluated");
  for (const std::string &name : options.cut) {
    const auto connection = find(network, network.hyperconnections, name, "hyperconnection");
    if (!connection.ok())
      return connection.status();
    options.evaluation.cut |= UsedSet(1) << *connection;
  }
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
    if (options.validation && metadata->kind == SplitKind::files)
      return Status::error("--validation is for weights that were trained on one dataset, which is "
                           "split; these had a file for validation");
    if (Status status = metadata->check_test_data(*dataset); !status.ok())
      return status;
    rows = options.validation ? metadata->validation_rows(*dataset) : metadata->test_rows(*dataset);
  }
  if (rows.empty())
    return Status::error(std::string("there are no ") +
                         (options.validation ? "validation" : "test") + " rows in '" + path + "'");

  const bool complete =
      !options.samples && !options.width && failable_causes(network).size() <= kMaxExact;
  const Evaluation result =
      evaluate(options, network, programs, *dataset, rows, metadata->class_counts, complete);
  print_table(network, result);
  if (!options.json.empty())
    if (Status status = write_file(options.json, to_json(network, result).dump(1) + "\n");
        !status.ok())
      return status;
  if (!options.predictions.empty())
    if (Status status = write_predictions(options.predictions, network, result, *dataset, rows);
        !status.ok())
      return status;

  // Rows that training may have seen say nothing about answers to come, nor does another network.
  if (options.all || options.validation || options.evaluation.cut != 0)
    return {};
  return AccuracyTable::write(AccuracyTable::path_for(options.weights), network,
                              weights->data_hash(), accuracies(network, result));
}

} // namespace

int main(int argc, char **argv, const NetworkDescription &network,
         std::span<Program *const> programs) {
  CLI::App app{"Accuracy of network '" + std::string(network.name) + "' (scheme " +
                   std::string(network.scheme) + ") under failure patterns: every one, or a sample",
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
  auto *all = app.add_flag(
      "--all", options.all,
      "count every row of the file, whether training saw it or not; writes no accuracy table");
  app.add_flag("--validation", options.validation,
               "count the validation rows instead of the test rows; writes no accuracy table")
      ->excludes(all)
      ->excludes(test);
  app.add_option(
         "--cut", options.cut,
         "these hyperconnections, FROM_to_TO, bring nothing in any pattern, as if they were "
         "not there; writes no accuracy table")
      ->delimiter(',');
  app.add_option("--setting", options.setting, "this reliability setting alone");
  app.add_option("--json", options.json, "write the results as JSON");
  app.add_option("--predictions", options.predictions, "write the outputs of every pattern (.npz)");
  auto *samples =
      app.add_option(
             "--samples", options.samples,
             "do not run every pattern: for each reliability setting, half of so many are its "
             "most probable ones, the rest is drawn (default where more than " +
                 std::to_string(kMaxExact) +
                 " nodes, links or groups may fail: " + std::to_string(kSamples) + ")")
          ->check(CLI::Range(kFewestSamples, kMostSamples));
  auto *width =
      app.add_option("--width", options.width,
                     "as many samples as it takes until each expected accuracy is known to "
                     "an interval (95 %) of this width, from 0 to 1")
          ->check(CLI::Range(0.0, 1.0));
  samples->excludes(width);
  app.add_option("--seed", options.seed, "of the samples")->capture_default_str();
  app.add_option("--batch", options.evaluation.batch,
                 "rows at a time, at most; no result depends on it")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  app.add_option("--threads", options.evaluation.threads, "no result depends on it")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  options.evaluation.keep_outputs = !options.predictions.empty();
  if (options.data.empty() && options.test.empty()) {
    std::cerr << "error: --data is required\n";
    return 1;
  }
  if (Status status = run(std::move(options), network, programs); !status.ok()) {
    std::cerr << "error: " << status.message() << "\n";
    return 1;
  }
  return 0;
}

} // namespace rnet::evaluate
