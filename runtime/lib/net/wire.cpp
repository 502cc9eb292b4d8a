// Checks of what comes over the wire.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wire.h"

#include <algorithm>
#include <bit>

namespace rnet::net {

static_assert(std::endian::native == std::endian::little, "values travel in little endian");

std::size_t largest_message(const NetworkDescription &network, std::size_t node) {
  std::size_t given = 0, sent = 0; // elements
  for (const Source &source : network.nodes[node].inputs)
    if (source.kind == Source::Kind::network_input)
      given += network.inputs[source.index].width;
    else
      sent = std::max(sent, network.hyperconnections[source.index].width);
  return std::max(given, sent) * sizeof(float) + (64 << 10);
}

std::optional<std::span<const float>> view_values(const std::string &bytes, std::size_t width) {
  if (bytes.size() != width * sizeof(float))
    return std::nullopt;
  // A string's characters stand on a border of eight bytes at least.
  return std::span(reinterpret_cast<const float *>(bytes.data()), width);
}

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char *>(values.data()), values.size_bytes()};
}

static std::string check(const NetworkDescription &network, std::span<const std::string> weights,
                         const proto::Hello &hello) {
  if (hello.topology() != network.topology_fingerprint)
    return "another network, topology or scheme";
  if (std::ranges::find_first_of(weights, hello.weights()) == weights.end())
    return "other weights";
  return "";
}

Admission admit(const NetworkDescription &network, std::size_t node,
                std::span<const std::string> weights, const proto::Hello &hello) {
  if (std::string refusal = check(network, weights, hello); !refusal.empty())
    return {0, refusal};
  for (std::size_t k = 0; k < network.hyperconnections.size(); ++k) {
    const HyperconnectionDescription &connection = network.hyperconnections[k];
    if (connection.name == hello.hyperconnection() && connection.to == node &&
        network.nodes[connection.from].name == hello.node())
      return {k, ""};
  }
  return {0, "no such hyperconnection to this node"};
}

Admission admit_beats(const NetworkDescription &network, std::size_t node,
                      std::span<const std::string> weights, const proto::Hello &hello) {
  if (std::string refusal = check(network, weights, hello); !refusal.empty())
    return {0, refusal};
  for (const HyperconnectionDescription &connection : network.hyperconnections)
    if (connection.to == node && network.nodes[connection.from].name == hello.node())
      return {connection.from, ""};
  return {0, "no hyperconnection leads from that node to this one"};
}

std::optional<Message> decode(const proto::Activation &activation,
                              const HyperconnectionDescription &connection) {
  if (activation.remaining_us() > kMaxRemaining)
    return std::nullopt;
  const auto values = view_values(activation.values(), activation.present() ? connection.width : 0);
  if (!values)
    return std::nullopt;
  return Message{activation.request(),
                 Clock::now() + std::chrono::microseconds(activation.remaining_us()),
                 activation.present(), activation.used(), *values};
}

} // namespace rnet::net
