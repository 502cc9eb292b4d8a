// The process of one node.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/net/main.h"

#include "doors.h"
#include "foreign_log.h"
#include "listener.h"
#include "log.h"
#include "node_options.h"
#include "senders.h"
#include "server_limits.h"
#include "service.h"

#include "rnet/core/weights_file.h"

#include <CLI/CLI.hpp>
#include <grpcpp/grpcpp.h>

#include <csignal>
#include <iostream>
#include <limits>
#include <set>

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

namespace {

/// How often the node looks after its streams and its senders; and beats, unless it is told to beat
/// more slowly.
constexpr auto kBeatInterval = std::chrono::milliseconds(10);
/// Activations that may wait on one stream before the oldest is dropped.
constexpr std::size_t kQueue = 256;

/// The streams of one node to those behind it.
class Network final : public Outbox {
public:
  Network(const NetworkDescription &network, std::size_t node, const std::string &weights,
          std::uint64_t incarnation, const std::map<std::string, std::string> &peers,
          const std::map<std::string, Duration> &beats, const Credentials &credentials)
      : streams_(network.hyperconnections.size()), sequences_(network.hyperconnections.size()),
        sent_bytes_(network.hyperconnections.size()), beats_of_(network.hyperconnections.size()),
        was_beating_(network.hyperconnections.size()) {
    proto::Hello hello;
    hello.set_topology(std::string(network.topology_fingerprint));
    hello.set_weights(weights);
    hello.set_node(std::string(network.nodes[node].name));
    hello.set_incarnation(incarnation);
    std::map<std::string, std::size_t> beating;
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
        beats_.push_back(std::make_unique<Stream<proto::Beat>>(
            dial(peers.at(receiver), credentials, receiver),
            [](proto::Node::Stub &stub, auto *context, auto *ack, auto *reactor) {
              stub.async()->Heartbeat(context, ack, reactor);
            },
            beat, 1));
        const auto slow = beats.find(receiver);
        ticks_.push_back(slow == beats.end() ? 1 : std::max<long>(1, slow->second / kBeatInterval));
      }
    }
  }

  void send(std::size_t connection, const Message &message) override {
    proto::Packet packet;
    proto::Activation &activation = *packet.mutable_activation();
    activation.set_request(message.request);
    activation.set_sequence(++sequences_[connection]);
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(message.deadline - Clock::now())
            .count();
    activation.set_remaining_us(
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, kMaxRemaining)));
    activation.set_present(message.present);
    activation.set_used(message.used);
    activation.set_values(message.values.data(), message.values.size_bytes());
    sent_bytes_[connection] += message.values.size_bytes();
    streams_[connection]->write(std::move(packet));
  }

  void tick(bool fed) {
    for (std::size_t k = 0; k < streams_.size(); ++k) {
      if (!streams_[k])
        continue;
      // Beats notice within 10 ms that a receiver has gone; the streams to it start anew.
      const bool beating = beats_[beats_of_[k]]->open();
      if (std::exchange(was_beating_[k], beating) != 0 && !beating)
        streams_[k]->restart();
      streams_[k]->tick();
    }
    proto::Beat beat;
    beat.set_fed(fed);
    ++tick_;
    for (std::size_t k = 0; k < beats_.size(); ++k) {
      beats_[k]->tick();
      // A beat that waits for the one before says nothing new.
      if (tick_ % ticks_[k] == 0 && beats_[k]->idle())
        beats_[k]->write(beat);
    }
  }

  std::vector<std::uint64_t> sent_bytes() const { return {sent_bytes_.begin(), sent_bytes_.end()}; }
  std::uint64_t dropped() const {
    std::uint64_t all = 0;
    for (const auto &stream : streams_)
      all += stream ? stream->dropped() : 0;
    return all;
  }

private:
  std::vector<std::unique_ptr<Stream<proto::Packet>>> streams_;
  std::vector<std::unique_ptr<Stream<proto::Beat>>> beats_; ///< by receiver
  std::vector<long> ticks_;                                 ///< likewise: between two beats
  long tick_ = 0;
  std::vector<std::uint64_t> sequences_;               ///< the engine's thread only
  std::vector<std::atomic<std::uint64_t>> sent_bytes_; ///< [hyperconnection]
  std::vector<std::size_t> beats_of_; ///< [hyperconnection]: the heartbeats to its receiver
  std::vector<char> was_beating_;     ///< [hyperconnection], at the last tick
};

