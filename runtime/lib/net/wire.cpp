// Checks of what comes over the wire.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wire.h"

#include <algorithm>
#include <bit>

namespace rnet::net {

static_assert(std::endian::native == std::endian::little, "values travel in little endian");

std::size_t largest_message(const NetworkDescription &network, std::size_t node) {
  std::size_t given = 0, sent = 0; // bytes
  for (const Source &source : network.nodes[node].inputs)
    if (source.kind == Source::Kind::network_input)
      given += network.inputs[source.index].width * sizeof(float);
    else
      sent = std::max(sent, Encoding(network.hyperconnections[source.index]).bytes());
  return std::max(given, sent) + (64 << 10);
}

std::uint32_t remaining_us(Time deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::microseconds>(deadline - Clock::now()).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, kMaxRemaining));
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

std::string encode(std::span<const float> values, const Encoding &encoding) {
  if (encoding.element() == Element::f32 || values.empty())
    return std::string(bytes_of(values));
  std::string bytes(encoding.bytes(), '\0');
  encoding.encode(values.data(), bytes.data());
  return bytes;
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

std::optional<Message> decode(const proto::Activation &activation, const Encoding &encoding,
                              std::span<float> room) {
  const std::string &bytes = activation.values();
  if (activation.remaining_us() > kMaxRemaining ||
      bytes.size() != (activation.present() ? encoding.bytes() : 0))
    return std::nullopt;
  std::span<const float> values;
  if (activation.present() && encoding.element() == Element::f32) {
    values = *view_values(bytes, encoding.width());
  } else if (activation.present()) {
    encoding.decode(bytes.data(), room.data());
    values = room;
  }
  return Message{activation.request(),
                 Clock::now() + std::chrono::microseconds(activation.remaining_us()),
                 activation.present(), activation.used(), values};
}

} // namespace rnet::net
