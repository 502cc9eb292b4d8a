// Networks of any topology, made in a few lines, whose nodes count their runs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/program.h"
#include "rnet/data/dataset.h"

#include <atomic>
#include <cmath>
#include <deque>
#include <random>
#include <string>

namespace rnet::test {

inline constexpr std::size_t kSmallWidth = 4;

/// Joins its inputs by the mux, row by row, in their order; then two results, each a random
/// function of the sum.
class SmallNode final : public Program {
public:
  SmallNode(const NodeDescription &node, std::uint32_t seed) : node_(node) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (float &weight : weights_)
      weight = normal(random);
  }
  Status load(const WeightsFile &) override { return {}; }
  ArenaPlan arena_plan() const noexcept override { return {16, 1}; }
  void infer(std::span<const Tensor<const float>> inputs, std::span<const Tensor<float>> outputs,
             Arena &arena) const noexcept override {
    const std::size_t rows = outputs[0].present.count;
    std::size_t computed = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      std::uint64_t arrived = 0;
      for (std::size_t k = 0; k < inputs.size(); ++k)
        arrived |= std::uint64_t(inputs[k].present[row]) << k;
      const std::uint64_t taken = node_.mux.taken(arrived);
      for (const Tensor<float> &output : outputs)
        output.present.rows[row] = taken != 0;
      if (taken == 0)
        continue;
      ++computed;
      float *const sum = arena.rows<kSmallWidth>(0).row(row);
      std::fill_n(sum, kSmallWidth, 0.f);
      for (std::size_t k = 0; k < inputs.size(); ++k)
        for (std::size_t i = 0; taken >> k & 1 && i < kSmallWidth; ++i)
          sum[i] += inputs[k].row(row)[i];
      for (std::size_t result = 0; result < outputs.size(); ++result)
        for (std::size_t o = 0; o < kSmallWidth; ++o) {
          float value = static_cast<float>(result);
          for (std::size_t i = 0; i < kSmallWidth; ++i)
            value += weights_[o * kSmallWidth + i] * sum[i];
          outputs[result].row(row)[o] = std::tanh(value);
        }
    }
    runs += computed > 0;
  }

  mutable std::atomic<std::size_t> runs = 0; ///< with a row that was computed

private:
  const NodeDescription &node_;
  std::array<float, kSmallWidth * kSmallWidth> weights_;
};

/// All tensors are kSmallWidth wide, and so many are the classes. Every node makes two results;
/// the last node added holds the output.
class SmallNetwork {
public:
  /// A sender and which of its results; without a sender: a new input of the network.
  struct From {
    int node = -1;
    std::size_t result = 0;
  };

  std::size_t add(bool failable, std::vector<From> inputs, MuxKind kind = MuxKind::sum,
                  std::vector<StandIn> stand_ins = {}) {
    const std::size_t node = nodes_.size();
    std::vector<Source> sources;
    for (const From &from : inputs)
      if (from.node < 0) {
        sources.push_back({Source::Kind::network_input, inputs_.size()});
        inputs_.push_back({text("x" + std::to_string(inputs_.size())), node, kSmallWidth, kShape});
      } else {
        sources.push_back({Source::Kind::hyperconnection, connections_.size()});
        connections_.push_back({text("h" + std::to_string(connections_.size())),
                                HyperconnectionKind::simple, static_cast<std::size_t>(from.node),
                                from.result, node, kSmallWidth});
      }
    sources_.push_back(std::move(sources));
    stand_ins_.push_back(std::move(stand_ins));
    nodes_.push_back({text("n" + std::to_string(node)),
                      failable,
                      0,
                      sources_.back(),
                      {kind, stand_ins_.back()},
                      kWidths});
    return node;
  }

  /// A failure domain beside the nodes.
  void add_domain(std::vector<std::size_t> nodes, std::vector<std::size_t> hyperconnections) {
    const auto &members = indices_.emplace_back(std::move(nodes)),
               &cut = indices_.emplace_back(std::move(hyperconnections));
    domains_.push_back({text("d" + std::to_string(domains_.size())), members, cut});
  }
  /// The node relays these hyperconnections.
  void relay(std::size_t node, std::vector<std::size_t> hyperconnections) {
    nodes_[node].relays = indices_.emplace_back(std::move(hyperconnections));
  }
  /// A result of the node is an exit, behind those before.
  void exit(std::size_t node, std::size_t result) { exits_.push_back({node, result}); }
  std::size_t hyperconnections() const { return connections_.size(); }

