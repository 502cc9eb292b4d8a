// The Open Inference Protocol over gRPC.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "open_inference_grpc.h"

#include "open_inference.h"
#include "wire.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rnet::net::open_inference {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

std::size_t largest_message(const NetworkDescription &network) {
  std::size_t width = 0;
  for (const InputDescription &input : network.inputs)
    width += input.width;
  return (64 << 10) + Gateway::kMaxRows * width * sizeof(float);
}

static ServerUnaryReactor *finish(CallbackServerContext *context,
                                  const grpc::Status &status = grpc::Status::OK) {
  auto *reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

static grpc::Status status_of(const Refusal &refusal) {
  using enum grpc::StatusCode;
  static constexpr grpc::StatusCode kCodes[kOutcomes] = {
      OK,          INVALID_ARGUMENT, NOT_FOUND,        INVALID_ARGUMENT, RESOURCE_EXHAUSTED,
      UNAVAILABLE, UNAVAILABLE,      DEADLINE_EXCEEDED};
  return {kCodes[static_cast<std::size_t>(refusal.outcome)], refusal.message};
}

//===-- What the model is ---------------------------------------------------------------------===//

ServerUnaryReactor *Service::ServerLive(CallbackServerContext *context,
                                        const inference::ServerLiveRequest *,
                                        inference::ServerLiveResponse *response) {
  response->set_live(true);
  return finish(context);
}
ServerUnaryReactor *Service::ServerReady(CallbackServerContext *context,
                                         const inference::ServerReadyRequest *,
                                         inference::ServerReadyResponse *response) {
  response->set_ready(gateway_.ready());
  return finish(context);
}
ServerUnaryReactor *Service::ModelReady(CallbackServerContext *context,
                                        const inference::ModelReadyRequest *request,
                                        inference::ModelReadyResponse *response) {
  const auto found = find_model(gateway_, request->name(), request->version());
  if (const Refusal *refusal = std::get_if<Refusal>(&found))
    return finish(context, status_of(*refusal));
  response->set_ready(gateway_.ready());
  return finish(context);
}

ServerUnaryReactor *Service::ServerMetadata(CallbackServerContext *context,
                                            const inference::ServerMetadataRequest *,
                                            inference::ServerMetadataResponse *response) {
  response->set_name(std::string(kServer));
  response->set_version(std::string(server_version()));
  for (std::string_view extension : kExtensions)
    response->add_extensions(std::string(extension));
  return finish(context);
}

ServerUnaryReactor *Service::ModelMetadata(CallbackServerContext *context,
                                           const inference::ModelMetadataRequest *request,
                                           inference::ModelMetadataResponse *response) {
  const NetworkDescription &network = gateway_.network();
  const auto found = find_model(gateway_, request->name(), request->version());
  if (const Refusal *refusal = std::get_if<Refusal>(&found))
    return finish(context, status_of(*refusal));
  const auto describe = [](const TensorDescription &tensor, auto *to) {
    to->set_name(tensor.name);
    to->set_datatype(std::string(tensor.datatype));
    to->add_shape(-1);
    for (std::int64_t size : tensor.shape)
      to->add_shape(size);
  };
  response->set_name(std::string(network.name));
  for (const std::string &version : versions_of(gateway_))
    response->add_versions(version);
  response->set_platform(std::string(kPlatform));
  for (const TensorDescription &tensor : inputs_of(network))
    describe(tensor, response->add_inputs());
  for (const TensorDescription &tensor : outputs_of(network))
    describe(tensor, response->add_outputs());
  return finish(context);
}

ServerUnaryReactor *Service::ModelConfig(CallbackServerContext *context,
                                         const inference::ModelConfigRequest *request,
                                         inference::ModelConfigResponse *response) {
  const NetworkDescription &network = gateway_.network();
  const auto found = find_model(gateway_, request->name(), request->version());
  if (const Refusal *refusal = std::get_if<Refusal>(&found))
    return finish(context, status_of(*refusal));
  const auto describe = [](const TensorDescription &tensor, auto *to) {
    to->set_name(tensor.name);
    to->set_data_type(tensor.datatype == "FP32"    ? inference::TYPE_FP32
                      : tensor.datatype == "INT64" ? inference::TYPE_INT64
                                                   : inference::TYPE_STRING);
    for (std::int64_t size : tensor.shape)
      to->add_dims(size);
  };
  inference::ModelConfig &config = *response->mutable_config();
  config.set_name(std::string(network.name));
  config.set_platform(std::string(kPlatform));
  config.set_backend(std::string(kServer));
  config.set_max_batch_size(Gateway::kMaxRows);
  for (const TensorDescription &tensor : inputs_of(network))
    describe(tensor, config.add_input());
  for (const TensorDescription &tensor : outputs_of(network))
    describe(tensor, config.add_output());
  return finish(context);
}

ServerUnaryReactor *Service::ModelStatistics(CallbackServerContext *context,
                                             const inference::ModelStatisticsRequest *request,
                                             inference::ModelStatisticsResponse *response) {
  const NetworkDescription &network = gateway_.network();
  if (!request->name().empty()) { // none: all models
    const auto found = find_model(gateway_, request->name(), request->version());
    if (const Refusal *refusal = std::get_if<Refusal>(&found))
      return finish(context, status_of(*refusal));
  }
  const open_inference::ModelStatistics counted = statistics_of(gateway_);
  const auto tell = [](inference::StatisticDuration *to, std::uint64_t count, std::uint64_t ns) {
    to->set_count(count);
    to->set_ns(ns);
  };
  inference::ModelStatistics &statistics = *response->add_model_stats();
  statistics.set_name(std::string(network.name));
  statistics.set_version(counted.version);
  statistics.set_last_inference(counted.last_ms);
  statistics.set_inference_count(counted.rows);
  statistics.set_execution_count(counted.rows);
  inference::InferStatistics &times = *statistics.mutable_inference_stats();
  tell(times.mutable_success(), counted.answered, counted.answered_ns);
  tell(times.mutable_fail(), counted.failed, counted.failed_ns);
  tell(times.mutable_compute_infer(), counted.answered, counted.answered_ns);
  return finish(context);
}

//===-- Inference -----------------------------------------------------------------------------===//

namespace {

/// What a client asked for.
struct Asked {
  Batch batch;
  std::vector<std::size_t> outputs;
};

Refusal invalid(std::string why) { return {Outcome::invalid, std::move(why)}; }

/// The tensors as they were sent.
std::variant<std::vector<GivenTensor>, Refusal>
read_tensors(const inference::ModelInferRequest &request) {
  const bool raw = request.raw_input_contents_size() > 0;
  if (raw && request.raw_input_contents_size() != request.inputs_size())
    return invalid("there are " + std::to_string(request.inputs_size()) + " inputs, but " +
                   std::to_string(request.raw_input_contents_size()) + " raw_input_contents");
  std::vector<GivenTensor> given;
  for (int k = 0; k < request.inputs_size(); ++k) {
    const auto &input = request.inputs(k);
    GivenTensor &tensor = given.emplace_back();
    tensor.name = input.name();
    tensor.datatype = input.datatype();
    tensor.shape.assign(input.shape().begin(), input.shape().end());
    const auto &contents = input.contents().fp32_contents();
    if (!raw) {
      tensor.values.assign(contents.begin(), contents.end());
      continue;
    }
    if (!contents.empty())
      return invalid("an input has contents beside raw_input_contents");
    const std::string &bytes = request.raw_input_contents(k);
    const auto values = view_values(bytes, bytes.size() / sizeof(float));
    if (!values)
      return invalid("raw_input_contents have " + std::to_string(bytes.size()) +
                     " bytes, expected a multiple of 4 for FP32");
    tensor.values.assign(values->begin(), values->end());
  }
  return given;
}

std::variant<Asked, Refusal> read(const Gateway &gateway,
                                  const inference::ModelInferRequest &request) {
  const NetworkDescription &network = gateway.network();
  const auto model = find_model(gateway, request.model_name(), request.model_version());
  if (const Refusal *refusal = std::get_if<Refusal>(&model))
    return *refusal;
  auto given = read_tensors(request);
  if (const Refusal *refusal = std::get_if<Refusal>(&given))
    return *refusal;
  auto batch = read_inputs(network, std::move(std::get<0>(given)));
  if (const Refusal *refusal = std::get_if<Refusal>(&batch))
    return *refusal;
  Asked asked{std::move(std::get<Batch>(batch)), {}};
  asked.batch.generation = std::get<0>(model);
  if (const auto found = request.parameters().find("timeout");
      found != request.parameters().end()) {
    const inference::InferParameter &parameter = found->second;
    std::int64_t microseconds = -1;
    if (parameter.has_int64_param())
      microseconds = parameter.int64_param();
    else if (parameter.has_uint64_param())
      microseconds = static_cast<std::int64_t>(
          std::min<std::uint64_t>(parameter.uint64_param(), std::uint64_t(kMaxRemaining) + 1));
    else
      return invalid("parameter 'timeout' is no whole number");
    const auto limit = read_timeout(microseconds);
    if (const Refusal *refusal = std::get_if<Refusal>(&limit))
      return *refusal;
    asked.batch.timeout = std::get<0>(limit);
  }
  const Reply outputs(network);
  for (const auto &output : request.outputs()) {
    const auto index = outputs.find(output.name());
    if (const Refusal *refusal = std::get_if<Refusal>(&index))
      return *refusal;
    if (output.parameters().count("classification"))
      return invalid("there is no extension 'classification': ask for output '" +
                     outputs.description(1).name + "'");
    if (asked.outputs.size() >= outputs.outputs())
      return invalid("an output is asked for twice");
    asked.outputs.push_back(std::get<0>(index));
  }
  if (asked.outputs.empty()) {
    asked.outputs.resize(outputs.outputs());
    std::iota(asked.outputs.begin(), asked.outputs.end(), 0);
  }
  return asked;
}

void write(const NetworkDescription &network, const std::vector<std::size_t> &asked,
           const BatchResult &result, inference::ModelInferResponse &response) {
  const Reply outputs(network);
  response.set_model_name(std::string(network.name));
  response.set_model_version(name_of_generation(result.generation));
  for (const auto &[name, value] : outputs.parameters(result)) {
    inference::InferParameter &parameter = (*response.mutable_parameters())[name];
    if (const auto *text = std::get_if<std::string>(&value))
      parameter.set_string_param(*text);
    else
      parameter.set_double_param(std::get<double>(value));
  }
  for (std::size_t output : asked) {
    OutputTensor tensor = outputs.tensor(output, result);
    auto &described = *response.add_outputs();
    described.set_name(tensor.description->name);
    described.set_datatype(std::string(tensor.description->datatype));
    for (std::int64_t size : tensor.shape)
      described.add_shape(size);
    response.add_raw_output_contents(std::move(tensor.bytes));
  }
}

} // namespace

ServerUnaryReactor *Service::ModelInfer(CallbackServerContext *context,
                                        const inference::ModelInferRequest *request,
                                        inference::ModelInferResponse *response) {
  const NetworkDescription &network = gateway_.network();
  auto asked = read(gateway_, *request);
  if (const Refusal *refusal = std::get_if<Refusal>(&asked)) {
    gateway_.count(refusal->outcome);
    return finish(context, status_of(*refusal));
  }
  Asked &wanted = std::get<Asked>(asked);
  // The call's own deadline counts where it is the shorter one. No deadline is very far away.
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
      context->deadline() - std::chrono::system_clock::now());
  if (left < wanted.batch.timeout.value_or(std::chrono::microseconds(kMaxRemaining)))
    wanted.batch.timeout = left;
  response->set_id(request->id());
  auto *reactor = context->DefaultReactor();
  gateway_.infer(std::move(wanted.batch),
                 [&network, reactor, response,
                  outputs = std::move(wanted.outputs)](const BatchResult &result) {
                   if (result.outcome == Outcome::answered)
                     write(network, outputs, result, *response);
                   reactor->Finish(status_of({result.outcome, result.message}));
                 });
  return reactor;
}

} // namespace rnet::net::open_inference
