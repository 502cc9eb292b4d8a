// What the Open Inference Protocol says of a network, whether over gRPC or HTTP.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "gateway.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rnet::net::open_inference {

inline constexpr std::string_view kServer = "rnet", kPlatform = "rnet",
                                  kExtensions[] = {"binary_tensor_data", "model_configuration",
                                                   "statistics"};

std::string_view server_version();

/// A tensor of the model. The batch is its first dimension, and no part of `shape`.
struct TensorDescription {
  std::string name;
  std::string_view datatype; ///< "FP32" | "INT64" | "BYTES"
  std::vector<std::int64_t> shape;
};
std::vector<TensorDescription> inputs_of(const NetworkDescription &network);
/// For an output O: O, probabilities; O_class, the most probable; O_name, its name, where the spec
/// names classes.
std::vector<TensorDescription> outputs_of(const NetworkDescription &network);

/// Why a request is refused.
struct Refusal {
  Outcome outcome;
  std::string message;
};
/// The generation that a request names as the model's version; none where it names none.
std::variant<std::optional<GenerationId>, Refusal>
find_model(const Gateway &gateway, std::string_view name, std::string_view version);
/// The versions of the model: generations that there are.
std::vector<std::string> versions_of(const Gateway &gateway);

/// What the protocol counts: requests, their time from end to end, and rows that were answered.
struct ModelStatistics {
  std::string version; ///< the generation that the most requests take
  std::uint64_t last_ms, rows, answered, answered_ns, failed, failed_ns;
};
ModelStatistics statistics_of(const Gateway &gateway);

/// As a client sent it; nothing of it has been checked.
struct GivenTensor {
  std::string name, datatype;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
/// The rows of all inputs, if they are what the network takes.
std::variant<Batch, Refusal> read_inputs(const NetworkDescription &network,
                                         std::vector<GivenTensor> given);
/// Microseconds, as parameter `timeout` says; 0: the gateway's.
std::variant<std::optional<std::chrono::microseconds>, Refusal>
read_timeout(std::int64_t microseconds);

/// A tensor of the answer: its bytes as both protocols send them.
struct OutputTensor {
  const TensorDescription *description;
  std::vector<std::int64_t> shape; ///< with the batch
  std::string bytes;               ///< little endian; of BYTES each with its length before it
};
/// What else an answer says, by the name of the parameter. Where rows differ, their values stand in
/// order between semicolons; of accuracies the mean is said.
using Parameter = std::variant<std::string, double>;

/// An answer in the making: the outputs that were asked for.
class Reply {
public:
  explicit Reply(const NetworkDescription &network)
      : network_(network), descriptions_(outputs_of(network)) {}

  /// The position of an output that the client named.
  std::variant<std::size_t, Refusal> find(std::string_view name) const;
  const TensorDescription &description(std::size_t output) const { return descriptions_[output]; }
  std::size_t outputs() const { return descriptions_.size(); }

  OutputTensor tensor(std::size_t output, const BatchResult &result) const;
  std::vector<std::pair<std::string, Parameter>> parameters(const BatchResult &result) const;

private:
  std::string names(const BatchResult &result,
                    std::string (*of)(const NetworkDescription &, const Answer &)) const;

  const NetworkDescription &network_;
  std::vector<TensorDescription> descriptions_;
};

} // namespace rnet::net::open_inference
