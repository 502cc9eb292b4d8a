// Checks of what comes over the wire.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wire.h"

#include <bit>
#include <cstring>

namespace rnet::net {

static_assert(std::endian::native == std::endian::little, "values travel in little endian");

bool decode_values(const std::string &bytes, std::size_t width, std::vector<float> &values) {
  if (bytes.size() != width * sizeof(float))
    return false;
  values.resize(width);
  if (width > 0) // memcpy takes no null
    std::memcpy(values.data(), bytes.data(), bytes.size());
  return true;
}

std::string encode_values(const std::vector<float> &values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float)};
}

static std::string check(const NetworkDescription &network, const std::string &weights,
                         const proto::Hello &hello) {
  if (hello.topology() != network.topology_fingerprint)
    return "another network, topology or scheme";
  if (hello.weights() != weights)
    return "other weights";
  return "";
}

Admission admit(const NetworkDescription &network, std::size_t node, const std::string &weights,
                const proto::Hello &hello) {
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
                      const std::string &weights, const proto::Hello &hello) {
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
  Message message{activation.request(),
                  Clock::now() + std::chrono::microseconds(activation.remaining_us()),
                  activation.present(),
                  activation.used(),
                  {}};
  if (activation.present() ? !decode_values(activation.values(), connection.width, message.values)
                           : !activation.values().empty())
    return std::nullopt;
  return message;
}

} // namespace rnet::net