std::atomic<bool> stopping = false; // a signal handler has nothing but globals
extern "C" void stop(int) { stopping = true; }

struct Options {
  std::string weights, listen, identity, client_identity, accuracy;
  std::vector<std::string> peers, beats, silences;
  DoorOptions doors;
  Log::Format log = Log::Format::plain;
};

NodeCounters count(const Engine &engine, const Peers &senders, const Service &service,
                   const Network &outbox) {
  Engine::Counters computed = engine.counters();
  Peers::Counters peers = senders.counters();
  const Service::Counters received = service.counters();
  return {computed.requests,
          computed.runs,
          std::move(computed.absent),
          std::move(peers.suspicions),
          std::move(peers.rejoins),
          outbox.sent_bytes(),
          {{"late", computed.late},
           {"duplicate", computed.duplicate},
           {"too_many", computed.too_many},
           {"refused", received.refused},
           {"malformed", received.malformed},
           {"stale", received.stale},
           {"unsent", outbox.dropped()}}};
}

/// How long requests in flight may hold a node that is to stop.
constexpr auto kDrain = std::chrono::seconds(10);

Status run(const Options &options, const NetworkDescription &network, std::size_t node,
           Program &program) {
  auto credentials = prove(options.identity, network, node);
  if (!credentials.ok())
    return credentials.status();
  Expected<Credentials> client = Credentials();
  if (options.doors.any()) {
    client = prove_client(options.client_identity, *credentials);
    if (!client.ok())
      return client.status();
  }
  auto peers = by_node("--peer", "ADDRESS", options.peers);
  if (!peers.ok())
    return peers.status();
  for (const auto &[name, address] : *peers)
    if (Status status = check_address(address, *credentials); !status.ok())
      return status;
  if (Status status = check_address(options.listen, *credentials); !status.ok())
    return status;
  for (const std::string &address : {options.doors.http, options.doors.grpc})
    if (!address.empty() && !is_local(address))
      return Status::error("'" + address +
                           "' is no local address: doors, whose clients prove nothing, open on "
                           "unix: sockets and loopback only");
  for (const HyperconnectionDescription &connection : network.hyperconnections)
    if (connection.from == node && !peers->count(std::string(network.nodes[connection.to].name)))
      return Status::error("the address of '" + std::string(network.nodes[connection.to].name) +
                           "' is missing: --peer " +
                           std::string(network.nodes[connection.to].name) + "=ADDRESS");
  std::set<std::string> senders, receivers;
  for (const HyperconnectionDescription &connection : network.hyperconnections) {
    if (connection.from == node)
      receivers.emplace(network.nodes[connection.to].name);
    if (connection.to == node)
      senders.emplace(network.nodes[connection.from].name);
  }
  const auto beats = times("--beat", options.beats, receivers);
  if (!beats.ok())
    return beats.status();
  const auto silences = times("--silence", options.silences, senders);
  if (!silences.ok())
    return silences.status();
  const std::size_t largest = largest_message(network, node);
  if (largest > std::size_t(std::numeric_limits<int>::max()))
    return Status::error("node '" + std::string(network.nodes[node].name) + "' takes messages of " +
                         std::to_string(largest) + " bytes; no more than 2 GiB can travel");
  auto weights = WeightsFile::open(options.weights);
  if (!weights.ok())
    return weights.status();
  for (Status status : {weights->check(network, /*topology=*/true), program.load(*weights)})
    if (!status.ok())
      return status;
  std::optional<AccuracyTable> accuracy;
  if (!options.accuracy.empty()) {
    auto table = AccuracyTable::read(options.accuracy, network, weights->data_hash());
    if (!table.ok())
      return table.status();
    accuracy = std::move(*table);
  }

  const auto incarnation =
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  Network outbox(network, node, weights->data_hash(), incarnation, *peers, *beats, *credentials);
  Engine engine(network, node, program, outbox);
  const Log log(options.log, network.nodes[node].name);
  Peers before(network, node, engine, log, stopping, *silences);
  Service service(network, node, engine, before, log, *credentials, weights->data_hash(),
                  accuracy ? &*accuracy : nullptr, incarnation);
  auto opened = Listener::open(options.listen);
  if (!opened.ok())
    return opened.status();
  const std::unique_ptr<Listener> listener = std::move(*opened);
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  builder.SetMaxReceiveMessageSize(static_cast<int>(largest));
  limit_connections(builder);
  listener->attach(builder, server_credentials(*credentials));
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server)
    return Status::error("cannot serve '" + options.listen + "'");
  listener->start();
  log.say("start", "listens on " + options.listen, {{"address", options.listen}});
  std::unique_ptr<Doors> doors;
  if (options.doors.any()) {
    peers->emplace(network.nodes[node].name, options.listen);
    auto opened = Doors::open(options.doors, network, node, *peers, *client,
                              [&] { return count(engine, before, service, outbox); });
    if (!opened.ok())
      return opened.status();
    doors = std::move(*opened);
    for (const auto &[protocol, address] :
         {std::pair("HTTP", doors->http()), std::pair("gRPC", doors->grpc())})
      if (!address.empty())
        log.say("door", "answers " + std::string(protocol) + " on " + address,
                {{"protocol", protocol}, {"address", address}});
  }

  std::optional<Time> drained_by; // set once it is to stop
  for (Time planned = Clock::now();; planned += kBeatInterval) {
    if (stopping && !drained_by) {
      drained_by = Clock::now() + kDrain;
      if (doors)
        doors->stop();
    }
    // Meanwhile it takes part as before.
    if (drained_by && (!doors || doors->idle() || Clock::now() > *drained_by))
      break;
    std::this_thread::sleep_until(planned);
    const Time now = Clock::now();
    outbox.tick(engine.fed());
    before.check(now, now - planned);
    if (now - planned > 10 * kBeatInterval)
      planned = now; // do not catch up on beats that nobody waits for
  }
  doors.reset();
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  log.say("stop", "stops");
  return {};
}

} // namespace

