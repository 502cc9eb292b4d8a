// Checks of what comes over the wire. Pure, so that a fuzzer can have them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "node.pb.h"

#include "rnet/core/element.h"
#include "rnet/net/engine.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rnet::net {

/// Bytes of the largest message that makes sense to a node: all inputs of the network that it
/// holds, or a tensor along a hyperconnection, and what is around them.
std::size_t largest_message(const NetworkDescription &network, std::size_t node);
/// The longest that a request may take.
inline constexpr std::uint32_t kMaxRemaining = 600'000'000; // us
/// What is left until a deadline, as messages say it.
std::uint32_t remaining_us(Time deadline);

/// The elements in bytes of a message, where they stand: f32, little endian; nothing unless there
/// are exactly so many.
std::optional<std::span<const float>> view_values(const std::string &bytes, std::size_t width);
/// The other way about.
std::string_view bytes_of(std::span<const float> values);
/// A tensor as it travels along a hyperconnection; of an absent one nothing.
std::string encode(std::span<const float> values, const Encoding &encoding);

/// The index of the hyperconnection that a stream to `node` may carry, or why it is refused.
struct Admission {
  std::size_t hyperconnection = 0;
  std::string refusal;
};
/// `weights`: the hashes of those that the node holds; the sender must hold one of them.
Admission admit(const NetworkDescription &network, std::size_t node,
                std::span<const std::string> weights, const proto::Hello &hello);
/// Likewise for heartbeats: the index of the sending node.
Admission admit_beats(const NetworkDescription &network, std::size_t node,
                      std::span<const std::string> weights, const proto::Hello &hello);

/// A view of an activation as the engine takes it; nothing where it does not fit the
/// hyperconnection. There must be `room` for the values of a present one.
std::optional<Message> decode(const proto::Activation &activation, const Encoding &encoding,
                              std::span<float> room);

} // namespace rnet::net
