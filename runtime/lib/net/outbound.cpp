// The streams of one node to those behind it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "outbound.h"

#include "wire.h"

#include <algorithm>
#include <utility>

namespace rnet::net {

std::shared_ptr<grpc::Channel> dial(const std::string &address, const Credentials &credentials,
                                    const std::string &node) {
  grpc::ChannelArguments arguments;
  // A connection of its own for each stream: large activations must not hold heartbeats back.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kBackoff[0]);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kBackoff[1]);
  // The least is left as it is: in truth it is how long an attempt may take (gRPC issue 12830), and
  // a busy machine needs its time to shake hands. Who is gone refuses at once.
  // Streams are opened anew here. gRPC, so that it could retry, would keep a piece of memory for
  // each message until the stream ends, and begin the next stream with as much.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // A node that is dialled takes what makes sense to it; its answers have no other bound.
  arguments.SetMaxReceiveMessageSize(-1);
  auto channel =
      grpc::CreateCustomChannel(address, channel_credentials(credentials, node), arguments);
  // gRPC 1.51 frees its queue of callbacks twice, now and then, when the last channel that uses it
  // goes (AddressSanitizer saw it): the first channel stays as long as the process.
  // Volatile, or the compiler leaves the pointer out, and LeakSanitizer finds no way to the
  // channel.
  [[maybe_unused]] static auto *volatile kept = new std::shared_ptr<grpc::Channel>(channel);
  return channel;
}

/// Activations that may wait on one stream before the oldest is dropped.
static constexpr std::size_t kQueue = 256;

Outbound::Outbound(const NetworkDescription &network, std::size_t node, std::uint64_t incarnation,
                   const std::map<std::string, std::string> &peers,
                   const std::map<std::string, Duration> &beats, const Credentials &credentials)
    : streams_(network.hyperconnections.size()), sequences_(network.hyperconnections.size()),
      sent_bytes_(network.hyperconnections.size()), beats_of_(network.hyperconnections.size()),
      was_beating_(network.hyperconnections.size()), held_back_(network.hyperconnections.size()),
      backchannels_(network.hyperconnections.size()) {
  proto::Hello hello;
  hello.set_topology(std::string(network.topology_fingerprint));
  hello.set_node(std::string(network.nodes[node].name));
  hello.set_incarnation(incarnation);
  std::map<std::string, std::size_t> beating;
  std::vector<std::shared_ptr<grpc::Channel>> channels; // of heartbeats
  for (std::size_t k = 0; k < network.hyperconnections.size(); ++k) {
    const HyperconnectionDescription &connection = network.hyperconnections[k];
    if (connection.from != node)
      continue;
    const std::string receiver(network.nodes[connection.to].name);
    proto::Packet packet;
    *packet.mutable_hello() = hello;
    packet.mutable_hello()->set_hyperconnection(std::string(connection.name));
    streams_[k] = std::make_unique<Stream<proto::Packet>>(
        dial(peers.at(receiver), credentials, receiver),
        [](proto::Node::Stub &stub, auto *context, auto *ack, auto *reactor) {
          stub.async()->Deliver(context, ack, reactor);
        },
        packet, kQueue);
    auto [found, is_new] = beating.emplace(receiver, beats_.size());
    beats_of_[k] = found->second;
    if (is_new) {
      proto::Beat beat;
      *beat.mutable_hello() = hello;
      channels.push_back(dial(peers.at(receiver), credentials, receiver));
      beats_.push_back(std::make_unique<Stream<proto::Beat>>(
          channels.back(),
          [](proto::Node::Stub &stub, auto *context, auto *ack, auto *reactor) {
            stub.async()->Heartbeat(context, ack, reactor);
          },
          beat, 1));
      const auto slow = beats.find(receiver);
      ticks_.push_back(slow == beats.end() ? 1 : std::max<long>(1, slow->second / kBeatInterval));
    }
    if (connection.standby) {
      held_back_[k] = std::make_unique<HeldBack>(Encoding(connection).bytes());
      // Over the connection that heartbeats keep an eye on.
      backchannels_[k] = std::make_unique<Backchannel>(
          channels[beats_of_[k]], packet.hello(), [this, k](const proto::Word &word) {
            held_back_[k]->hear(word, [&](const proto::Activation &activation, Time deadline) {
              proto::Packet packet;
              *packet.mutable_activation() = activation;
              write(k, std::move(packet), deadline);
            });
          });
    }
  }
}

void Outbound::send(GenerationId generation, const Encoding &encoding, std::size_t connection,
                    const Message &message) {
  proto::Packet packet;
  proto::Activation &activation = *packet.mutable_activation();
  activation.set_request(message.request);
  activation.set_generation(generation);
  activation.set_present(message.present);
  activation.set_used(message.used);
  activation.set_values(encode(message.values, encoding));
  if (!held_back_[connection] || !held_back_[connection]->keep(activation, message.deadline))
    write(connection, std::move(packet), message.deadline);
}

void Outbound::write(std::size_t connection, proto::Packet packet, Time deadline) {
  proto::Activation &activation = *packet.mutable_activation();
  activation.set_remaining_us(remaining_us(deadline));
  sent_bytes_[connection] += activation.values().size();
  std::lock_guard lock(mutex_);
  activation.set_sequence(++sequences_[connection]);
  streams_[connection]->write(std::move(packet));
}

void Outbound::tick(const std::vector<GenerationId> &fed) {
  for (std::size_t k = 0; k < streams_.size(); ++k) {
    if (!streams_[k])
      continue;
    // Beats notice within 10 ms that a receiver has gone; the streams to it start anew.
    const bool beating = beats_[beats_of_[k]]->open();
    const bool gone = std::exchange(was_beating_[k], beating) != 0 && !beating;
    if (gone)
      streams_[k]->restart();
    streams_[k]->tick();
    if (backchannels_[k] && gone)
      backchannels_[k]->restart();
    if (backchannels_[k])
      backchannels_[k]->tick();
  }
  proto::Beat beat;
  beat.mutable_fed()->Add(fed.begin(), fed.end());
  ++tick_;
  for (std::size_t k = 0; k < beats_.size(); ++k) {
    beats_[k]->tick();
    // A beat that waits for the one before says nothing new.
    if (tick_ % ticks_[k] != 0 || !beats_[k]->idle())
      continue;
    beat.clear_kept();
    for (std::size_t connection = 0; connection < held_back_.size(); ++connection)
      if (held_back_[connection] && beats_of_[connection] == k)
        held_back_[connection]->announce(static_cast<std::uint32_t>(connection), beat);
    beats_[k]->write(beat);
  }
}

void Outbound::hold(const std::vector<std::string> &weights) {
  for (const auto &stream : streams_)
    if (stream)
      stream->greet([&](proto::Packet &packet) {
        packet.mutable_hello()->mutable_weights()->Assign(weights.begin(), weights.end());
      });
  for (const auto &backchannel : backchannels_)
    if (backchannel)
      backchannel->greet([&](proto::Hello &hello) {
        hello.mutable_weights()->Assign(weights.begin(), weights.end());
      });
  for (const auto &beats : beats_)
    beats->greet([&](proto::Beat &beat) {
      beat.mutable_hello()->mutable_weights()->Assign(weights.begin(), weights.end());
    });
}

std::uint64_t Outbound::dropped() const {
  std::uint64_t all = 0;
  for (const auto &stream : streams_)
    all += stream ? stream->dropped() : 0;
  return all;
}

} // namespace rnet::net
