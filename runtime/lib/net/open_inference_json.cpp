// Requests and answers of the Open Inference Protocol as JSON.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "open_inference_json.h"

#include "rnet/core/decimal.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cstring>
#include <limits>

namespace rnet::net::open_inference {
namespace {

using nlohmann::ordered_json;

/// Arrays in arrays, and objects, of a request: a shape has few dimensions.
constexpr int kDeepest = 32;

struct Invalid {
  std::string why;
};

/// Reads a request; throws Invalid or what nlohmann's JSON throws.
class Reader {
public:
  Reader(const NetworkDescription &network, std::string_view body, std::string_view length)
      : network_(network), text_(body) {
    if (!length.empty()) {
      std::size_t size = 0;
      const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), size);
      if (error != std::errc() || end != length.data() + length.size() || size > text_.size())
        throw Invalid{"Inference-Header-Content-Length is '" + std::string(length.substr(0, 100)) +
                      "', expected a number of bytes up to " + std::to_string(text_.size())};
      binary_ = text_.substr(size);
      text_ = text_.substr(0, size);
    }
  }

  std::variant<JsonRequest, Refusal> read() {
    bool too_deep = false;
    const ordered_json json =
        ordered_json::parse(text_, [&](int depth, ordered_json::parse_event_t, ordered_json &) {
          too_deep |= depth > kDeepest;
          return !too_deep;
        });
    if (too_deep)
      throw Invalid{"the JSON is nested more than " + std::to_string(kDeepest) + " deep"};
    if (!json.is_object() || !json.contains("inputs") || !json["inputs"].is_array())
      throw Invalid{"expected an object with an array 'inputs'"};
    JsonRequest asked;
    if (json.contains("id"))
      asked.id = string(json["id"], "id");
    bool binary = false;
    std::int64_t timeout = 0;
    if (const ordered_json *parameters = parameters_of(json)) {
      if (parameters->contains("binary_data_output"))
        binary = boolean(parameters->at("binary_data_output"), "binary_data_output");
      if (parameters->contains("timeout"))
        timeout = integer(parameters->at("timeout"), "timeout");
    }
    std::vector<GivenTensor> given;
    for (const ordered_json &input : json["inputs"])
      given.push_back(read_tensor(input));
    if (!binary_.empty())
      throw Invalid{std::to_string(binary_.size()) + " bytes of binary data belong to no input"};
    auto batch = read_inputs(network_, std::move(given));
    if (const Refusal *refusal = std::get_if<Refusal>(&batch))
      return *refusal;
    asked.batch = std::move(std::get<Batch>(batch));
    const auto limit = read_timeout(timeout);
    if (const Refusal *refusal = std::get_if<Refusal>(&limit))
      return *refusal;
    asked.batch.timeout = std::get<0>(limit);
    const Reply outputs(network_);
    if (!json.contains("outputs") || json["outputs"].empty()) {
      for (std::size_t k = 0; k < outputs.outputs(); ++k)
        asked.outputs.push_back({k, binary});
      return asked;
    }
    for (const ordered_json &output : array(json["outputs"], "outputs")) {
      if (!output.is_object() || !output.contains("name"))
        throw Invalid{"an output has no name"};
      const auto found = outputs.find(string(output["name"], "name"));
      if (const Refusal *refusal = std::get_if<Refusal>(&found))
        return *refusal;
      JsonRequest::Output &wanted = asked.outputs.emplace_back(std::get<0>(found), binary);
      if (const ordered_json *parameters = parameters_of(output)) {
        if (parameters->contains("classification"))
          throw Invalid{"there is no extension 'classification': ask for output '" +
                        outputs.description(1).name + "'"};
        if (parameters->contains("binary_data"))
          wanted.binary = boolean(parameters->at("binary_data"), "binary_data");
      }
    }
    if (asked.outputs.size() > outputs.outputs())
      throw Invalid{"an output is asked for twice"};
    return asked;
  }

private:
  static const ordered_json *parameters_of(const ordered_json &object) {
    if (!object.contains("parameters"))
      return nullptr;
    if (!object["parameters"].is_object())
      throw Invalid{"'parameters' is no object"};
    return &object["parameters"];
  }
  static std::string string(const ordered_json &value, const char *name) {
    if (!value.is_string())
      throw Invalid{"'" + std::string(name) + "' is no string"};
    return value;
  }
  static bool boolean(const ordered_json &value, const char *name) {
    if (!value.is_boolean())
      throw Invalid{"'" + std::string(name) + "' is neither true nor false"};
    return value;
  }
  static std::int64_t integer(const ordered_json &value, const char *name) {
    if (!value.is_number_integer() ||
        (value.is_number_unsigned() &&
         value.get<std::uint64_t>() > std::uint64_t(std::numeric_limits<std::int64_t>::max())))
      throw Invalid{"'" + std::string(name) + "' has a value that is no whole number of 64 bits"};
    return value;
  }
  static const ordered_json &array(const ordered_json &value, const char *name) {
    if (!value.is_array())
      throw Invalid{"'" + std::string(name) + "' is no array"};
    return value;
  }

