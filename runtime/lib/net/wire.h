// Checks of what comes over the wire. Pure, so that a fuzzer can have them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "node.pb.h"

#include "rnet/net/engine.h"

#include <string>

namespace rnet::net {

/// The largest message that is taken at all.
inline constexpr int kMaxMessageBytes = 64 << 20;
/// The longest that a request may take.
inline constexpr std::uint32_t kMaxRemaining = 600'000'000; // us

/// f32, little endian, of exactly this many finite or infinite elements.
bool decode_values(const std::string &bytes, std::size_t width, std::vector<float> &values);
std::string encode_values(const std::vector<float> &values);

/// The index of the hyperconnection that a stream to `node` may carry, or why it is refused.
struct Admission {
  std::size_t hyperconnection = 0;
  std::string refusal;
};
Admission admit(const NetworkDescription &network, std::size_t node, const std::string &weights,
                const proto::Hello &hello);
/// Likewise for heartbeats: the index of the sending node.
Admission admit_beats(const NetworkDescription &network, std::size_t node,
                      const std::string &weights, const proto::Hello &hello);

/// An activation as the engine takes it; nothing where it does not fit the hyperconnection.
std::optional<Message> decode(const proto::Activation &activation,
                              const HyperconnectionDescription &connection);

} // namespace rnet::net
