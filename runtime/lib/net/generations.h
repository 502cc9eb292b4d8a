// The generations of weights that a node holds side by side, each at work in an engine of its own:
// what belongs to one cannot reach another. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/accuracy_table.h"
#include "rnet/core/element.h"
#include "rnet/net/engine.h"
#include "rnet/net/generation.h"

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace rnet::net {

/// Where results go. From the threads of engines; must not block.
class Generation;
using Send = std::function<void(const Generation &, std::size_t hyperconnection, const Message &)>;

/// A node's program with one generation of weights, at work.
class Generation final : Outbox {
public:
  Generation(const NetworkDescription &network, std::size_t node, const std::string &hash,
             std::unique_ptr<Program> program, std::vector<Encoding> encodings,
             std::optional<AccuracyTable> accuracy, const Send &send)
      : id(*generation_of_name(hash.substr(0, 16))), hash(hash), encodings(std::move(encodings)),
        accuracy(std::move(accuracy)), send_(send), program_(std::move(program)),
        engine_(network, node, *program_, *this) {}

  Engine &engine() { return engine_; }

  const GenerationId id;
  const std::string hash;                ///< SHA-256 of the weights' data
  const std::vector<Encoding> encodings; ///< [hyperconnection]
  const std::optional<AccuracyTable> accuracy;

private:
  void send(std::size_t hyperconnection, const Message &message) override {
    send_(*this, hyperconnection, message);
  }
  const Send &send_;
  const std::unique_ptr<Program> program_;
  Engine engine_; // the last to come and the first to go: it works with all the others
};

/// All members from any thread, but `add`, `keep` and `sweep`: those from one. The network outlives
/// it, and what `send` looks at.
class Generations {
public:
  using Make = std::unique_ptr<Program> (*)();
  /// So many at a time, those that leave among them.
  static constexpr std::size_t kMost = 2;
  /// One that leaves is told to nobody, and goes so much later: until then what is in flight is
  /// answered by it.
  static constexpr auto kLeave = std::chrono::seconds(10);

  Generations(const NetworkDescription &network, std::size_t node, Make make, Send send)
      : network_(network), node_(node), make_(make), send_(std::move(send)) {
    past_.absent.resize(network.nodes[node].inputs.size());
  }

  /// Loads weights, and their accuracy table where there is one ("": none), beside those that are
  /// held. Refuses files that do not fit the network or each other, and more than kMost; then
  /// nothing changes.
  Status add(const std::string &weights, const std::string &accuracy);
  /// All others leave. Those that were about to leave and are here stay.
  void keep(std::span<const GenerationId> wanted, Time now = Clock::now());
  /// Those go whose time has come: true where one did.
  bool sweep(Time now = Clock::now());

  /// Null where it is not held. Holds on to it.
  std::shared_ptr<Generation> find(GenerationId id) const;
  /// Those that do not leave, the oldest first.
  std::vector<GenerationId> held() const;
  /// Likewise, if each input is alive in it that is in any.
  std::vector<GenerationId> ready() const;
  bool full() const;
  /// Of all.
  std::vector<std::string> hashes() const;

  /// What can come along an input: something in these generations, and in no others.
  void set_alive(std::size_t input, std::span<const GenerationId> generations);
  /// Whether something can, in any generation.
  bool alive(std::size_t input) const;
  /// Those in which this node can have an output.
  std::vector<GenerationId> fed() const;
  /// Those in which an input on standby is not needed.
  std::vector<GenerationId> quiet(std::size_t input) const;
  /// What requests need now of inputs that are quiet.
  std::vector<std::pair<GenerationId, Engine::Need>> needs(Time now);

  /// Of all, past ones among them.
  Engine::Counters counters() const;

private:
  struct Held {
    std::shared_ptr<Generation> generation;
    std::optional<Time> goes; ///< where it leaves: when
  };

  const NetworkDescription &network_;
  const std::size_t node_;
  const Make make_;
  const Send send_;
  mutable std::mutex mutex_;
  std::vector<Held> held_;
  Engine::Counters past_; ///< of those that have gone
};

} // namespace rnet::net
