// Evaluation that shares work between failure patterns, against a whole pass for each.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/evaluate.h"
#include "rnet/evaluate/shared_forward.h"

#include "small_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>
#include <set>

using namespace rnet;
using namespace rnet::evaluate;
using namespace rnet::test;

namespace {

struct Topology {
  const char *name;
  std::function<void(SmallNetwork &)> make;
};
void PrintTo(const Topology &topology, std::ostream *out) { *out << topology.name; }

class Shared : public testing::TestWithParam<Topology> {
protected:
  Shared() {
    GetParam().make(network);
    data = network.make_data(kRows);
    rows.resize(kRows);
    std::iota(rows.rbegin(), rows.rend(), 0);
  }

  Evaluation run(const PatternSet &patterns, const EvaluationOptions &options) {
    return evaluate::evaluate(network.description, network.programs, data, rows, {4, 3, 2, 1},
                              patterns, options);
  }

  static constexpr std::size_t kRows = 53;
  SmallNetwork network;
  Dataset data;
  std::vector<std::int64_t> rows;
};

bool contains(std::span<const std::size_t> list, std::size_t index) {
  return std::find(list.begin(), list.end(), index) != list.end();
}

bool is_down(const NetworkDescription &network, std::size_t node, DownSet down) {
  bool result = down >> node & 1;
  for (std::size_t k = 0; k < network.domains.size(); ++k)
    result |= (down >> (network.nodes.size() + k) & 1) && contains(network.domains[k].nodes, node);
  return result;
}

bool is_cut(const NetworkDescription &network, std::size_t hyperconnection, DownSet down) {
  bool result = false;
  for (std::size_t k = 0; k < network.domains.size(); ++k)
    result |= (down >> (network.nodes.size() + k) & 1) &&
              contains(network.domains[k].hyperconnections, hyperconnection);
  for (std::size_t node = 0; node < network.nodes.size(); ++node)
    result |= is_down(network, node, down) && contains(network.nodes[node].relays, hyperconnection);
  return result;
}

/// A node's state in words, by recursion from the node; empty where it is absent.
std::string state(const NetworkDescription &network, std::size_t node, DownSet down) {
  const NodeDescription &description = network.nodes[node];
  if (is_down(network, node, down))
    return "";
  std::vector<std::string> inputs;
  std::uint64_t arrived = 0;
  for (const Source &source : description.inputs) {
    inputs.push_back(source.kind == Source::Kind::network_input ? "x"
                     : is_cut(network, source.index, down)
                         ? ""
                         : state(network, network.hyperconnections[source.index].from, down));
    arrived |= std::uint64_t(!inputs.back().empty()) << (inputs.size() - 1);
  }
  const std::uint64_t taken = description.mux.taken(arrived);
  std::string text;
  for (std::size_t k = 0; k < inputs.size(); ++k)
    text += taken >> k & 1 ? " " + inputs[k] : " -";
  return taken ? "(" + std::to_string(node) + text + ")" : "";
}

/// The states that an output's state is made of.
void collect(const std::string &state, std::set<std::string> &states) {
  std::vector<std::size_t> open;
  for (std::size_t at = 0; at < state.size(); ++at)
    if (state[at] == '(') {
      open.push_back(at);
    } else if (state[at] == ')') {
      states.insert(state.substr(open.back(), at + 1 - open.back()));
      open.pop_back();
    }
}

TEST_P(Shared, GivesWhatAWholePassForEachPatternGives) {
  const PatternSet patterns = all_patterns(network.description);
  const Evaluation result = run(patterns, {16, 2, true});
  ASSERT_EQ(result.patterns.size(), patterns.patterns.size());
  std::vector<std::vector<float>> inputs;
  std::vector<const float *> pointers;
  for (std::size_t k = 0; k < data.inputs.size(); ++k) {
    inputs.emplace_back(kRows * kSmallWidth);
    for (std::size_t row = 0; row < kRows; ++row)
      data.copy_row(k, static_cast<std::size_t>(rows[row]), inputs[k].data() + row * kSmallWidth);
    pointers.push_back(inputs[k].data());
  }
  Forward forward(network.description, network.programs, kRows);
  std::vector<double> expected(network.description.settings.size());
  std::size_t flowing = 0;
  for (const Pattern &pattern : result.patterns) {
    const Usage usage = find_usage(network.description, pattern.down);
    EXPECT_EQ(pattern.usage.flow, usage.flow) << pattern.down;
    EXPECT_EQ(pattern.usage.used, usage.used) << pattern.down;
    EXPECT_EQ(pattern.usage.head, usage.head) << pattern.down;
    double accuracy = result.guess.accuracy;
    if (usage.flow) {
      ++flowing;
      forward.run(pointers, kRows, pattern.down);
      std::size_t right = 0;
      for (std::size_t row = 0; row < kRows; ++row) {
        // No head before the one that answers has an answer.
        for (std::size_t head = 0; head < usage.head; ++head)
          ASSERT_FALSE(forward.output(head).present[row]);
        const float *values = forward.output(usage.head).row(row);
        ASSERT_TRUE(forward.output(usage.head).present[row]);
        ASSERT_EQ(std::memcmp(values, result.output(pattern).data() + row * kSmallWidth,
                              kSmallWidth * sizeof(float)),
                  0)
            << pattern.down << ' ' << row;
        right += std::max_element(values, values + kSmallWidth) - values ==
                 data.labels[static_cast<std::size_t>(rows[row])];
      }
      accuracy = static_cast<double>(right) / kRows;
    } else {
      EXPECT_EQ(result.output(pattern), std::vector<float>(kRows * kSmallWidth));
    }
    EXPECT_EQ(pattern.score.accuracy, accuracy) << pattern.down;
    for (std::size_t s = 0; s < expected.size(); ++s) {
      double probability = 1;
      const std::span<const double> reliability = network.description.settings[s].reliability;
      for (std::size_t cause = 0; cause < reliability.size(); ++cause)
        probability *= pattern.down >> cause & 1 ? 1 - reliability[cause] : reliability[cause];
      expected[s] += probability * accuracy;
    }
  }
  EXPECT_GT(flowing, patterns.patterns.size() / 20);
  for (std::size_t s = 0; s < expected.size(); ++s) {
    const Expectation &found = result.expected[s];
    EXPECT_NEAR(found.score.accuracy, expected[s], 1e-12);
    EXPECT_EQ(found.patterns.low, found.score.accuracy);
    EXPECT_EQ(found.patterns.high, found.score.accuracy);
    EXPECT_LT(found.test_rows.low, found.score.accuracy);
    EXPECT_GT(found.test_rows.high, found.score.accuracy);
  }
}

TEST_P(Shared, RunsEachDistinctStateOnce) {
  const PatternSet patterns = all_patterns(network.description);
  std::set<std::string> states;
  const OutputDescription &output = network.description.outputs[0];
  for (DownSet down : patterns.patterns) {
    std::string answer;
    for (std::size_t head = 0; head < output.heads() && answer.empty(); ++head)
      answer = state(network.description, output.head(head).node, down);
    collect(answer, states);
  }
  std::map<std::size_t, std::size_t> counts;
  for (const std::string &text : states)
    ++counts[std::stoul(text.substr(1))];
  const Evaluation result = run(patterns, {kRows, 1, false});
  EXPECT_EQ(result.runs, states.size());
  for (std::size_t node = 0; node < network.description.nodes.size(); ++node)
    EXPECT_EQ(network.runs(node), counts[node]) << node;
}

TEST_P(Shared, DependsOnNoOption) {
  const PatternSet patterns = all_patterns(network.description);
  const Evaluation expected = run(patterns, {128, 1, true});
  // The last has memory for two rows at a time.
  const std::size_t row =
      SharedForward::row_bytes(network.programs, make_plan(network.description, patterns.patterns));
  for (const EvaluationOptions &options :
       {EvaluationOptions{1, 1, true}, {7, 3, true}, {64, 2, true}, {64, 1, true, 2 * row + 1}}) {
    const Evaluation result = run(patterns, options);
    EXPECT_EQ(result.outputs, expected.outputs);
    for (std::size_t p = 0; p < result.patterns.size(); ++p)
      EXPECT_EQ(result.patterns[p].score.balanced, expected.patterns[p].score.balanced);
    for (std::size_t s = 0; s < result.expected.size(); ++s) {
      EXPECT_EQ(result.expected[s].score.accuracy, expected.expected[s].score.accuracy);
      EXPECT_EQ(result.expected[s].test_rows.low, expected.expected[s].test_rows.low);
      EXPECT_EQ(result.expected[s].test_rows.high, expected.expected[s].test_rows.high);
    }
  }
}

TEST_P(Shared, AnswersWithoutSomeHyperconnectionsAsWhileALinkIsDownThatCarriesThem) {
  PatternSet patterns = all_patterns(network.description);
  EvaluationOptions options{64, 1, true};
  std::vector<std::size_t> cut;
  for (std::size_t k = 1; k < network.hyperconnections(); k += 3) {
    cut.push_back(k);
    options.cut |= UsedSet(1) << k;
  }
  const Evaluation without = run(patterns, options);
  std::vector<DomainDescription> domains(network.description.domains.begin(),
                                         network.description.domains.end());
  domains.push_back({"link", {}, cut});
  network.description.domains = domains;
  for (DownSet &down : patterns.patterns)
    down |= DownSet(1) << (network.description.nodes.size() + domains.size() - 1);
  options.cut = 0;
  const Evaluation down = run(patterns, options);
  EXPECT_EQ(without.outputs, down.outputs);
  EXPECT_EQ(without.runs, down.runs);
  for (std::size_t p = 0; p < patterns.patterns.size(); ++p) {
    EXPECT_EQ(without.patterns[p].usage.used, down.patterns[p].usage.used);
    EXPECT_EQ(without.patterns[p].score.accuracy, down.patterns[p].score.accuracy);
  }
  for (std::size_t s = 0; s < without.expected.size(); ++s)
    EXPECT_EQ(without.expected[s].score.balanced, down.expected[s].score.balanced);
}

/// No step writes what a later one still reads, or what it reads itself.
TEST_P(Shared, KeepsEachTensorUntilItsLastUse) {
  const PatternSet patterns = all_patterns(network.description);
  const Plan plan = make_plan(network.description, patterns.patterns);
  // Which step's result each buffer holds; the inputs of a step must be of the nodes they come
  // from.
  std::vector<std::size_t> holds(plan.buffers.size(), Plan::kNone);
  for (std::size_t k = 0; k < plan.steps.size(); ++k) {
    const Plan::Step &step = plan.steps[k];
    const NodeDescription &node = network.description.nodes[step.node];
    for (std::size_t i = 0; i < step.inputs.size(); ++i) {
      if (step.inputs[i] == Plan::kNone)
        continue;
      EXPECT_EQ(std::count(step.results.begin(), step.results.end(), step.inputs[i]), 0);
      if (node.inputs[i].kind == Source::Kind::network_input) {
        EXPECT_EQ(step.inputs[i], node.inputs[i].index);
        EXPECT_EQ(holds[step.inputs[i]], Plan::kNone);
      } else {
        ASSERT_NE(holds[step.inputs[i]], Plan::kNone);
        EXPECT_EQ(plan.steps[holds[step.inputs[i]]].node,
                  network.description.hyperconnections[node.inputs[i].index].from);
      }
    }
    for (std::size_t result : step.results)
      holds[result] = k;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Topologies, Shared,
    testing::Values(
        Topology{"HealthFailover", [](auto &n) { make_health(n, MuxKind::failover); }},
        Topology{"HealthSum", [](auto &n) { make_health(n, MuxKind::sum); }},
        Topology{"HealthExitsFailover",
                 [](auto &n) { make_health_with_exits(n, MuxKind::failover); }},
        Topology{"HealthExitsSum", [](auto &n) { make_health_with_exits(n, MuxKind::sum); }},
        Topology{"CameraFailover", [](auto &n) { make_camera(n, MuxKind::failover); }},
        Topology{"CameraSum", [](auto &n) { make_camera(n, MuxKind::sum); }},
        Topology{"WearablesFailover", [](auto &n) { make_wearables(n, MuxKind::failover); }},
        Topology{"WearablesSum", [](auto &n) { make_wearables(n, MuxKind::sum); }},
        Topology{"Random1", [](auto &n) { make_random(n, 1); }},
        Topology{"Random2", [](auto &n) { make_random(n, 2); }},
        Topology{"Random3", [](auto &n) { make_random(n, 3); }},
        Topology{"Random4", [](auto &n) { make_random(n, 4); }},
        Topology{"Random5", [](auto &n) { make_random(n, 5); }},
        Topology{"Exits1", [](auto &n) { make_random(n, 1, false, true); }},
        Topology{"Exits2", [](auto &n) { make_random(n, 2, false, true); }},
        Topology{"Exits3", [](auto &n) { make_random(n, 3, true, true); }},
        Topology{"Exits4", [](auto &n) { make_random(n, 4, true, true); }},
        Topology{"Domains1", [](auto &n) { make_random(n, 1, true); }},
        Topology{"Domains2", [](auto &n) { make_random(n, 2, true); }},
        Topology{"Domains3", [](auto &n) { make_random(n, 5, true); }},
        Topology{"Domains4", [](auto &n) { make_random(n, 4, true); }}),
    [](const auto &info) { return info.param.name; });

TEST(Plan, OfCameraHasItsStates) {
  SmallNetwork camera;
  make_camera(camera, MuxKind::failover);
  const PatternSet patterns = all_patterns(camera.description);
  const Plan plan = make_plan(camera.description, patterns.patterns);
  EXPECT_EQ(plan.answers.size(), 256u);
  EXPECT_EQ(256 - std::count(plan.answers.begin(), plan.answers.end(), Plan::kNone), 157);
  EXPECT_EQ(plan.used.size(), 103u);
  EXPECT_EQ(std::count_if(plan.steps.begin(), plan.steps.end(),
                          [](const Plan::Step &step) { return step.node == 14; }),
            103);
}

TEST(Plan, OfSixteenNodesNeedsFewBuffers) {
  for (MuxKind kind : {MuxKind::failover, MuxKind::sum}) {
    SmallNetwork chain;
    make_chain(chain, 16, kind, {{0.9}});
    const PatternSet patterns = all_patterns(chain.description);
    ASSERT_EQ(patterns.patterns.size(), 65536u);
    const Plan plan = make_plan(chain.description, patterns.patterns);
    // Two results a node, at most one state of each node at a time, and the input.
    EXPECT_LE(plan.buffers.size(), 2 * 18 + 1u);
    // Under failover there is one state for each way through the chain.
    if (kind == MuxKind::failover) {
      EXPECT_EQ(plan.used.size(), 2584u); // Fibonacci's eighteenth
    }
  }
}

TEST(Plan, OfFewPatternsRunsWhatTheyNeed) {
  SmallNetwork health;
  make_health(health, MuxKind::failover);
  const DownSet none[] = {0}, silent[] = {0b0110};
  EXPECT_EQ(make_plan(health.description, none).steps.size(), 5u);
  const Plan plan = make_plan(health.description, silent);
  EXPECT_TRUE(plan.steps.empty());
  EXPECT_EQ(plan.answers, std::vector<std::size_t>{Plan::kNone});
  EXPECT_TRUE(make_plan(health.description, {}).steps.empty());
}

} // namespace
