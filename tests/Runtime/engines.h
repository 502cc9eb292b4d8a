// All nodes of a network in one process, each at work in an engine of its own.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/usage.h"
#include "rnet/net/engine.h"

#include <atomic>
#include <memory>
#include <semaphore>

namespace rnet::test {

/// A loaded program that allocates once a request: what a test of allocations must notice.
class Allocating final : public Program {
public:
  explicit Allocating(const Program &program) : program_(program) {}
  Status load(const WeightsFile &) override { return {}; }
  ArenaPlan arena_plan() const noexcept override { return program_.arena_plan(); }
  void infer(std::span<const Tensor<const float>> inputs, std::span<const Tensor<float>> outputs,
             Arena &arena) const noexcept override {
    ::operator delete(::operator new(8));
    program_.infer(inputs, outputs, arena);
  }

private:
  const Program &program_;
};

/// What a node sends, the next one gets at once. Some nodes are down from the start.
class Engines final : public net::Outbox {
public:
  /// `programs` in node order, loaded; they and the network outlive the object.
  Engines(const NetworkDescription &network, std::span<const Program *const> programs, DownSet down)
      : network_(network), usage_(find_usage(network, down)), engines_(network.nodes.size()),
        ways_(network.hyperconnections.size()) {
    for (const InputDescription &input : network.inputs)
      rows_.emplace_back(input.width, 0.5f);
    std::vector<bool> fed(network.nodes.size());
    for (std::size_t node = 0; node < network.nodes.size(); ++node) {
      if (down >> node & 1)
        continue;
      engines_[node] = std::make_unique<net::Engine>(network, node, *programs[node], *this);
      net::Engine *const engine = engines_[node].get();
      for (std::size_t k = 0; k < network.nodes[node].inputs.size(); ++k) {
        const Source &source = network.nodes[node].inputs[k];
        if (source.kind == Source::Kind::network_input) {
          inputs_.push_back({engine, k, source.index});
        } else {
          ways_[source.index] = {engine, k, source.index};
          engine->set_alive(k, fed[network.hyperconnections[source.index].from]);
        }
      }
      fed[node] = engine->fed();
      for (const HyperconnectionDescription &connection : network.hyperconnections)
        events_ += connection.from == node && fed[node];
    }
  }

  /// So many requests at once, all of the same rows; waits until every node has done with them.
  /// Returns how many were answered as they should be: by the same hyperconnections as in the
  /// evaluator, or not at all where nothing reaches the output. Allocates nothing.
  std::size_t answer(std::size_t requests) {
    const net::Time deadline = net::Clock::now() + std::chrono::seconds(60);
    right_ = 0;
    for (std::size_t k = 0; k < requests; ++k)
      for (const Way &way : inputs_)
        way.engine->arrive(way.input, {last_ + k + 1, deadline, true, 0, rows_[way.from]});
    for (std::size_t k = 0; k < requests; ++k)
      engines_[network_.outputs[0].node]->collect(
          ++last_, deadline, [this](const net::Reply &reply) {
            right_ += reply.present == usage_.flow && reply.used == usage_.used &&
                      reply.values.size() == (usage_.flow ? network_.outputs[0].width : 0);
            happened_.release();
          });
    for (std::size_t k = 0; k < requests * events_; ++k)
      happened_.acquire();
    return right_;
  }

  void send(std::size_t hyperconnection, const net::Message &message) override {
    const Way &way = ways_[hyperconnection];
    if (way.engine)
      way.engine->arrive(way.input, message);
    happened_.release();
  }

private:
  struct Way {
    net::Engine *engine = nullptr; ///< none where the receiver is down
    std::size_t input = 0, from = 0;
  };

  const NetworkDescription &network_;
  const Usage usage_;
  std::vector<std::vector<float>> rows_; ///< by input
  std::uint64_t last_ = 0;
  std::atomic<std::size_t> right_ = 0;
  std::size_t events_ = 1; ///< of a request: what is sent, whether it is taken or not; the answer
  std::counting_semaphore<> happened_{0};
  std::vector<std::unique_ptr<net::Engine>> engines_; ///< by node
  std::vector<Way> inputs_, ways_;                    ///< of the network; by hyperconnection
};

} // namespace rnet::test