  GivenTensor read_tensor(const ordered_json &input) {
    for (const char *field : {"name", "datatype", "shape"})
      if (!input.is_object() || !input.contains(field))
        throw Invalid{"an input has no '" + std::string(field) + "'"};
    GivenTensor tensor;
    tensor.name = string(input["name"], "name");
    tensor.datatype = string(input["datatype"], "datatype");
    for (const ordered_json &size : array(input["shape"], "shape"))
      tensor.shape.push_back(integer(size, "shape"));
    const ordered_json *parameters = parameters_of(input);
    if (parameters && parameters->contains("binary_data_size")) {
      const std::int64_t size = integer(parameters->at("binary_data_size"), "binary_data_size");
      if (size < 0 || static_cast<std::size_t>(size) > binary_.size())
        throw Invalid{"binary_data_size is " + std::to_string(size) + ", but " +
                      std::to_string(binary_.size()) + " bytes of binary data are left"};
      const std::string_view bytes = binary_.substr(0, static_cast<std::size_t>(size));
      binary_ = binary_.substr(bytes.size());
      if (bytes.size() % sizeof(float) != 0)
        throw Invalid{"binary_data_size is " + std::to_string(size) +
                      ", expected a multiple of 4 for FP32"};
      tensor.values.resize(bytes.size() / sizeof(float));
      if (!bytes.empty())
        std::memcpy(tensor.values.data(), bytes.data(), bytes.size());
    } else if (!input.contains("data")) {
      throw Invalid{"an input has neither 'data' nor a parameter 'binary_data_size'"};
    } else {
      flatten(array(input["data"], "data"), tensor.values);
    }
    return tensor;
  }

  /// Numbers in any nesting, in order. No deeper than kDeepest.
  static void flatten(const ordered_json &array, std::vector<float> &to) {
    for (const ordered_json &element : array)
      if (element.is_array())
        flatten(element, to);
      else if (element.is_number())
        to.push_back(element.get<float>());
      else
        throw Invalid{"'data' has something that is no number"};
  }

  const NetworkDescription &network_;
  std::string_view text_, binary_;
};

/// A tensor's elements as JSON.
ordered_json elements(const OutputTensor &tensor) {
  ordered_json data = ordered_json::array();
  const std::string_view datatype = tensor.description->datatype;
  const auto read = [&]<class T>(T, std::size_t at) {
    T value;
    std::memcpy(&value, tensor.bytes.data() + at, sizeof value);
    return value;
  };
  for (std::size_t at = 0; at < tensor.bytes.size();) {
    if (datatype == "FP32") {
      data.push_back(shortest(read(0.0f, at)));
      at += sizeof(float);
    } else if (datatype == "INT64") {
      data.push_back(read(std::int64_t(), at));
      at += sizeof(std::int64_t);
    } else {
      const std::size_t size = read(std::uint32_t(), at);
      data.push_back(tensor.bytes.substr(at + sizeof(std::uint32_t), size));
      at += sizeof(std::uint32_t) + size;
    }
  }
  return data;
}

} // namespace

std::variant<JsonRequest, Refusal> read_request(const NetworkDescription &network,
                                                std::string_view body,
                                                std::string_view header_length) {
  try {
    return Reader(network, body, header_length).read();
  } catch (const Invalid &invalid) {
    return Refusal{Outcome::invalid, invalid.why};
  } catch (const ordered_json::exception &error) {
    return Refusal{Outcome::invalid, "no JSON: " + std::string(error.what())};
  }
}

JsonAnswer write_answer(const NetworkDescription &network, const JsonRequest &request,
                        const BatchResult &result) {
  const Reply outputs(network);
  JsonAnswer answer;
  ordered_json json = {{"model_name", network.name},
                       {"model_version", name_of_generation(result.generation)}};
  if (request.id)
    json["id"] = *request.id;
  for (const auto &[name, value] : outputs.parameters(result))
    std::visit([&](const auto &given) { json["parameters"][name] = given; }, value);
  for (const JsonRequest::Output &output : request.outputs) {
    const OutputTensor tensor = outputs.tensor(output.index, result);
    ordered_json described = {{"name", tensor.description->name},
                              {"shape", tensor.shape},
                              {"datatype", tensor.description->datatype}};
    if (output.binary) {
      described["parameters"] = {{"binary_data_size", tensor.bytes.size()}};
      answer.binary += tensor.bytes;
      answer.has_binary = true;
    } else {
      described["data"] = elements(tensor);
    }
    json["outputs"].push_back(std::move(described));
  }
  // An id that a client sent may be no UTF-8.
  answer.json = json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  return answer;
}

} // namespace rnet::net::open_inference
