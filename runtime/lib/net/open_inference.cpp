// What the Open Inference Protocol says of a network.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "open_inference.h"

#include "wire.h"

#include <algorithm>
#include <cmath>

namespace rnet::net::open_inference {

std::string_view server_version() { return RNET_VERSION; }

static std::vector<std::int64_t> dimensions(std::span<const std::size_t> shape) {
  return {shape.begin(), shape.end()};
}

static std::string spell(const std::vector<std::int64_t> &shape, const char *first = "") {
  std::string text = "[";
  text += first;
  for (std::size_t k = 0; k < std::min<std::size_t>(shape.size(), 8); ++k)
    text += (text.size() > 1 ? ", " : "") + std::to_string(shape[k]);
  return text + (shape.size() > 8 ? ", ...]" : "]");
}

/// What a client wrote, in a message: not all of it.
static std::string quote(std::string_view name) {
  return "'" + std::string(name.substr(0, 100)) + "'";
}

std::vector<TensorDescription> inputs_of(const NetworkDescription &network) {
  std::vector<TensorDescription> inputs;
  for (const InputDescription &input : network.inputs)
    inputs.push_back({std::string(input.name), "FP32", dimensions(input.shape)});
  return inputs;
}

std::vector<TensorDescription> outputs_of(const NetworkDescription &network) {
  const OutputDescription &output = network.outputs[0];
  const std::string name(output.name);
  std::vector<TensorDescription> outputs = {
      {name, "FP32", {static_cast<std::int64_t>(output.width)}}, {name + "_class", "INT64", {}}};
  if (!output.class_names.empty())
    outputs.push_back({name + "_name", "BYTES", {}});
  return outputs;
}

std::variant<std::optional<GenerationId>, Refusal>
find_model(const Gateway &gateway, std::string_view name, std::string_view version) {
  const std::string model(gateway.network().name);
  if (name != model)
    return Refusal{Outcome::unknown, "there is no model " + quote(name) + ", but '" + model + "'"};
  if (version.empty())
    return std::nullopt;
  const auto generation = generation_of_name(version);
  if (generation && gateway.traffic().holds(*generation))
    return generation;
  std::string known;
  for (const std::string &each : versions_of(gateway))
    known += (known.empty() ? "'" : " and '") + each + "'";
  return Refusal{Outcome::unknown,
                 "model '" + model + "' has no version " + quote(version) + ", but " + known};
}

std::vector<std::string> versions_of(const Gateway &gateway) {
  std::vector<std::string> versions;
  for (const auto &[id, share] : gateway.traffic().shares())
    versions.push_back(name_of_generation(id));
  return versions;
}

ModelStatistics statistics_of(const Gateway &gateway) {
  const Gateway::Statistics statistics = gateway.statistics();
  const auto ns = [](double seconds) { return static_cast<std::uint64_t>(1e9 * seconds); };
  const Traffic::Shares shares = gateway.traffic().shares();
  const auto most =
      std::ranges::max_element(shares, {}, [](const auto &share) { return share.second; });
  ModelStatistics model{name_of_generation(most->first),
                        statistics.last_ms,
                        statistics.rows,
                        0,
                        ns(statistics.answered_seconds),
                        0,
                        ns(statistics.failed_seconds)};
  for (std::size_t k = 0; k < kOutcomes; ++k)
    (Outcome(k) == Outcome::answered ? model.answered : model.failed) += statistics.requests[k];
  return model;
}

std::variant<Batch, Refusal> read_inputs(const NetworkDescription &network,
                                         std::vector<GivenTensor> given) {
  const auto invalid = [](std::string why) { return Refusal{Outcome::invalid, std::move(why)}; };
  Batch batch;
  batch.inputs.resize(network.inputs.size());
  std::vector<bool> seen(network.inputs.size());
  for (GivenTensor &tensor : given) {
    const auto found = std::find_if(network.inputs.begin(), network.inputs.end(),
                                    [&](const auto &input) { return input.name == tensor.name; });
    if (found == network.inputs.end())
      return invalid("model '" + std::string(network.name) + "' has no input " +
                     quote(tensor.name));
    const auto k = static_cast<std::size_t>(found - network.inputs.begin());
    const std::string name = "input '" + tensor.name + "' ";
    if (seen[k])
      return invalid(name + "is given twice");
    seen[k] = true;
    if (tensor.datatype != "FP32")
      return invalid(name + "has datatype " + quote(tensor.datatype) + ", expected 'FP32'");
    const std::vector<std::int64_t> shape = dimensions(found->shape);
    if (tensor.shape.size() != shape.size() + 1 || tensor.shape[0] < 1 ||
        !std::equal(shape.begin(), shape.end(), tensor.shape.begin() + 1))
      return invalid(name + "has shape " + spell(tensor.shape) + ", expected " + spell(shape, "n") +
                     ", n rows from 1 to " + std::to_string(Gateway::kMaxRows));
    const auto rows = static_cast<std::size_t>(tensor.shape[0]);
    if (rows > Gateway::kMaxRows)
      return Refusal{Outcome::too_large, name + "has " + std::to_string(rows) +
                                             " rows; a request has at most " +
                                             std::to_string(Gateway::kMaxRows)};
    if (batch.rows != 0 && rows != batch.rows)
      return invalid("inputs have " + std::to_string(batch.rows) + " and " + std::to_string(rows) +
                     " rows, expected as many in each");
    batch.rows = rows;
    if (tensor.values.size() != rows * found->width)
      return invalid(name + "has " + std::to_string(tensor.values.size()) + " values, expected " +
                     std::to_string(rows * found->width));
    for (float value : tensor.values)
      if (!std::isfinite(value))
        return invalid(name + "has a value that is no finite FP32");
    batch.inputs[k] = std::move(tensor.values);
  }
  for (std::size_t k = 0; k < seen.size(); ++k)
    if (!seen[k])
      return invalid("input '" + std::string(network.inputs[k].name) + "' is missing");
  return batch;
}

std::variant<std::optional<std::chrono::microseconds>, Refusal>
read_timeout(std::int64_t microseconds) {
  if (microseconds < 0 || microseconds > kMaxRemaining)
    return Refusal{Outcome::invalid, "parameter 'timeout' is " + std::to_string(microseconds) +
                                         ", expected microseconds from 0 to " +
                                         std::to_string(kMaxRemaining)};
  if (microseconds == 0)
    return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

std::variant<std::size_t, Refusal> Reply::find(std::string_view name) const {
  for (std::size_t k = 0; k < descriptions_.size(); ++k)
    if (descriptions_[k].name == name)
      return k;
  return Refusal{Outcome::invalid,
                 "model '" + std::string(network_.name) + "' has no output " + quote(name)};
}

static std::size_t best(const Answer &answer) {
  return static_cast<std::size_t>(std::max_element(answer.values.begin(), answer.values.end()) -
                                  answer.values.begin());
}

template <class T> static void append(std::string &bytes, const T &value) {
  bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
}

OutputTensor Reply::tensor(std::size_t output, const BatchResult &result) const {
  const TensorDescription &description = descriptions_[output];
  OutputTensor tensor{&description, {static_cast<std::int64_t>(result.answers.size())}, {}};
  tensor.shape.insert(tensor.shape.end(), description.shape.begin(), description.shape.end());
  for (const Answer &answer : result.answers) {
    if (description.datatype == "FP32") {
      tensor.bytes += bytes_of(answer.values);
    } else if (description.datatype == "INT64") {
      append(tensor.bytes, static_cast<std::int64_t>(best(answer)));
    } else {
      const std::string_view name = network_.outputs[0].class_names[best(answer)];
      append(tensor.bytes, static_cast<std::uint32_t>(name.size()));
      tensor.bytes += name;
    }
  }
  return tensor;
}

static std::string hyperconnections_of(const NetworkDescription &network, const Answer &answer) {
  std::string names;
  for (std::size_t k = 0; k < network.hyperconnections.size(); ++k)
    if (answer.used >> k & 1)
      names += (names.empty() ? "" : ",") + std::string(network.hyperconnections[k].name);
  return names;
}

/// Where the answer was made: the output's node, or that of an exit.
static std::string head_of(const NetworkDescription &network, const Answer &answer) {
  return std::string(network.nodes[network.outputs[0].head(answer.head).node].name);
}

/// Those at either end of a used hyperconnection.
static std::string nodes_of(const NetworkDescription &network, const Answer &answer) {
  std::vector<bool> part(network.nodes.size());
  part[network.outputs[0].head(answer.head).node] = true;
  for (std::size_t k = 0; k < network.hyperconnections.size(); ++k)
    if (answer.used >> k & 1)
      part[network.hyperconnections[k].from] = part[network.hyperconnections[k].to] = true;
  std::string names;
  for (std::size_t node = 0; node < part.size(); ++node)
    if (part[node])
      names += (names.empty() ? "" : ",") + std::string(network.nodes[node].name);
  return names;
}

std::string Reply::names(const BatchResult &result,
                         std::string (*of)(const NetworkDescription &, const Answer &)) const {
  const Answer &first = result.answers[0];
  if (std::all_of(result.answers.begin(), result.answers.end(), [&](const Answer &answer) {
        return answer.used == first.used && answer.head == first.head;
      }))
    return of(network_, first);
  std::string all;
  for (const Answer &answer : result.answers)
    all += (&answer == result.answers.data() ? "" : ";") + of(network_, answer);
  return all;
}

std::vector<std::pair<std::string, Parameter>> Reply::parameters(const BatchResult &result) const {
  std::vector<std::pair<std::string, Parameter>> parameters = {
      {"nodes", names(result, nodes_of)}, {"hyperconnections", names(result, hyperconnections_of)}};
  if (network_.outputs[0].heads() > 1)
    parameters.push_back({"head", names(result, head_of)});
  const auto rows = static_cast<double>(result.answers.size());
  Accuracy mean{0, Interval{0, 0}};
  bool known = true;
  for (const Answer &answer : result.answers) {
    known &= answer.accuracy.has_value();
    if (!answer.accuracy)
      continue;
    mean.value += answer.accuracy->value / rows;
    if (!answer.accuracy->interval) {
      mean.interval.reset();
    } else if (mean.interval) {
      mean.interval->low += answer.accuracy->interval->low / rows;
      mean.interval->high += answer.accuracy->interval->high / rows;
    }
  }
  if (known) {
    parameters.push_back({"expected_accuracy", mean.value});
    if (mean.interval) {
      parameters.push_back({"expected_accuracy_low", mean.interval->low});
      parameters.push_back({"expected_accuracy_high", mean.interval->high});
    }
  }
  parameters.push_back({"latency_ms", std::round(1e6 * result.seconds) / 1e3});
  return parameters;
}

} // namespace rnet::net::open_inference
