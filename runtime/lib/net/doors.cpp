// The doors of a node for clients.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "doors.h"

#include "http_server.h"
#include "open_inference_grpc.h"
#include "open_inference_http.h"
#include "server_limits.h"
#include "status_page.h"

#include <grpcpp/grpcpp.h>
#include <nlohmann/json.hpp>

namespace rnet::net {

using nlohmann::ordered_json;

struct Doors::State {
  State(const NetworkDescription &network, std::size_t node,
        const std::map<std::string, std::string> &addresses, const Credentials &credentials,
        const DoorOptions &options, Traffic &traffic, std::function<NodeCounters()> counters)
      : network(network), node(node), counters(std::move(counters)),
        gateway(network, addresses, credentials, std::chrono::milliseconds(options.deadline_ms),
                traffic),
        service(gateway) {}
  ~State() {
    gateway.abandon();
    if (server)
      server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  }
  Status open_grpc(const std::string &address);
  void serve(HttpRequest request, std::function<void(HttpResponse)> done);
  ordered_json status() const;

  const NetworkDescription &network;
  const std::size_t node;
  const std::function<NodeCounters()> counters;
  Gateway gateway;
  open_inference::Service service;
  std::string grpc_address, none;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<HttpServer> http;
};

Status Doors::State::open_grpc(const std::string &address) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  builder.SetMaxReceiveMessageSize(static_cast<int>(std::min<std::size_t>(
      open_inference::largest_message(network), std::size_t(std::numeric_limits<int>::max()))));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  limit_connections(builder);
  server = builder.BuildAndStart();
  if (!server)
    return Status::error("cannot listen on '" + address + "'");
  grpc_address = address;
  if (address.rfind("unix:", 0) != 0)
    grpc_address = address.substr(0, address.rfind(':') + 1) + std::to_string(port);
  return {};
}

/// What the status page draws.
ordered_json Doors::State::status() const {
  static constexpr const char *kStates[] = {"unknown", "up", "suspect", "down"};
  const Gateway::Statistics statistics = gateway.statistics();
  ordered_json json = {{"network", network.name},
                       {"scheme", network.scheme},
                       {"node", network.nodes[node].name},
                       {"ready", gateway.ready()},
                       {"time_ms", std::chrono::duration_cast<std::chrono::milliseconds>(
                                       std::chrono::system_clock::now().time_since_epoch())
                                       .count()},
                       {"generations", ordered_json::array()},
                       {"nodes", ordered_json::array()},
                       {"hyperconnections", ordered_json::array()},
                       {"requests", ordered_json::object()},
                       {"rows", statistics.rows},
                       {"in_flight", statistics.in_flight},
                       {"latency", ordered_json::array()}};
  for (const auto &[id, share] : gateway.traffic().shares())
    json["generations"].push_back(
        {{"name", name_of_generation(id)},
         {"share", share},
         {"rows", statistics.rows_of.contains(id) ? statistics.rows_of.at(id) : 0}});
  for (std::size_t k = 0; k < network.nodes.size(); ++k)
    json["nodes"].push_back({{"name", network.nodes[k].name},
                             {"state", kStates[static_cast<std::size_t>(statistics.nodes[k])]}});
  for (std::size_t k = 0; k < network.hyperconnections.size(); ++k) {
    const HyperconnectionDescription &connection = network.hyperconnections[k];
    json["hyperconnections"].push_back(
        {{"name", connection.name},
         {"from", network.nodes[connection.from].name},
         {"to", network.nodes[connection.to].name},
         {"kind", connection.kind == HyperconnectionKind::skip ? "skip" : "simple"},
         {"bytes", connection.width * sizeof(float)},
         {"answers", statistics.used[k]}});
  }
  for (std::size_t k = 0; k < kOutcomes; ++k)
    json["requests"][std::string(name_of(Outcome(k)))] = statistics.requests[k];
  for (std::size_t k = 0; k < statistics.latencies.size(); ++k)
    json["latency"].push_back(
        {{"below_s",
          k < Gateway::kLatencies.size() ? ordered_json(Gateway::kLatencies[k]) : ordered_json()},
         {"count", statistics.latencies[k]}});
  return json;
}

void Doors::State::serve(HttpRequest request, std::function<void(HttpResponse)> done) {
  if (open_inference::is_ours(request.target))
    return open_inference::serve(gateway, std::move(request), std::move(done));
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path != "/" && path != "/status" && path != "/metrics" && path != "/healthz" &&
      path != "/readyz")
    return done(http_error(404, "there is no such path"));
  if (request.method != "GET") {
    HttpResponse response = http_error(405, "expected GET");
    response.headers.emplace_back("Allow", "GET");
    return done(std::move(response));
  }
  if (path == "/")
    return done({200,
                 "text/html; charset=utf-8",
                 {kStatusPage, sizeof kStatusPage},
                 {{"Content-Security-Policy",
                   "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
                   "connect-src 'self'; img-src data:"}}});
  if (path == "/status")
    return done({200, "application/json", status().dump()});
  if (path == "/metrics")
    return done({200, "text/plain; version=0.0.4; charset=utf-8",
                 metrics_text(network, node, counters(), gateway)});
  const bool well = path == "/healthz" || gateway.ready();
  done({well ? 200u : 503u, "text/plain; charset=utf-8", well ? "ok\n" : "not ready\n"});
}

Doors::Doors(std::unique_ptr<State> state) : state_(std::move(state)) {}
Doors::~Doors() = default;

Expected<std::unique_ptr<Doors>> Doors::open(const DoorOptions &options,
                                             const NetworkDescription &network, std::size_t node,
                                             const std::map<std::string, std::string> &addresses,
                                             const Credentials &credentials, Traffic &traffic,
                                             std::function<NodeCounters()> counters) {
  auto needed = [&](std::size_t other) -> Status {
    const std::string name(network.nodes[other].name);
    if (addresses.count(name))
      return {};
    return Status::error("the address of '" + name + "' is missing, which clients need: --peer " +
                         name + "=ADDRESS");
  };
  Status status;
  for (std::size_t head = 0; head < network.outputs[0].heads() && status.ok(); ++head)
    status = needed(network.outputs[0].head(head).node);
  for (const InputDescription &input : network.inputs)
    if (status.ok())
      status = needed(input.node);
  if (!status.ok())
    return status;
  auto state = std::make_unique<State>(network, node, addresses, credentials, options, traffic,
                                       std::move(counters));
  if (!options.grpc.empty())
    if (status = state->open_grpc(options.grpc); !status.ok())
      return status;
  if (!options.http.empty()) {
    auto server = HttpServer::open(options.http, open_inference::largest_body(network),
                                   [state = state.get()](HttpRequest request, auto done) {
                                     state->serve(std::move(request), std::move(done));
                                   });
    if (!server.ok())
      return server.status();
    state->http = std::move(*server);
  }
  return std::unique_ptr<Doors>(new Doors(std::move(state)));
}

const std::string &Doors::http() const {
  return state_->http ? state_->http->address() : state_->none;
}
const std::string &Doors::grpc() const { return state_->grpc_address; }
void Doors::stop() { state_->gateway.stop(); }
bool Doors::idle() const {
  return state_->gateway.idle() && (!state_->http || state_->http->idle());
}

} // namespace rnet::net