int main(int argc, char **argv, const NetworkDescription &network, std::size_t node,
         Program &program) {
  const std::string name = std::string(network.name) + "-" + std::string(network.nodes[node].name);
  CLI::App app{"Node '" + std::string(network.nodes[node].name) + "' of network '" +
                   std::string(network.name) + "' (scheme " + std::string(network.scheme) + ")",
               name};
  Options options;
  app.add_option("--weights", options.weights, "the weights file")->required();
  app.add_option("--listen", options.listen,
                 "address: unix:PATH or 127.0.0.1:PORT; with --identity also others")
      ->required();
  app.add_option("--identity", options.identity,
                 "folder with ca.pem, cert.pem and key.pem, for mutual TLS with all peers");
  app.add_option("--peer", options.peers,
                 "NODE=ADDRESS of each node that this one sends to (repeatable)");
  app.add_option("--beat", options.beats,
                 "NODE=MS: heartbeats to a node that this one sends to, where a slow link does not "
                 "bear one every 10 ms (repeatable)");
  app.add_option("--silence", options.silences,
                 "NODE=MS: after how long, at the least, a node that sends to this one is "
                 "suspected; 50 ms unless told (repeatable)");
  app.add_option(
      "--accuracy", options.accuracy,
      "the accuracy table that the evaluator wrote; without it, expected accuracy is unknown");
  app.add_option("--http", options.doors.http,
                 "opens a door for clients: Open Inference Protocol over HTTP, health, metrics and "
                 "a status page; unix:PATH or 127.0.0.1:PORT. Needs --peer of all nodes");
  app.add_option("--grpc", options.doors.grpc, "the same protocol over gRPC");
  app.add_option("--client-identity", options.client_identity,
                 "folder like --identity, with the keys of a client: doors ask the nodes with it");
  app.add_option("--deadline", options.doors.deadline_ms,
                 "milliseconds for a client's request that says none")
      ->check(CLI::Range(1, 600'000))
      ->capture_default_str();
  app.add_option("--log", options.log, "plain, or json: an object a line")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Log::Format>{
          {"plain", Log::Format::plain}, {"json", Log::Format::json}}));
  CLI11_PARSE(app, argc, argv);
  struct sigaction action = {};
  action.sa_handler = stop;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  limit_foreign_log();
  if (Status status = run(options, network, node, program); !status.ok()) {
    if (options.log == Log::Format::json)
      Log(options.log, network.nodes[node].name)
          .say("error", status.message(), {{"message", status.message()}});
    else
      std::cerr << "error: " << status.message() << "\n";
    return 1;
  }
  return 0;
}

} // namespace rnet::net
