// Which states nodes can be in, and an order to run them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/plan.h"

#include <algorithm>
#include <numeric>
#include <queue>
#include <unordered_map>

namespace rnet::evaluate {
namespace {

using StateId = std::uint32_t;
constexpr StateId kAbsent = 0;

/// Of a node: the states that its inputs come from, kAbsent where the mux does not take them.
using Inputs = std::vector<StateId>;

struct Hash {
  std::size_t operator()(const Inputs &inputs) const {
    std::uint64_t hash = 0;
    for (StateId input : inputs)
      hash = (hash ^ input) * 0x9e3779b97f4a7c15 + (hash >> 29);
    return hash ^ hash >> 32;
  }
};

struct State {
  std::size_t node = Plan::kNone; ///< kNone: an input of the network, or absent
  Inputs inputs;
  UsedSet used = 0;
  std::vector<StateId> takers;      ///< states that take this one as an input, once for each time
  std::size_t missing = 0;          ///< inputs that have not been run
  std::size_t uses = 0;             ///< takers that have not been run
  std::vector<std::size_t> results; ///< buffers, while some taker needs them
};

/// All states in any of the patterns: kAbsent, those of the network's inputs, those of each node.
struct States {
  States(const NetworkDescription &network, std::span<const DownSet> patterns, UsedSet cut)
      : all(1 + network.inputs.size()), output(patterns.size()) {
    std::vector<Outage> outages;
    for (DownSet down : patterns) {
      outages.push_back(find_outage(network, down));
      outages.back().cut |= cut;
    }
    std::vector<std::vector<StateId>> of(network.nodes.size(),
                                         std::vector<StateId>(patterns.size()));
    for (std::size_t node = 0; node < network.nodes.size(); ++node) {
      const NodeDescription &description = network.nodes[node];
      std::unordered_map<Inputs, StateId, Hash> known;
      Inputs inputs(description.inputs.size());
      for (std::size_t p = 0; p < patterns.size(); ++p) {
        if (outages[p].nodes >> node & 1)
          continue;
        std::uint64_t arrived = 0;
        for (std::size_t k = 0; k < inputs.size(); ++k) {
          const Source &source = description.inputs[k];
          inputs[k] = source.kind == Source::Kind::network_input
                          ? static_cast<StateId>(1 + source.index)
                      : outages[p].cut >> source.index & 1
                          ? kAbsent
                          : of[network.hyperconnections[source.index].from][p];
          arrived |= std::uint64_t(inputs[k] != kAbsent) << k;
        }
        const std::uint64_t taken = description.mux.taken(arrived);
        if (taken == 0)
          continue;
        for (std::size_t k = 0; k < inputs.size(); ++k)
          if (!(taken >> k & 1))
            inputs[k] = kAbsent;
        const auto [found, is_new] = known.try_emplace(inputs, static_cast<StateId>(all.size()));
        if (is_new)
          all.push_back(make(network, node, inputs));
        of[node][p] = found->second;
      }
    }
    for (std::size_t p = 0; p < patterns.size(); ++p)
      for (std::size_t head = 0; head < network.outputs[0].heads() && output[p] == kAbsent; ++head)
        output[p] = of[network.outputs[0].head(head).node][p];
  }

  State make(const NetworkDescription &network, std::size_t node, const Inputs &inputs) const {
    State state;
    state.node = node;
    state.inputs = inputs;
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (const Source &source = network.nodes[node].inputs[k];
          inputs[k] != kAbsent && source.kind == Source::Kind::hyperconnection)
        state.used |= all[inputs[k]].used | UsedSet(1) << source.index;
    return state;
  }

