// Element types of hyperconnections: values as they travel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decoding what was encoded gives what the kernels `round_...` give, bit for bit, and rounding that
// again changes nothing: a node computes the same from a tensor that travelled as the evaluator
// from one that did not. Pure functions; an Encoding is immutable.
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/rows.h"
#include "rnet/core/weights_file.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace rnet {

/// The nearest bf16, ties to even: within 2^-8 of x, relatively, where that is a normal number.
/// Beyond the largest it is infinite; a NaN stays a NaN.
inline std::uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  const std::uint32_t quiet = bits >> 16 | 0x40;
  return static_cast<std::uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? quiet : nearest);
}
inline float from_bf16(std::uint16_t x) { return std::bit_cast<float>(std::uint32_t(x) << 16); }

/// The nearest multiple of the scale, ties to even: within half a scale of x. From -127 to 127,
/// beyond which it saturates; of a NaN 0.
inline std::int8_t to_int8(float x, float scale) {
  constexpr float most = 127, whole = 0x1.8p23f; // f32 beside it has no fractions
  float multiple = x / scale;
  multiple = multiple == multiple ? multiple : 0;
  multiple = multiple < most ? multiple : most;
  multiple = multiple > -most ? multiple : -most;
  return static_cast<std::int8_t>((multiple + whole) - whole);
}
inline float from_int8(std::int8_t x, float scale) { return static_cast<float>(x) * scale; }

/// Of int8: what one step is worth, measured on the training rows.
class Scale {
public:
  /// Steps below this would be lost among denormal numbers.
  static constexpr float kLeast = 1e-30f;

  /// The scale that reaches values of this magnitude.
  static float reaching(float largest) { return largest > 0 ? std::max(largest / 127, kLeast) : 1; }
  /// The name of its tensor, like which no other is named: of a hyperconnection, or of what the
  /// layer of this path takes.
  static std::string name(std::string_view path) { return std::string(path) + ".scale"; }
  static bool is_name(std::string_view tensor) { return tensor.ends_with(".scale"); }

  Status load(const WeightsFile &weights, std::string_view name) {
    if (!weights.find(name))
      return Status::error("weights file '" + weights.path() + "' has no '" + std::string(name) +
                           "', the scale of a hyperconnection or layer of int8; NET-train "
                           "--init-layers --init '" +
                           weights.path() + "' --epochs 0 measures it");
    if (Status status = weights.read(name, {1}, value_); !status.ok())
      return status;
    if (!(value_[0] >= kLeast) || !std::isfinite(value_[0]))
      return Status::error("weights file '" + weights.path() + "' has the scale '" +
                           std::string(name) + "' of " + std::to_string(value_[0]) +
                           ", expected a positive, finite number");
    return {};
  }
  operator float() const { return value_[0]; }

private:
  std::array<float, 1> value_{1};
};

//===-- Kernels -------------------------------------------------------------------------------===//

/// y = x as it is after it has travelled.
template <std::size_t Width>
void round_bf16(Presence present, Rows<Width, const float> x, Rows<Width, float> y) {
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      for (std::size_t k = 0; k < Width; ++k)
        y.row(row)[k] = from_bf16(to_bf16(x.row(row)[k]));
}
template <std::size_t Width>
void round_int8(Presence present, Rows<Width, const float> x, const Scale &scale,
                Rows<Width, float> y) {
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      for (std::size_t k = 0; k < Width; ++k)
        y.row(row)[k] = from_int8(to_int8(x.row(row)[k], scale), scale);
}

//===-- Tensors in bytes ----------------------------------------------------------------------===//

/// How a hyperconnection's tensor is written down: its elements in turn, in little endian.
class Encoding {
public:
  /// Without a scale: of f32 and bf16.
  explicit Encoding(const HyperconnectionDescription &connection, float scale = 1)
      : element_(connection.element), width_(connection.width), scale_(scale) {}
  /// With the scale that the weights have.
  static Expected<Encoding> load(const HyperconnectionDescription &connection,
                                 const WeightsFile &weights) {
    Scale scale;
    if (connection.element == Element::int8)
      if (Status status = scale.load(weights, Scale::name(connection.name)); !status.ok())
        return status;
    return Encoding(connection, scale);
  }

  Element element() const { return element_; }
  std::size_t width() const { return width_; }
  std::size_t bytes() const {
    return width_ * (element_ == Element::f32 ? 4 : element_ == Element::bf16 ? 2 : 1);
  }

  /// From `width` values to as many bytes as there are.
  void encode(const float *values, char *to) const {
    if (element_ == Element::f32)
      return void(std::memcpy(to, values, bytes()));
    for (std::size_t k = 0; k < width_; ++k)
      if (element_ == Element::bf16)
        store(to + 2 * k, to_bf16(values[k]));
      else
        store(to + k, to_int8(values[k], scale_));
  }
  /// Any bytes are the encoding of something.
  void decode(const char *from, float *values) const {
    if (element_ == Element::f32)
      return void(std::memcpy(values, from, bytes()));
    for (std::size_t k = 0; k < width_; ++k)
      values[k] = element_ == Element::bf16 ? from_bf16(fetch<std::uint16_t>(from + 2 * k))
                                            : from_int8(fetch<std::int8_t>(from + k), scale_);
  }

private:
  template <class T> static void store(char *to, T value) { std::memcpy(to, &value, sizeof value); }
  template <class T> static T fetch(const char *from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }

  Element element_;
  std::size_t width_;
  float scale_;
};

/// Those of all hyperconnections that a node receives or sends, by their index; f32 of the others.
inline Expected<std::vector<Encoding>>
load_encodings(const NetworkDescription &network, std::size_t node, const WeightsFile &weights) {
  std::vector<Encoding> encodings;
  for (const HyperconnectionDescription &connection : network.hyperconnections) {
    if (connection.from != node && connection.to != node) {
      encodings.emplace_back(connection);
      continue;
    }
    auto encoding = Encoding::load(connection, weights);
    if (!encoding.ok())
      return encoding.status();
    encodings.push_back(*encoding);
  }
  return encodings;
}

} // namespace rnet
