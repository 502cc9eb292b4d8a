// What an evaluation is written as.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "report.h"

#include "rnet/core/npz.h"

#include <algorithm>
#include <cstdio>

namespace rnet::evaluate {

using nlohmann::ordered_json;

namespace {

std::string name(const NetworkDescription &network, std::size_t cause) {
  const std::size_t nodes = network.nodes.size();
  return std::string(cause < nodes ? network.nodes[cause].name
                                   : network.domains[cause - nodes].name);
}

std::vector<std::string> names(const NetworkDescription &network, DownSet down) {
  std::vector<std::string> list;
  for (std::size_t cause = 0; cause < network.nodes.size() + network.domains.size(); ++cause)
    if (down >> cause & 1)
      list.push_back(name(network, cause));
  return list;
}

/// The node of the exit that answers; empty where the output itself does, or nobody.
std::string exit_of(const NetworkDescription &network, const Usage &usage) {
  return usage.head == 0
             ? ""
             : std::string(network.nodes[network.outputs[0].head(usage.head).node].name);
}

std::string join(const std::vector<std::string> &words, const char *none) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : " + ") + word;
  return text.empty() ? none : text;
}

std::string percent(const Interval &interval) {
  char text[40];
  std::snprintf(text, sizeof text, "%6.2f%% to %6.2f%%", 100 * interval.low, 100 * interval.high);
  return text;
}

ordered_json array(const Interval &interval) { return {interval.low, interval.high}; }

/// What a pattern's accuracy is known to; nothing for a guess.
std::optional<Interval> interval(const Evaluation &result, const Pattern &pattern) {
  if (!pattern.usage.flow)
    return std::nullopt;
  return wilson(pattern.score.accuracy, static_cast<double>(result.samples));
}

} // namespace

void print_table(const NetworkDescription &network, const Evaluation &result) {
  std::printf("%s, scheme %.*s: %zu samples\n\n", std::string(network.name).c_str(),
              static_cast<int>(network.scheme.size()), network.scheme.data(), result.samples);
  const std::size_t shown =
      result.complete ? result.patterns.size() : 1 + failable_causes(network).size();
  std::size_t width = 20;
  for (std::size_t p = 0; p < shown; ++p)
    width = std::max(width, join(names(network, result.patterns[p].down), "none").size());
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
  print_head(network.domains.empty() ? "nodes down" : "down", "accuracy", "hyperconnections used");
  for (std::size_t p = 0; p < shown; ++p) {
    const Pattern &pattern = result.patterns[p];
    std::string used;
    for (std::size_t k = 0; k < network.hyperconnections.size(); ++k)
      if (pattern.usage.used >> k & 1)
        used += (used.empty() ? "" : " ") + std::string(network.hyperconnections[k].name);
    if (const std::string exit = exit_of(network, pattern.usage); !exit.empty())
      used = "exit at " + exit + (used.empty() ? "" : ": " + used);
    print_line(join(names(network, pattern.down), "none"), pattern.score,
               pattern.usage.flow ? used : "no information flow: a guess");
  }
  if (!result.complete)
    std::printf("and %zu more of the 2^%zu failure patterns\n", result.patterns.size() - shown,
                shown - 1);
  if (network.settings.empty())
    return;
  // Accuracy lies there with 95 %: with other test rows; with all patterns, on these rows.
  std::printf("\n");
  print_head("reliability setting", "expected",
             result.complete ? "95 % by test rows" : "95 % by test rows   95 % by patterns");
  for (std::size_t s = 0; s < network.settings.size(); ++s) {
    const Expectation &expected = result.expected[s];
    print_line(std::string(network.settings[s].name), expected.score,
               percent(expected.test_rows) +
                   (result.complete ? "" : "  " + percent(expected.patterns)));
  }
}

ordered_json to_json(const NetworkDescription &network, const Evaluation &result) {
  ordered_json expected = ordered_json::object(), expected_balanced = ordered_json::object(),
               intervals = ordered_json::object(), single = ordered_json::object(),
               patterns = ordered_json::array();
  for (std::size_t s = 0; s < network.settings.size(); ++s) {
    const std::string name(network.settings[s].name);
    const Expectation &expectation = result.expected[s];
    expected[name] = expectation.score.accuracy;
    expected_balanced[name] = expectation.score.balanced;
    intervals[name] = {{"test_rows", array(expectation.test_rows)},
                       {"patterns", array(expectation.patterns)}};
  }
  for (std::size_t cause : failable_causes(network))
    single[name(network, cause)] = result.score(DownSet(1) << cause).accuracy;
  for (const Pattern &pattern : result.patterns) {
    ordered_json entry = {{"down", names(network, pattern.down)},
                          {"flow", pattern.usage.flow},
                          {"accuracy", pattern.score.accuracy},
                          {"balanced_accuracy", pattern.score.balanced}};
    if (const std::string exit = exit_of(network, pattern.usage); !exit.empty())
      entry["exit"] = exit;
    if (const auto known = interval(result, pattern))
      entry["interval"] = array(*known);
    patterns.push_back(std::move(entry));
  }
  return {{"schema", 1},
          {"samples", result.samples},
          {"accuracy", result.score(0).accuracy},
          {"balanced_accuracy", result.score(0).balanced},
          {"guess", result.guess.accuracy},
          {"balanced_guess", result.guess.balanced},
          {"expected_accuracy", expected},
          {"expected_balanced_accuracy", expected_balanced},
          {"expected_interval", intervals},
          {"single_down", single},
          {"every_pattern", result.complete},
          {"patterns", patterns}};
}

Status write_predictions(const std::string &path, const NetworkDescription &network,
                         const Evaluation &result, const Dataset &dataset,
                         const std::vector<std::int64_t> &rows) {
  std::map<std::string, NpyArray> arrays;
  const std::size_t classes = network.outputs[0].width;
  const std::vector<std::size_t> failable = failable_causes(network);
  std::vector<std::uint8_t> down;
  std::vector<std::string> causes;
  for (std::size_t cause : failable)
    causes.push_back(name(network, cause));
  for (std::size_t p = 0; p < result.patterns.size(); ++p) {
    const std::vector<float> &output = result.output(result.patterns[p]);
    arrays["output/" + std::to_string(p)] = make_array(std::span(output), {rows.size(), classes});
    for (std::size_t cause : failable)
      down.push_back(result.patterns[p].down >> cause & 1);
  }
  std::vector<std::int32_t> labels;
  for (std::int64_t row : rows)
    labels.push_back(dataset.labels[static_cast<std::size_t>(row)]);
  arrays["patterns"] =
      make_array(std::span<const std::uint8_t>(down), {result.patterns.size(), failable.size()});
  arrays["nodes"] = make_array(causes);
  arrays["rows"] = make_array(std::span(rows), {rows.size()});
  arrays["labels"] = make_array(std::span<const std::int32_t>(labels), {labels.size()});
  return write_npz(path, arrays);
}

std::vector<PatternAccuracy> accuracies(const NetworkDescription &network,
                                        const Evaluation &result) {
  std::vector<PatternAccuracy> list;
  for (const Pattern &pattern : result.patterns)
    list.push_back({names(network, pattern.down),
                    pattern.usage,
                    {pattern.score.accuracy, interval(result, pattern)},
                    pattern.score.balanced});
  return list;
}

} // namespace rnet::evaluate
