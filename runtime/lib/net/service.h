// The server of a node: streams of activations and heartbeats from the nodes before it, requests of
// clients. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "identity.h"
#include "log.h"
#include "node.grpc.pb.h"
#include "peers.h"
#include "wire.h"

#include <atomic>
#include <map>
#include <mutex>

namespace rnet::net {

class Service final : public proto::Node::CallbackService {
public:
  Service(const NetworkDescription &network, std::size_t node, Generations &generations,
          Peers &peers, const Log &log, Credentials credentials, std::uint64_t incarnation)
      : network_(network), node_(node), generations_(generations), peers_(peers), log_(log),
        credentials_(std::move(credentials)), incarnation_(incarnation) {}

  grpc::ServerReadReactor<proto::Packet> *Deliver(grpc::CallbackServerContext *,
                                                  proto::Ack *) override;
  grpc::ServerReadReactor<proto::Beat> *Heartbeat(grpc::CallbackServerContext *,
                                                  proto::Ack *) override;
  grpc::ServerWriteReactor<proto::Word> *Listen(grpc::CallbackServerContext *,
                                                const proto::Hello *) override;
  grpc::ServerUnaryReactor *Submit(grpc::CallbackServerContext *, const proto::Submission *,
                                   proto::Ack *) override;
  grpc::ServerUnaryReactor *Collect(grpc::CallbackServerContext *, const proto::Collection *,
                                    proto::Answer *) override;
  grpc::ServerUnaryReactor *Status(grpc::CallbackServerContext *, const proto::StatusRequest *,
                                   proto::StatusReply *) override;

  /// What came from other nodes and was not taken.
  struct Counters {
    std::uint64_t refused = 0;   ///< greetings
    std::uint64_t malformed = 0; ///< messages that make no sense
    std::uint64_t stale = 0;     ///< messages that are repeated, or of a stream that does not count
    std::uint64_t unknown_generation = 0; ///< messages and requests of weights that are not held
  };
  Counters counters() const { return {refused_, malformed_, stale_, unknown_generation_}; }

private:
  /// Counts, says so but not again and again, and gives the status.
  grpc::Status refuse(const proto::Hello &hello, const std::string &why);
  /// Null, and counted, where it is not held.
  std::shared_ptr<Generation> find(GenerationId id);
  grpc::Status not_held(GenerationId id) const;

  template <class Packet> class Reactor;
  class DeliverReactor;
  class HeartbeatReactor;
  class ListenReactor;

  const NetworkDescription &network_;
  std::size_t node_;
  Generations &generations_;
  Peers &peers_;
  const Log &log_;
  Credentials credentials_;
  std::uint64_t incarnation_;
  std::atomic<std::uint64_t> refused_ = 0, malformed_ = 0, stale_ = 0, unknown_generation_ = 0;
  std::mutex mutex_;
  std::map<std::string, Time> said_; ///< whose refusals, and when
};

} // namespace rnet::net
