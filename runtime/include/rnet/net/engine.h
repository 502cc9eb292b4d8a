// One node at work: collects what reaches it for each request, fires when its mux is settled, sends
// on. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Knows nothing of the transport. Ownership and threads: every member may be called from any
// thread. One thread at a time computes and sends: the one that brings the last input of a request,
// or else the engine's own, when a deadline comes, when an input is given up, and under load.
// Network, program and transport outlive it.
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

/// Where a node's results go. Called from one thread at a time; must not block.
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
  /// Requests that wait are computed together, so many at a time, or fewer where their activations
  /// take more bytes or the deadline of one would be missed. None waits for others to come.
  static constexpr std::size_t kBatch = 16, kBatchBytes = 4 << 20;
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

  /// Whether an input is on standby and alive, and nothing of it is needed as long as all that is
  /// alive comes. Transports may do without what follows; then what is on standby is always sent.
  bool quiet(std::size_t input) const;
  /// Begins a request of which the sender of an input on standby has something, unless it is known.
  void announce(std::uint64_t request, Time deadline);
  /// What open requests need of quiet inputs, each once: since what these stand in for is absent,
  /// or has not come in half of the time that there was.
  struct Need {
    std::size_t input;
    std::uint64_t request;
  };
  std::vector<Need> needs(Time now);

  /// Calls `done` once, with the answer or at the deadline, whichever comes first. Only at a node
  /// that holds the output or an exit: it keeps the last answers that nobody has asked for, 1024 of
  /// them, or fewer, but two at least, where they take more than kReadyBytes.
  void collect(std::uint64_t request, Time deadline, std::function<void(const Reply &)> done);

  struct Counters {
    std::uint64_t requests = 0;
    /// Messages that were dropped: for a request that is done, or known already; requests that had
    /// to go since there were more than kMaxOpen.
    std::uint64_t late = 0, duplicate = 0, too_many = 0;
    /// [input]: requests that had to do without it; not of what was on standby and not needed.
    std::vector<std::uint64_t> absent = {};
    std::uint64_t runs = 0; ///< of the program
    std::uint64_t dropped() const { return late + duplicate + too_many; }
    /// Those of another engine of the same node.
    Counters &operator+=(const Counters &other);
  };
  Counters counters() const;

private:
  /// Tensors side by side, of as many rows at most.
  struct Tensors {
    Tensors(std::span<const std::size_t> widths, std::size_t capacity);
    void resize(std::size_t rows);
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
    Time deadline{}, fires_at{}, late_at{};
    std::uint64_t claimed = 0, known = 0, present = 0; ///< inputs, a bit each: on their way in, in
    std::uint64_t asked = 0;                           ///< likewise: quiet ones that it needs
    bool late = false;         ///< it fires since its time has come, not since it is settled
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
  /// Some request has to fire before the engine's thread looks again by itself.
  bool due() const;
  /// Makes the batch of those that are to fire; none: when the next one has to.
  Time gather(Time now);
  /// Computes the batch, sends and answers, the lock given up meanwhile.
  void fire(std::unique_lock<std::mutex> &lock);
  void infer();
  void send(const Slot &slot, std::size_t row);
  Reply reply(const Slot &slot, std::size_t row) const;
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
  std::size_t most_ = 1;            ///< of a batch
  // These belong to the thread that fires.
  std::vector<Slot *> batch_;
  std::vector<UsedSet> used_; ///< [row]
  std::optional<Tensors> inputs_, results_;
  std::vector<Tensor<const float>> views_; ///< of inputs_, to read
  std::optional<ArenaStorage<float>> arena_;

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
  std::uint64_t alive_ = 0;               ///< inputs along which something can come, a bit each
  std::uint64_t standby_ = 0, quiet_ = 0; ///< likewise: on standby; of these, not needed
  Counters counters_;
  Duration row_time_{};             ///< of the program, lately
  Time sleeps_until_ = Time::max(); ///< the engine's thread
  bool firing_ = false, stopping_ = false;
  std::thread thread_;
};

} // namespace rnet::net
