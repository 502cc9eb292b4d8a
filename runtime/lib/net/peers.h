// The nodes before this one: which of their streams count, who is alive. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
#pragma once

#include "generations.h"
#include "log.h"
#include "node.pb.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace rnet::net {

/// A stream from a node before this one: a hyperconnection's, or heartbeats; or one that listens
/// for words on what is on standby. Its reactor owns it.
struct Incoming {
  grpc::CallbackServerContext *context;
  Time since;
  std::size_t sender = 0, lane = 0; ///< once it has been greeted
  /// Of one that listens: called while it counts, with the lock; must not block.
  std::function<void(const proto::Word &)> say = {};
};

/// What heartbeats and streams say about the senders, and what the engines make of it. For each
/// hyperconnection one stream counts, and one of heartbeats for each sender: the last one that was
/// greeted, of the sender's present incarnation. All members from any thread.
class Peers {
public:
  /// Says who comes and goes; not once this node is `stopping`, as others then often are.
  /// `silences` by sender, where it is another than usual: how long it may say nothing, at the
  /// least, before it is suspected.
  Peers(const NetworkDescription &network, std::size_t node, Generations &generations,
        const Log &log, const std::atomic<bool> &stopping,
        const std::map<std::string, Duration> &silences = {});

  /// Streams that have not said for long whose they are are cancelled, and the oldest of too many.
  static constexpr auto kGreeting = std::chrono::seconds(10);
  static constexpr std::size_t kStrangers = 64;

  void opened(Incoming &stream);
  /// The stream carries this hyperconnection, in the name of its sender's `incarnation`, and takes
  /// the place of the one that did. An incarnation that is older than the present one is refused
  /// while that one is not known to be down: false.
  bool carries(Incoming &stream, std::size_t hyperconnection, std::uint64_t incarnation);
  /// Likewise the heartbeats of a sender.
  bool beats(Incoming &stream, std::size_t sender, std::uint64_t incarnation);
  /// Likewise one on which the sender of a hyperconnection hears what this node wants of it: of one
  /// that is not on standby everything.
  bool listens(Incoming &stream, std::size_t hyperconnection, std::uint64_t incarnation);
  /// Whether a message counts: one on the stream that counts, and later than all before it in this
  /// incarnation, on whichever stream these came.
  bool take(const Incoming &stream, std::uint64_t sequence);
  /// Whether the beat counts. `fed`: the generations in which its sender can have an output.
  bool beat(const Incoming &stream, std::span<const GenerationId> fed);
  /// Before the stream goes, whether it was greeted or not.
  void closed(Incoming &stream);

  /// Counts silence, and asks for what is missing; every 10 ms.
  void check(Time now, Duration late);
  /// Asks the senders of what is on standby for what requests need now: after one had to do without
  /// an input.
  void ask(Time now);
  /// Senders from which nothing can come, in any generation.
  std::vector<std::string> missing() const;

  /// By sending node.
  struct Counters {
    std::vector<std::uint64_t> suspicions, rejoins;
  };
  Counters counters() const;

private:
  struct Lane {
    Incoming *stream = nullptr;                          ///< the one that counts
    std::uint64_t sequence = 0;                          ///< the last message's
    std::optional<std::vector<GenerationId>> quiet = {}; ///< of words: what was said last
  };
  struct Sender {
    FailureDetector detector;
    std::vector<GenerationId> fed;
    std::uint64_t incarnation = 0;
    PeerState told = PeerState::down; ///< the last of alive, suspect and down
    bool lost = false;                ///< down since it was alive
    std::uint64_t suspicions = 0, rejoins = 0;
  };

  // All with the lock.
  bool greet(Incoming &stream, std::size_t sender, std::size_t lane, std::uint64_t incarnation);
  std::size_t lane_of_beats(std::size_t sender) const {
    return network_.hyperconnections.size() + sender;
  }
  std::size_t lane_of_words(std::size_t hyperconnection) const {
    return network_.hyperconnections.size() + network_.nodes.size() + hyperconnection;
  }
  bool counts(const Incoming &stream) const { return lanes_[stream.lane].stream == &stream; }
  void update();
  void say(std::size_t input);
  void tell(Sender &sender, std::string_view name);

  const NetworkDescription &network_;
  const NodeDescription &node_;
  Generations &generations_;
  const Log &log_;
  const std::atomic<bool> &stopping_;
  mutable std::mutex mutex_;
  std::vector<Sender> senders_; ///< by node
  std::vector<Lane> lanes_; ///< by hyperconnection; heartbeats by sender; words by hyperconnection
  std::list<Incoming *> strangers_; ///< not greeted yet, the oldest first
};

} // namespace rnet::net
