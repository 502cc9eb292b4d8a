// The counters of a node and of its door as Prometheus reads them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>

namespace rnet::net {
namespace {

using prometheus::MetricType;

/// A family, to which series are added.
class Family {
public:
  Family(std::vector<prometheus::MetricFamily> &families, std::string name, std::string help,
         MetricType type)
      : family_(families.emplace_back()) {
    family_.name = "rnet_" + std::move(name);
    family_.help = std::move(help);
    family_.type = type;
  }
  void add(double value, std::initializer_list<std::pair<std::string, std::string_view>> labels) {
    prometheus::ClientMetric &metric = add(labels);
    metric.counter.value = metric.gauge.value = value; // one of them is said
  }
  prometheus::ClientMetric &
  add(std::initializer_list<std::pair<std::string, std::string_view>> labels) {
    prometheus::ClientMetric &metric = family_.metric.emplace_back();
    for (const auto &[name, value] : labels)
      metric.label.push_back({name, std::string(value)});
    return metric;
  }

private:
  prometheus::MetricFamily &family_;
};

bool sends(const NetworkDescription &network, std::size_t from, std::size_t to) {
  for (const HyperconnectionDescription &connection : network.hyperconnections)
    if (connection.from == from && connection.to == to)
      return true;
  return false;
}

void add_door(const Gateway &gateway, std::vector<prometheus::MetricFamily> &families) {
  const NetworkDescription &network = gateway.network();
  const Gateway::Statistics statistics = gateway.statistics();
  Family requests(families, "requests_total", "Requests of clients, by what became of them.",
                  MetricType::Counter);
  for (std::size_t k = 0; k < kOutcomes; ++k)
    requests.add(static_cast<double>(statistics.requests[k]), {{"outcome", name_of(Outcome(k))}});
  Family rows(families, "rows_total", "Rows of answered requests.", MetricType::Counter);
  rows.add(static_cast<double>(statistics.rows), {});
  Family again(families, "rows_asked_again_total",
               "Times that a row was asked again, since nothing had reached the output.",
               MetricType::Counter);
  again.add(static_cast<double>(statistics.asked_again), {});
  Family by_generation(families, "rows_by_generation_total",
                       "Rows of answered requests, by the generation of the weights.",
                       MetricType::Counter);
  for (const auto &[id, count] : statistics.rows_of)
    by_generation.add(static_cast<double>(count), {{"generation", name_of_generation(id)}});
  Family share(families, "generation_share",
               "Part of the requests that takes a generation which this node holds.",
               MetricType::Gauge);
  for (const auto &[id, part] : gateway.traffic().shares())
    share.add(part, {{"generation", name_of_generation(id)}});
  Family in_flight(families, "rows_in_flight", "Rows of requests that wait for their answer.",
                   MetricType::Gauge);
  in_flight.add(static_cast<double>(statistics.in_flight), {});
  Family latency(families, "request_duration_seconds",
                 "Time from admission to answer, of answered requests.", MetricType::Histogram);
  auto &histogram = latency.add({}).histogram;
  histogram.sample_sum = statistics.answered_seconds;
  for (std::size_t k = 0; k < statistics.latencies.size(); ++k) {
    histogram.sample_count += statistics.latencies[k];
    const double bound = k < Gateway::kLatencies.size() ? Gateway::kLatencies[k]
                                                        : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  Family used(families, "answers_by_hyperconnection_total",
              "Rows whose answer rests on a hyperconnection.", MetricType::Counter);
  for (std::size_t k = 0; k < statistics.used.size(); ++k)
    used.add(static_cast<double>(statistics.used[k]),
             {{"hyperconnection", network.hyperconnections[k].name}});
  Family up(families, "node_up", "Whether a node answers, as seen from here.", MetricType::Gauge);
  for (std::size_t node = 0; node < statistics.nodes.size(); ++node)
    if (statistics.nodes[node] != Gateway::NodeState::unknown)
      up.add(statistics.nodes[node] != Gateway::NodeState::down,
             {{"node", network.nodes[node].name}});
  Family ready(families, "ready", "Whether an answer can be expected.", MetricType::Gauge);
  ready.add(gateway.ready(), {});
}

} // namespace

std::string metrics_text(const NetworkDescription &network, std::size_t node,
                         const NodeCounters &counters, const Gateway &gateway) {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(32); // a Family holds on to its place
  add_door(gateway, families);
  Family requests(families, "node_requests_total", "Requests that reached this node.",
                  MetricType::Counter);
  requests.add(static_cast<double>(counters.requests), {});
  Family runs(families, "node_runs_total",
              "Runs of this node's program, each for one request or several that waited.",
              MetricType::Counter);
  runs.add(static_cast<double>(counters.runs), {});
  Family absent(families, "absent_inputs_total", "Requests for which an input was absent here.",
                MetricType::Counter);
  for (std::size_t k = 0; k < counters.absent.size(); ++k) {
    const Source &source = network.nodes[node].inputs[k];
    absent.add(static_cast<double>(counters.absent[k]),
               {{"input", source.kind == Source::Kind::network_input
                              ? network.inputs[source.index].name
                              : network.hyperconnections[source.index].name}});
  }
  Family sent(families, "sent_bytes_total", "Bytes of tensors sent along a hyperconnection.",
              MetricType::Counter);
  for (std::size_t k = 0; k < counters.sent_bytes.size(); ++k)
    if (network.hyperconnections[k].from == node)
      sent.add(static_cast<double>(counters.sent_bytes[k]),
               {{"hyperconnection", network.hyperconnections[k].name}});
  const auto add_senders = [&](const char *name, const char *help,
                               const std::vector<std::uint64_t> &values) {
    Family family(families, name, help, MetricType::Counter);
    for (std::size_t from = 0; from < network.nodes.size(); ++from)
      if (sends(network, from, node))
        family.add(static_cast<double>(values[from]), {{"peer", network.nodes[from].name}});
  };
  add_senders("suspicions_total", "Times that a sender was silent for too long.",
              counters.suspicions);
  add_senders("rejoins_total", "Times that a sender came back after it was down.",
              counters.rejoins);
  Family dropped(families, "dropped_messages_total", "Messages that were dropped, by reason.",
                 MetricType::Counter);
  for (const auto &[reason, count] : counters.dropped)
    dropped.add(static_cast<double>(count), {{"reason", reason}});
  return prometheus::TextSerializer().Serialize(families);
}

} // namespace rnet::net