  /// Ends the network: one reliability setting for each list, a number for each node, and then
  /// for each domain.
  void finish(std::vector<std::vector<double>> reliabilities) {
    reliabilities_ = std::move(reliabilities);
    for (const std::vector<double> &reliability : reliabilities_)
      settings_.push_back({text("s" + std::to_string(settings_.size())), reliability});
    outputs_ = {{"y", nodes_.size() - 1, 0, kSmallWidth, {}, exits_}};
    description = {"small",
                   "resilinet",
                   "parameters-of-toy",
                   "topology-of-toy",
                   nodes_,
                   connections_,
                   inputs_,
                   outputs_,
                   settings_,
                   {},
                   {},
                   domains_};
    for (std::size_t node = 0; node < nodes_.size(); ++node)
      programs.push_back(&own_.emplace_back(nodes_[node], static_cast<std::uint32_t>(node)));
  }
  /// The same number for all that may fail.
  void finish(double reliability) {
    std::vector<double> each;
    for (const NodeDescription &node : nodes_)
      each.push_back(node.failable ? reliability : 1);
    each.resize(nodes_.size() + domains_.size(), reliability);
    finish({each});
  }

  Dataset make_data(std::size_t rows, std::uint32_t seed = 1) const {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    Dataset data;
    data.rows = rows;
    for (std::size_t k = 0; k < inputs_.size(); ++k) {
      std::vector<float> values(rows * kSmallWidth);
      for (float &value : values)
        value = normal(random);
      data.inputs.push_back({kSmallWidth, std::move(values)});
    }
    for (std::size_t row = 0; row < rows; ++row)
      data.labels.push_back(static_cast<std::int32_t>(random() % kSmallWidth));
    return data;
  }

  std::size_t runs(std::size_t node) const { return own_[node].runs; }

  NetworkDescription description;
  std::vector<Program *> programs;

private:
  static constexpr std::size_t kWidths[] = {kSmallWidth, kSmallWidth}, kShape[] = {kSmallWidth};
  std::string_view text(std::string words) { return texts_.emplace_back(std::move(words)); }

  std::deque<std::string> texts_;
  std::deque<std::vector<std::size_t>> indices_;
  std::deque<std::vector<Source>> sources_;
  std::deque<std::vector<StandIn>> stand_ins_;
  std::vector<NodeDescription> nodes_;
  std::vector<HyperconnectionDescription> connections_;
  std::vector<InputDescription> inputs_;
  std::vector<OutputDescription> outputs_;
  std::vector<Head> exits_;
  std::vector<DomainDescription> domains_;
  std::vector<std::vector<double>> reliabilities_;
  std::vector<SettingDescription> settings_;
  std::deque<SmallNode> own_;
};

/// examples/01-health.
inline void make_health(SmallNetwork &network, MuxKind kind) {
  network.add(false, {{-1}});
  network.add(true, {{0}});
  network.add(true, {{1}, {0, 1}}, kind, {{0b1, 0b10, 1}});
  network.add(true, {{2}, {1}}, kind, {{0b1, 0b10, 1}});
  network.add(false, {{3}, {2, 1}}, kind, {{0b1, 0b10, 1}});
  network.finish({{1, .92, .96, .99, 1}, {1, .78, .80, .85, 1}});
}

/// examples/01-health/health-exits.rnet.
inline void make_health_with_exits(SmallNetwork &network, MuxKind kind) {
  network.add(false, {{-1}});
  network.add(true, {{0}});
  network.add(true, {{1}, {0, 1}}, kind, {{0b1, 0b10, 1}});
  network.add(true, {{2}, {1}}, kind, {{0b1, 0b10, 1}});
  network.add(true, {{3}, {2, 1}}, kind, {{0b1, 0b10, 1}});
  for (std::size_t node : {3, 2, 1})
    network.exit(node, 1);
  network.finish({{1, .92, .96, .99, .99}, {1, .78, .80, .85, .85}});
}

