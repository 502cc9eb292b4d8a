// The Open Inference Protocol over HTTP.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "open_inference_http.h"

#include "open_inference_json.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace rnet::net::open_inference {
namespace {

using nlohmann::ordered_json;
using Done = std::function<void(HttpResponse)>;

/// Lengths of the JSON in a body that goes on with binary tensors.
constexpr char kHeaderLength[] = "Inference-Header-Content-Length";

HttpResponse refuse(const Refusal &refusal) {
  static constexpr unsigned kStatus[kOutcomes] = {200, 400, 404, 413, 503, 503, 503, 504};
  HttpResponse response =
      http_error(kStatus[static_cast<std::size_t>(refusal.outcome)], refusal.message);
  if (response.status == 503)
    response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse reply(const ordered_json &json) { return {200, "application/json", json.dump()}; }

//===-- What the model is ---------------------------------------------------------------------===//

ordered_json metadata(const Gateway &gateway) {
  const NetworkDescription &network = gateway.network();
  const auto describe = [](const std::vector<TensorDescription> &tensors) {
    ordered_json all = ordered_json::array();
    for (const TensorDescription &tensor : tensors) {
      std::vector<std::int64_t> shape = {-1};
      shape.insert(shape.end(), tensor.shape.begin(), tensor.shape.end());
      all.push_back({{"name", tensor.name}, {"datatype", tensor.datatype}, {"shape", shape}});
    }
    return all;
  };
  return {{"name", network.name},
          {"versions", versions_of(gateway)},
          {"platform", kPlatform},
          {"inputs", describe(inputs_of(network))},
          {"outputs", describe(outputs_of(network))}};
}

ordered_json config(const NetworkDescription &network) {
  const auto describe = [](const std::vector<TensorDescription> &tensors) {
    ordered_json all = ordered_json::array();
    for (const TensorDescription &tensor : tensors)
      all.push_back(
          {{"name", tensor.name},
           {"data_type",
            tensor.datatype == "BYTES" ? "TYPE_STRING" : "TYPE_" + std::string(tensor.datatype)},
           {"dims", tensor.shape}});
    return all;
  };
  return {{"name", network.name},
          {"platform", kPlatform},
          {"backend", kServer},
          {"max_batch_size", Gateway::kMaxRows},
          {"input", describe(inputs_of(network))},
          {"output", describe(outputs_of(network))}};
}

ordered_json statistics(const Gateway &gateway) {
  const ModelStatistics statistics = statistics_of(gateway);
  const auto duration = [](std::uint64_t count, std::uint64_t ns) {
    return ordered_json{{"count", count}, {"ns", ns}};
  };
  ordered_json model = {{"name", gateway.network().name},
                        {"version", statistics.version},
                        {"last_inference", statistics.last_ms},
                        {"inference_count", statistics.rows},
                        {"execution_count", statistics.rows},
                        {"inference_stats",
                         {{"success", duration(statistics.answered, statistics.answered_ns)},
                          {"fail", duration(statistics.failed, statistics.failed_ns)},
                          {"queue", duration(0, 0)},
                          {"compute_input", duration(0, 0)},
                          {"compute_infer", duration(statistics.answered, statistics.answered_ns)},
                          {"compute_output", duration(0, 0)}}},
                        {"batch_stats", ordered_json::array()}};
  return {{"model_stats", ordered_json::array({std::move(model)})}};
}

//===-- Requests ------------------------------------------------------------------------------===//

void infer(Gateway &gateway, std::optional<GenerationId> generation, const HttpRequest &request,
           const Done &done) {
  auto asked = read_request(gateway.network(), request.body, request.header(kHeaderLength));
  if (const Refusal *refusal = std::get_if<Refusal>(&asked)) {
    gateway.count(refusal->outcome);
    return done(refuse(*refusal));
  }
  auto wanted = std::make_shared<JsonRequest>(std::move(std::get<JsonRequest>(asked)));
  wanted->batch.generation = generation;
  gateway.infer(std::move(wanted->batch), [&gateway, wanted, done](const BatchResult &result) {
    if (result.outcome != Outcome::answered)
      return done(refuse({result.outcome, result.message}));
    JsonAnswer answer = write_answer(gateway.network(), *wanted, result);
    HttpResponse response{200, "application/json", std::move(answer.json), {}};
    if (answer.has_binary) {
      response.type = "application/octet-stream";
      response.headers.emplace_back(kHeaderLength, std::to_string(response.body.size()));
      response.body += answer.binary;
    }
    done(std::move(response));
  });
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1); // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0)
      parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

} // namespace

std::size_t largest_body(const NetworkDescription &network) {
  std::size_t width = 0;
  for (const InputDescription &input : network.inputs)
    width += input.width;
  // As JSON a number takes up to 25 bytes, its brackets and spaces among them.
  constexpr std::size_t kNumber = 25, kUsual = 64 << 20;
  return (64 << 10) +
         std::max(kNumber * width, std::min(Gateway::kMaxRows * kNumber * width, kUsual));
}

bool is_ours(std::string_view target) {
  target = target.substr(0, target.find('?'));
  return target == "/v2" || target.starts_with("/v2/");
}

void serve(Gateway &gateway, HttpRequest request, Done done) {
  const NetworkDescription &network = gateway.network();
  const std::string_view target = request.target;
  std::vector<std::string_view> path = split(target.substr(0, target.find('?')));
  const auto is = [&](std::initializer_list<std::string_view> parts) {
    return std::equal(path.begin(), path.end(), parts.begin(), parts.end());
  };
  const auto tell = [&](bool yes, const char *what) {
    ordered_json json;
    json[what] = yes;
    done(yes ? reply(json) : refuse({Outcome::no_flow, "the network is not ready"}));
  };
  const bool is_model = path.size() > 2 && path[1] == "models";
  const std::string_view model = is_model ? path[2] : "";
  std::string_view version, verb;
  if (is_model) {
    path.erase(path.begin(), path.begin() + 3);
    if (path.size() >= 2 && path[0] == "versions") {
      version = path[1];
      path.erase(path.begin(), path.begin() + 2);
    }
    verb = path.empty() ? "" : path[0];
  }
  const bool is_infer = is_model && is({"infer"}), is_index = is({"v2", "repository", "index"});
  const char *const method = is_infer || is_index ? "POST" : "GET";
  if (request.method != method) {
    HttpResponse response = http_error(405, "expected " + std::string(method));
    response.headers.emplace_back("Allow", method);
    return done(std::move(response));
  }
  if (!is_model) {
    if (is({"v2"}))
      return done(reply({{"name", kServer},
                         {"version", server_version()},
                         {"extensions", ordered_json(kExtensions)}}));
    if (is_index) {
      ordered_json models = ordered_json::array();
      for (const std::string &each : versions_of(gateway))
        models.push_back({{"name", network.name},
                          {"version", each},
                          {"state", gateway.ready() ? "READY" : "UNAVAILABLE"},
                          {"reason", ""}});
      return done(reply(models));
    }
    if (is({"v2", "health", "live"}))
      return tell(true, "live");
    if (is({"v2", "health", "ready"}))
      return tell(gateway.ready(), "ready");
    return done(http_error(404, "there is no such path"));
  }
  const auto found = find_model(gateway, model, version);
  if (const Refusal *refusal = std::get_if<Refusal>(&found)) {
    if (is_infer)
      gateway.count(refusal->outcome);
    return done(refuse(*refusal));
  }
  if (is_infer)
    return infer(gateway, std::get<0>(found), request, done);
  if (path.empty())
    return done(reply(metadata(gateway)));
  if (is({"ready"}))
    return tell(gateway.ready(), "ready");
  if (is({"config"}))
    return done(reply(config(network)));
  if (is({"stats"}))
    return done(reply(statistics(gateway)));
  done(http_error(404, "there is no such path"));
}

} // namespace rnet::net::open_inference
