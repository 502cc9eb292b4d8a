// Depthwise convolutions for inference: each channel has a window of its own.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bits: an output is fma over ascending (ky, kx) of the weight and the element under it, starting
// from the bias. Taps outside the image are left out. Threads: immutable after load.
#pragma once

#include "rnet/core/activation.h"
#include "rnet/core/linear.h"
#include "rnet/core/rows.h"
#include "rnet/core/window.h"

namespace rnet {

/// Weights [channels][1][height][width] packed as [vector of channels][bias, then taps][kLanes].
template <Image In, Window W> class DepthwiseConv {
public:
  /// By names: a weight, then, where there are any, a bias and a batch normalisation.
  template <class... Names>
  Status load(const WeightsFile &weights, std::string_view weight, Names... names) {
    LinearTensors tensors;
    if (Status status =
            tensors.read(weights, weight, {In.channels, 1, W.height, W.width}, names...);
        !status.ok())
      return status;
    if (Status status = packed_.allocate(lanes_for(In.channels) * kLanes * (W.taps() + 1), weight);
        !status.ok())
      return status;
    for (std::size_t c = 0; c < In.channels; ++c) {
      float *const to = packed_.data() + c / kLanes * kLanes * (W.taps() + 1) + c % kLanes;
      to[0] = tensors.bias[c];
      for (std::size_t tap = 0; tap < W.taps(); ++tap)
        to[(1 + tap) * kLanes] = tensors.weight[c * W.taps() + tap];
    }
    return {};
  }

  /// Of the channels from `channel`, a multiple of kLanes, on.
  const float *vector(std::size_t channel) const {
    return packed_.data() + channel * (W.taps() + 1);
  }

private:
  PackedWeights packed_;
};

namespace detail {

/// `Count` channels of `Pixels` outputs beside each other, over the taps of `ky` and `kx`. `x` is
/// the element under the first of them.
template <class Activation, Image In, Window W, std::size_t Pixels, std::size_t Count>
inline void depthwise_tile(const float *weights, const float *x, float *y, Range ky, Range kx) {
  Lanes sum[Pixels];
  for (std::size_t p = 0; p < Pixels; ++p)
    sum[p] = load(weights);
  weights += kLanes;
  for (std::size_t j = ky.begin; j < ky.end; ++j)
    for (std::size_t i = kx.begin; i < kx.end; ++i) {
      const Lanes weight = load(weights + (j * W.width + i) * kLanes);
      const float *const from = x + ((j - ky.begin) * In.width + (i - kx.begin)) * In.channels;
      for (std::size_t p = 0; p < Pixels; ++p)
        sum[p] = fma(weight, load(from + p * W.stride_x * In.channels, Count), sum[p]);
    }
  for (std::size_t p = 0; p < Pixels; ++p)
    store(y + p * In.channels, Activation::apply(sum[p]), Count);
}

/// One row of outputs of `Count` channels; `x` and `y` point to the first of these channels.
template <class Activation, Image In, Window W, std::size_t Count>
inline void depthwise_row(const float *weights, const float *x, float *y, std::size_t oy) {
  static constexpr Image out = slide(In, W, In.channels);
  static constexpr Range columns = interior(out.width, W.stride_x, W.left, W.width, In.width);
  const Range all_y{0, W.height}, all_x{0, W.width};
  const Range ky = inside_y(In, W, oy);
  const auto at = [&](std::size_t ox, Range kx) {
    return ky.size() == 0 || kx.size() == 0
               ? x
               : x + (under(oy, W.stride_y, W.top, ky.begin) * In.width +
                      under(ox, W.stride_x, W.left, kx.begin)) *
                         In.channels;
  };
  const auto edge = [&](std::size_t begin, std::size_t end) {
    for (std::size_t ox = begin; ox < end; ++ox) {
      const Range kx = inside_x(In, W, ox);
      depthwise_tile<Activation, In, W, 1, Count>(weights, at(ox, kx), y + ox * In.channels, ky,
                                                  kx);
    }
  };
  edge(0, columns.begin);
  for_tiles<columns.size(), 4>([&](std::size_t place, auto size) {
    const std::size_t ox = columns.begin + place;
    float *const to = y + ox * In.channels;
    // Where all rows count their number is known, and the weights stay in registers.
    if (ky.size() == W.height)
      depthwise_tile<Activation, In, W, size(), Count>(weights, at(ox, all_x), to, all_y, all_x);
    else
      depthwise_tile<Activation, In, W, size(), Count>(weights, at(ox, all_x), to, ky, all_x);
  });
  edge(columns.end, out.width);
}

} // namespace detail

/// y = Activation(W * x + b), channel by channel.
template <class Activation = Identity, Image In, Window W, class X>
void depthwise_conv(Presence present, Rows<In.elements(), X> x, const DepthwiseConv<In, W> &weights,
                    Rows<slide(In, W, In.channels).elements(), float> y) {
  static constexpr Image out = slide(In, W, In.channels);
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      for (std::size_t oy = 0; oy < out.height; ++oy)
        for_lanes<In.channels>([&](std::size_t c, auto count) {
          detail::depthwise_row<Activation, In, W, count()>(
              weights.vector(c), x.row(row) + c, y.row(row) + oy * out.width * In.channels + c, oy);
        });
}

} // namespace rnet