/// examples/02-camera: nodes 0 to 5 are cameras, 6 to 9 edge1 to edge4; then fog3, fog4, fog2,
/// fog1, cloud.
inline void make_camera(SmallNetwork &network, MuxKind kind) {
  for (int camera = 0; camera < 6; ++camera)
    network.add(false, {{-1}});
  network.add(true, {{0}, {1}});
  network.add(true, {{2}});
  network.add(true, {{3}, {4}});
  network.add(true, {{5}});
  network.add(true, {{6}});
  network.add(true, {{7}, {8}, {9}});
  network.add(true, {{10}, {11}, {6}, {7}, {8}, {9}}, kind,
              {{0b01, 0b000100, 1}, {0b10, 0b111000, 1}});
  network.add(true, {{12}, {10}, {11}}, kind, {{0b1, 0b110, 1}});
  network.add(false, {{13}, {12}}, kind, {{0b1, 0b10, 1}});
  network.finish({{1, 1, 1, 1, 1, 1, .98, .98, .98, .98, .99, .99, .99, .99, 1},
                  {1, 1, 1, 1, 1, 1, .70, .70, .65, .65, .75, .75, .80, .80, 1}});
}

/// examples/06-wearables: sensors with inputs of their own may fail as well.
inline void make_wearables(SmallNetwork &network, MuxKind kind) {
  for (int sensor = 0; sensor < 3; ++sensor)
    network.add(true, {{-1}});
  network.add(true, {{0}, {1}, {2}});
  network.add(false, {{3}, {0}, {1, 1}, {2}}, kind, {{0b1, 0b1110, 1}});
  network.finish({{.98, .97, .97, .98, 1}, {.85, .78, .80, .80, 1}});
}

/// A node that does not fail, `nodes` that may, and one more with the output; each but the first
/// two is reached by a skip over the one before as well. The settings' numbers go round.
inline void make_chain(SmallNetwork &network, std::size_t nodes, MuxKind kind,
                       const std::vector<std::vector<double>> &settings) {
  network.add(false, {{-1}});
  for (int node = 1; node <= static_cast<int>(nodes) + 1; ++node) {
    const bool failable = node <= static_cast<int>(nodes);
    if (node == 1)
      network.add(failable, {{0}});
    else
      network.add(failable, {{node - 1}, {node - 2}}, kind, {{0b1, 0b10, 1}});
  }
  std::vector<std::vector<double>> reliabilities;
  for (const std::vector<double> &setting : settings) {
    std::vector<double> &each = reliabilities.emplace_back(nodes + 2, 1);
    for (std::size_t node = 0; node < nodes; ++node)
      each[1 + node] = setting[node % setting.size()];
  }
  network.finish(std::move(reliabilities));
}

/// Anything that the runtime's tables can say: some nodes fed by several, by two results of one, or
/// by inputs in the middle; failover groups of any kind; an output's node that may fail; exits.
inline void make_random(SmallNetwork &network, std::uint32_t seed, bool domains = false,
                        bool exits = false) {
  std::mt19937 random(seed);
  const auto below = [&](std::size_t limit) { return static_cast<int>(random() % limit); };
  const int nodes = 7 + below(4);
  for (int node = 0; node < nodes; ++node) {
    std::vector<SmallNetwork::From> inputs;
    if (node < 2 || below(8) == 0)
      inputs.push_back({-1});
    for (int tries = node == 0 ? 0 : 1 + below(3); tries > 0; --tries)
      inputs.push_back({below(static_cast<std::size_t>(node)), random() % 2});
    const std::size_t simple = 1 + random() % inputs.size();
    std::vector<StandIn> groups;
    for (std::size_t k = simple; k < inputs.size(); ++k)
      groups.push_back({1 + random() % ((std::uint64_t(1) << simple) - 1), std::uint64_t(1) << k,
                        1 + static_cast<unsigned>(random() % 2)});
    network.add(below(5) != 0, std::move(inputs), below(2) ? MuxKind::failover : MuxKind::sum,
                std::move(groups));
  }
  if (domains) { // links, groups and relays, too
    const auto some = [&](std::size_t limit) {
      std::vector<std::size_t> list;
      for (std::size_t k = 0; k < limit; ++k)
        if (below(4) == 0)
          list.push_back(k);
      return list;
    };
    network.add_domain({}, some(network.hyperconnections()));
    network.add_domain(some(static_cast<std::size_t>(nodes)), some(network.hyperconnections()));
    for (std::size_t node : some(static_cast<std::size_t>(nodes)))
      network.relay(node, some(network.hyperconnections()));
  }
  for (std::size_t node = static_cast<std::size_t>(nodes) - 1; exits && node-- > 0;)
    if (below(3) == 0)
      network.exit(node, random() % 2);
  network.finish(0.8);
}

} // namespace rnet::test
