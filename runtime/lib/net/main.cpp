// The process of one node.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/net/main.h"

#include "doors.h"
#include "foreign_log.h"
#include "levels.h"
#include "listener.h"
#include "log.h"
#include "node_options.h"
#include "outbound.h"
#include "server_limits.h"
#include "service.h"
#include "traffic.h"
#include "weights_folder.h"

#include <CLI/CLI.hpp>
#include <grpcpp/grpcpp.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <set>

namespace rnet::net {

namespace {

std::atomic<bool> stopping = false; // a signal handler has nothing but globals
extern "C" void stop(int) { stopping = true; }

struct Options {
  std::string weights, listen, identity, client_identity, accuracy;
  std::vector<std::string> peers, beats, silences;
  DoorOptions doors;
  Log::Format log = Log::Format::plain;
};

NodeCounters count(const Generations &generations, const Peers &senders, const Service &service,
                   const Outbound &outbound) {
  Engine::Counters computed = generations.counters();
  Peers::Counters peers = senders.counters();
  const Service::Counters received = service.counters();
  return {computed.requests,
          computed.runs,
          std::move(computed.absent),
          std::move(peers.suspicions),
          std::move(peers.rejoins),
          outbound.sent_bytes(),
          {{"late", computed.late},
           {"duplicate", computed.duplicate},
           {"too_many", computed.too_many},
           {"refused", received.refused},
           {"malformed", received.malformed},
           {"stale", received.stale},
           {"unknown_generation", received.unknown_generation},
           {"unsent", outbound.dropped()}}};
}

/// How long requests in flight may hold a node that is to stop.
constexpr auto kDrain = std::chrono::seconds(10);

Status run(const Options &options, const NetworkDescription &network, std::size_t node) {
  const char *const wanted = std::getenv("RNET_LEVEL");
  const auto program = choose_program(linked_programs(), wanted ? wanted : "", has_level);
  if (!program.ok())
    return program.status();
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

  const auto incarnation =
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  const Log log(options.log, network.nodes[node].name);
  Outbound outbound(network, node, incarnation, *peers, *beats, *credentials);
  Generations generations(
      network, node, program->make,
      [&](const Generation &generation, std::size_t connection, const Message &message) {
        outbound.send(generation.id, generation.encodings[connection], connection, message);
      });
  Traffic traffic(log);
  WeightsFolder folder(
      options.weights, network.outputs[0].head_at(node) < network.outputs[0].heads(), generations,
      options.doors.any() ? &traffic : nullptr, log, [&] { outbound.hold(generations.hashes()); });
  if (Status status = folder.open(options.accuracy); !status.ok())
    return status;
  Peers before(network, node, generations, log, stopping, *silences);
  Service service(network, node, generations, before, log, *credentials, incarnation);
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
  const std::string level(level_name(program->level));
  log.say("start", "listens on " + options.listen + " (" + level + ")",
          {{"address", options.listen}, {"level", level}});
  std::unique_ptr<Doors> doors;
  if (options.doors.any()) {
    peers->emplace(network.nodes[node].name, options.listen);
    auto opened = Doors::open(options.doors, network, node, *peers, *client, traffic,
                              [&] { return count(generations, before, service, outbound); });
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
    outbound.tick(generations.fed());
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

int main(int argc, char **argv, const NetworkDescription &network, std::size_t node) {
  const std::string name = std::string(network.name) + "-" + std::string(network.nodes[node].name);
  CLI::App app{"Node '" + std::string(network.nodes[node].name) + "' of network '" +
                   std::string(network.name) + "' (scheme " + std::string(network.scheme) + ")",
               name};
  Options options;
  app.add_option("--weights", options.weights,
                 "the weights file; or a folder of them, each a generation: files may come and go")
      ->required();
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
      "the accuracy table that the evaluator wrote; without it, expected accuracy is unknown. In a "
      "folder of weights it stands beside its file");
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
  app.footer("RNET_LEVEL in the environment names the instructions to compute with, of those that "
             "the node was compiled for; without it, the best that the processor has.");
  CLI11_PARSE(app, argc, argv);
  struct sigaction action = {};
  action.sa_handler = stop;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  limit_foreign_log();
  if (Status status = run(options, network, node); !status.ok()) {
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
