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
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

namespace rnet::net {

/// A tensor of a request. `values` is a view, empty where the tensor is absent: who keeps it
/// copies.
struct Message {
  std::uint64_t request = 0;
  Time deadline{};
  bool present = false;
  UsedSet used = 0;
  std::span<const float> values = {};
};

/// Where a node's results go. Called from the engine's thread; must not block.
class Outbox {
public:
  virtual ~Outbox() = default;
  virtual void send(std::size_t hyperconnection, const Message &message) = 0;
};

/// The answer to a request at a node that holds the output or an exit. A view, like a message.
struct Reply {
  bool present = false;
  std::string_view reason = {};
  std::span<const float> values = {};
  UsedSet used = 0;
  bool late = false; ///< no answer, since the deadline came before all inputs did
};

class Engine {
public:
  /// Requests that may be open at a time; the oldest goes when there are more.
  static constexpr std::size_t kMaxOpen = 1024;
  /// While no more than so many are open, a request allocates nothing: memory is there from the
  /// start, and is used again. Fewer, but two at least, where their inputs hold more than so many
  /// bytes.
  static constexpr std::size_t kReady = 8, kReadyBytes = 16 << 20;
  /// No request has this number.
  static constexpr std::uint64_t kNone = ~std::uint64_t(0);

  Engine(const NetworkDescription &network, std::size_t node, const Program &program,
         Outbox &outbox);
  ~Engine();

  /// An input of the network has arrived (position `input` of the node's inputs), or a tensor along
  /// a hyperconnection, as wide as the network says. A second message for the same input, or one
  /// for a request that is done, is dropped: false.
  bool arrive(std::size_t input, const Message &message);

  /// Whether a tensor can still come along this input. Inputs of the network always can.
  void set_alive(std::size_t input, bool alive);
  bool alive(std::size_t input) const;
  /// Whether this node can have an output at all: some input can still bring a tensor.
  bool fed() const;

  /// Calls `done` once, with the answer or at the deadline, whichever comes first. Only at a node
  /// that holds the output or an exit: it keeps the last answers that nobody has asked for, 1024 of
  /// them, or fewer, but two at least, where they take more than kReadyBytes.
  void collect(std::uint64_t request, Time deadline, std::function<void(const Reply &)> done);

  struct Counters {
    std::uint64_t requests = 0;
    /// Messages that were dropped: for a request that is done, or known already; requests that had
    /// to go since there were more than kMaxOpen.
    std::uint64_t late = 0, duplicate = 0, too_many = 0;
    std::vector<std::uint64_t> absent = {}; ///< [input]: requests that had to do without it
    std::uint64_t dropped() const { return late + duplicate + too_many; }
  };
  Counters counters() const;

private:
  /// Tensors of one row, side by side.
  struct Tensors {
    explicit Tensors(std::span<const std::size_t> widths);
    ArenaStorage<float> memory;
    std::vector<Tensor<float>> tensors;
  };

  /// A request, from its first message until the node has fired. While it is firing, the engine's
  /// thread works on it without the lock.
  struct Slot {
    enum class State { collecting, firing, closed };
    explicit Slot(std::span<const std::size_t> widths);

    std::uint64_t request = kNone;
    State state = State::collecting;
    Time deadline{}, fires_at{};
    std::uint64_t claimed = 0, known = 0, present = 0; ///< inputs, a bit each: on their way in, in
    unsigned copying = 0;      ///< messages that are written into it without the lock
    std::vector<UsedSet> used; ///< by input
    Tensors memory;
    std::vector<Tensor<const float>> inputs; ///< the same, to read
    std::function<void(const Reply &)> done;
  };

  /// An answer that nobody has asked for yet. While it is leaving, whoever collects it reads it
  /// without the lock.
  struct Kept {
    std::uint64_t request = kNone;
    Reply reply;
    std::span<float> values; ///< room for those of the reply
    bool leaving = false;
  };

  Slot *find(std::uint64_t request);
  Slot &open(std::uint64_t request, Time deadline);
  void close(Slot &slot);
  bool settled(const Slot &slot) const;
  void work();
  Reply fire(Slot &slot, bool late);
  void keep(std::uint64_t request, const Reply &reply);
  bool is_finished(std::uint64_t request) const;
  std::size_t width(const Source &source) const;

  const NetworkDescription &network_;
  const NodeDescription &node_;
  const Program &program_;
  Outbox &outbox_;
  std::optional<Head> head_;
  Duration downstream_{}; ///< kept back from each deadline for the nodes behind this one
  std::vector<std::vector<std::size_t>> outgoing_; ///< hyperconnections of each result

  std::vector<std::size_t> widths_; ///< of each input
  Tensors results_;
  ArenaStorage<float> arena_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::unique_ptr<Slot>> slots_; ///< in the order in which they came
  std::vector<std::unique_ptr<Slot>> spare_; ///< for requests to come; ready_ at most
  std::size_t ready_ = 0;
  std::vector<Kept> kept_; ///< a ring
  std::vector<float> kept_values_;
  std::size_t next_kept_ = 0;
  std::vector<std::uint64_t> finished_; ///< a ring: requests that are done
  std::size_t next_finished_ = 0;
  std::uint64_t alive_ = 0; ///< inputs along which something can come, a bit each
  Counters counters_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace rnet::net
