// The server of a node: streams of activations and heartbeats from the nodes before it, requests of
// clients. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "node.grpc.pb.h"
#include "wire.h"

#include <map>

namespace rnet::net {

/// Who is alive, as heartbeats and streams say, and what the engine makes of it. All members from
/// any thread.
class Peers {
public:
  Peers(const NetworkDescription &network, std::size_t node, Engine &engine)
      : network_(network), node_(network.nodes[node]), engine_(engine),
        detectors_(network.nodes.size()), fed_(network.nodes.size()),
        streams_(network.hyperconnections.size()) {}

  void beat(std::size_t sender, bool fed);
  void beats_broken(std::size_t sender);
  void stream_opened(std::size_t hyperconnection);
  void stream_broken(std::size_t hyperconnection);
  /// Counts silence; every 10 ms.
  void check(Time now, Duration late);
  /// Senders from which nothing can come.
  std::vector<std::string> missing() const;

private:
  void update(); // with the lock

  const NetworkDescription &network_;
  const NodeDescription &node_;
  Engine &engine_;
  mutable std::mutex mutex_;
  std::vector<FailureDetector> detectors_; ///< by sending node
  std::vector<bool> fed_;
  std::vector<int> streams_; ///< open streams of each hyperconnection: a new one may come before
                             ///< the old one is gone
};

class Service final : public proto::Node::CallbackService {
public:
  Service(const NetworkDescription &network, std::size_t node, Engine &engine, Peers &peers,
          std::string weights, const AccuracyTable *accuracy, std::uint64_t incarnation)
      : network_(network), node_(node), engine_(engine), peers_(peers),
        weights_(std::move(weights)), accuracy_(accuracy), incarnation_(incarnation) {}

  grpc::ServerReadReactor<proto::Packet> *Deliver(grpc::CallbackServerContext *,
                                                  proto::Ack *) override;
  grpc::ServerReadReactor<proto::Beat> *Heartbeat(grpc::CallbackServerContext *,
                                                  proto::Ack *) override;
  grpc::ServerUnaryReactor *Submit(grpc::CallbackServerContext *, const proto::Submission *,
                                   proto::Ack *) override;
  grpc::ServerUnaryReactor *Collect(grpc::CallbackServerContext *, const proto::Collection *,
                                    proto::Answer *) override;
  grpc::ServerUnaryReactor *Status(grpc::CallbackServerContext *, const proto::StatusRequest *,
                                   proto::StatusReply *) override;

private:
  class DeliverReactor;
  class HeartbeatReactor;

  const NetworkDescription &network_;
  std::size_t node_;
  Engine &engine_;
  Peers &peers_;
  std::string weights_;
  const AccuracyTable *accuracy_; ///< null: unknown
  std::uint64_t incarnation_;
  std::atomic<std::uint64_t> dropped_ = 0;
};

} // namespace rnet::net
