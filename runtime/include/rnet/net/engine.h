// One node at work: collects what reaches it for each request, fires when its mux is settled, sends
// on. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Knows nothing of the transport. Ownership and threads: every member may be called from any
// thread; one thread of the engine computes and sends. Network, program and transport outlive it.
#pragma once

#include "rnet/core/accuracy_table.h"
#include "rnet/core/network.h"
#include "rnet/core/program.h"
#include "rnet/net/failure_detector.h"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace rnet::net {

/// A tensor of a request. `values` is empty where it is absent.
struct Message {
  std::uint64_t request = 0;
  Time deadline{};
  bool present = false;
  UsedSet used = 0;
  std::vector<float> values;
};

/// Where a node's results go. Called from the engine's thread; must not block.
class Outbox {
public:
  virtual ~Outbox() = default;
  virtual void send(std::size_t hyperconnection, const Message &message) = 0;
};

/// The answer to a request at the node that holds the output.
struct Reply {
  bool present = false;
  std::string reason;
  std::vector<float> values;
  UsedSet used = 0;
};

class Engine {
public:
  /// Requests that may be open at a time; the oldest goes when there are more.
  static constexpr std::size_t kMaxOpen = 1024;
  /// No request has this number.
  static constexpr std::uint64_t kNone = ~std::uint64_t(0);

  Engine(const NetworkDescription &network, std::size_t node, const Program &program,
         Outbox &outbox);
  ~Engine();

  /// An input of the network has arrived (position `input` of the node's inputs), or a tensor along
  /// a hyperconnection. A second message for the same input, or one for a request that is done, is
  /// dropped: false.
  bool arrive(std::size_t input, Message message);

  /// Whether a tensor can still come along this input. Inputs of the network always can.
  void set_alive(std::size_t input, bool alive);
  bool alive(std::size_t input) const;
  /// Whether this node can have an output at all: some input can still bring a tensor.
  bool fed() const;

  /// Calls `done` once, with the answer or at the deadline, whichever comes first. At the output's
  /// node only.
  void collect(std::uint64_t request, Time deadline, std::function<void(const Reply &)> done);

  struct Counters {
    std::uint64_t requests = 0, dropped = 0;
  };
  Counters counters() const;

private:
  struct Slot {
    Time deadline{}, fires_at{};
    std::vector<std::optional<Message>> arrived; ///< by input
    std::function<void(const Reply &)> done;
  };
  using Slots = std::map<std::uint64_t, Slot>;

  Slot &open(std::uint64_t request, Time deadline);
  bool settled(const Slot &slot) const;
  void work();
  Reply fire(std::uint64_t request, const Slot &slot);
  bool is_finished(std::uint64_t request) const;

  const NetworkDescription &network_;
  const NodeDescription &node_;
  const Program &program_;
  Outbox &outbox_;
  bool holds_output_;
  Duration downstream_{}; ///< kept back from each deadline for the nodes behind this one
  std::vector<std::vector<std::size_t>> outgoing_; ///< hyperconnections of each result

  std::vector<ArenaStorage<float>> inputs_, outputs_;
  ArenaStorage<float> arena_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Slots slots_;
  std::uint64_t firing_ = kNone;                   ///< the request that is being computed
  std::function<void(const Reply &)> firing_done_; ///< who waits for it
  std::map<std::uint64_t, Reply> uncollected_; ///< answers that came before somebody asked for them
  std::vector<std::uint64_t> finished_;        ///< a ring: requests that are done
  std::size_t next_finished_ = 0;
  std::vector<bool> alive_;
  Counters counters_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace rnet::net
