// The streams of one node to those behind it: activations and heartbeats, and what they say back.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "backchannel.h"
#include "held_back.h"
#include "senders.h"

#include "rnet/core/element.h"
#include "rnet/net/engine.h"
#include "rnet/net/generation.h"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace rnet::net {

/// How often the node looks after its streams and its senders; and beats, unless it is told to beat
/// more slowly.
inline constexpr auto kBeatInterval = std::chrono::milliseconds(10);

/// The network outlives it. `tick` from one thread, everything else from any.
class Outbound {
public:
  /// `peers`: addresses by node; `beats` by node: where heartbeats are slower than usual.
  Outbound(const NetworkDescription &network, std::size_t node, std::uint64_t incarnation,
           const std::map<std::string, std::string> &peers,
           const std::map<std::string, Duration> &beats, const Credentials &credentials);

  /// Hashes of the weights that the node holds from now on: streams say so when they open.
  void hold(const std::vector<std::string> &weights);

  /// Or keeps it back, on a hyperconnection on standby whose receiver does not want it now.
  void send(GenerationId generation, const Encoding &encoding, std::size_t connection,
            const Message &message);

  /// Every kBeatInterval. `fed`: the generations in which the node can have an output.
  void tick(const std::vector<GenerationId> &fed);

  std::vector<std::uint64_t> sent_bytes() const { return {sent_bytes_.begin(), sent_bytes_.end()}; }
  std::uint64_t dropped() const;

private:
  void write(std::size_t connection, proto::Packet packet, Time deadline);

  std::vector<std::unique_ptr<Stream<proto::Packet>>> streams_;
  std::vector<std::unique_ptr<Stream<proto::Beat>>> beats_; ///< by receiver
  std::vector<long> ticks_;                                 ///< likewise: between two beats
  long tick_ = 0;
  std::mutex mutex_; ///< numbers leave in order
  std::vector<std::uint64_t> sequences_;
  std::vector<std::atomic<std::uint64_t>> sent_bytes_; ///< [hyperconnection]
  std::vector<std::size_t> beats_of_; ///< [hyperconnection]: the heartbeats to its receiver
  std::vector<char> was_beating_;     ///< [hyperconnection], at the last tick
  // Of those on standby.
  std::vector<std::unique_ptr<HeldBack>> held_back_;
  std::vector<std::unique_ptr<Backchannel>> backchannels_; ///< the first to go: they use the others
};

} // namespace rnet::net