  std::vector<State> all;      ///< each after its inputs
  std::vector<StateId> output; ///< of the node that answers, by pattern
};

/// Buffers by size: what has been given back is taken first.
class Buffers {
public:
  std::size_t take(std::size_t elements) {
    std::vector<std::size_t> &free = free_[elements];
    if (free.empty()) {
      sizes.push_back(elements);
      return sizes.size() - 1;
    }
    const std::size_t buffer = free.back();
    free.pop_back();
    return buffer;
  }
  void give_back(std::vector<std::size_t> &buffers) {
    for (std::size_t buffer : buffers)
      free_[sizes[buffer]].push_back(buffer);
    buffers.clear();
  }

  std::vector<std::size_t> sizes;

private:
  std::unordered_map<std::size_t, std::vector<std::size_t>> free_;
};

} // namespace

std::size_t Plan::row_bytes() const {
  return sizeof(float) * std::accumulate(buffers.begin(), buffers.end(), std::size_t(0));
}

Plan make_plan(const NetworkDescription &network, std::span<const DownSet> patterns, UsedSet cut) {
  States states(network, patterns, cut);
  std::vector<State> &all = states.all;
  Plan plan;

  // Answers, and what they rest on: from the last state to the first, each marks its inputs.
  std::vector<std::size_t> answer(all.size(), Plan::kNone);
  std::vector<char> needed(all.size());
  for (StateId state : states.output) {
    if (state != kAbsent && answer[state] == Plan::kNone) {
      answer[state] = plan.used.size();
      plan.used.push_back(all[state].used);
      plan.heads.push_back(network.outputs[0].head_at(all[state].node));
      needed[state] = true;
    }
    plan.answers.push_back(state == kAbsent ? Plan::kNone : answer[state]);
  }
  for (StateId id = static_cast<StateId>(all.size()); id-- > 0;)
    if (needed[id])
      for (StateId input : all[id].inputs)
        if (input != kAbsent) {
          needed[input] = true;
          all[input].takers.push_back(id);
        }

  Buffers buffers;
  for (std::size_t k = 0; k < network.inputs.size(); ++k) {
    State &input = all[1 + k];
    input.results = {buffers.take(row_stride(network.inputs[k].width))};
    input.uses = input.takers.size() + 1; // every chunk of rows writes them anew: never given back
  }
  // The last node first; of its states, the first.
  const auto later = [&](StateId a, StateId b) {
    return all[a].node != all[b].node ? all[a].node < all[b].node : a > b;
  };
  std::priority_queue<StateId, std::vector<StateId>, decltype(later)> ready(later);
  for (StateId id = static_cast<StateId>(1 + network.inputs.size()); id < all.size(); ++id) {
    State &state = all[id];
    state.uses = state.takers.size();
    for (StateId input : state.inputs)
      state.missing += input > network.inputs.size();
    if (needed[id] && state.missing == 0)
      ready.push(id);
  }
  while (!ready.empty()) {
    const StateId id = ready.top();
    ready.pop();
    State &state = all[id];
    const NodeDescription &node = network.nodes[state.node];
    Plan::Step step{state.node, {}, {}, answer[id]};
    for (std::size_t k = 0; k < state.inputs.size(); ++k) {
      const Source &source = node.inputs[k];
      const std::size_t result = source.kind == Source::Kind::hyperconnection
                                     ? network.hyperconnections[source.index].result
                                     : 0;
      step.inputs.push_back(state.inputs[k] == kAbsent ? Plan::kNone
                                                       : all[state.inputs[k]].results[result]);
    }
    for (std::size_t width : node.result_widths)
      state.results.push_back(buffers.take(row_stride(width)));
    step.results = state.results;
    plan.steps.push_back(std::move(step));
    for (StateId input : state.inputs)
      if (input != kAbsent && --all[input].uses == 0)
        buffers.give_back(all[input].results);
    if (state.uses == 0) // an answer, read before the next step
      buffers.give_back(state.results);
    for (StateId taker : state.takers)
      if (--all[taker].missing == 0)
        ready.push(taker);
  }
  plan.buffers = std::move(buffers.sizes);
  return plan;
}

} // namespace rnet::evaluate
