// Convolutions for inference, and dense layers on the channels of each pixel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bits: an output is fma over ascending (ky, kx, channel) of the weight (in f32, or the nearest
// bf16 of it) and the element under it, starting from the bias. Taps outside the image are left
// out. Batch size, tiling and register width do not change them. Threads: immutable after load.
#pragma once

#include "rnet/core/activation.h"
#include "rnet/core/linear.h"
#include "rnet/core/packing.h"
#include "rnet/core/rows.h"
#include "rnet/core/window.h"

namespace rnet {

namespace detail {

/// Vectors of accumulators that leave registers for weights and elements.
#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr std::size_t kAccumulators = 24;
#else
inline constexpr std::size_t kAccumulators = 12;
#endif

/// Vectors of output channels that a tile computes at once: three where they divide by three, which
/// measured best, four where they divide by four, else what leaves the fullest last panel. An even
/// number where they lie together.
template <class Packing> constexpr std::size_t panel_vectors(std::size_t outputs) {
  const std::size_t vectors = packed_outputs<Packing>(outputs) / kLanes;
  if (vectors <= 4 || Packing::kTogether != 1)
    return std::min<std::size_t>(vectors, 4);
  return vectors % 3 == 0 || (vectors % 4 != 0 && vectors % 3 == 2) ? 3 : 4;
}

} // namespace detail

/// Weights [out][in][height][width] packed as [panel][bias, then taps (ky, kx, channel)][channels
/// of the panel]; the last panel may be narrower.
template <class Packing, Image In, Window W, std::size_t Out> class PackedConv {
public:
  static constexpr Image kOutput = slide(In, W, Out);
  static constexpr std::size_t kTaps = W.taps() * In.channels;
  static constexpr std::size_t kPanel = detail::panel_vectors<Packing>(Out) * kLanes;
  static constexpr std::size_t kFullPanels = Out / kPanel, kRest = Out % kPanel;

  /// By names: a weight, then, where there are any, a bias and a batch normalisation.
  template <class... Names>
  Status load(const WeightsFile &weights, std::string_view weight, Names... names) {
    return load_as(weights, weight, {Out, In.channels, W.height, W.width}, names...);
  }

  const float *panel(std::size_t index) const {
    return packed_.data() + index * panel_size(kPanel);
  }

protected:
  template <class... Names>
  Status load_as(const WeightsFile &weights, std::string_view weight, LinearTensors::Shape shape,
                 Names... names) {
    LinearTensors tensors;
    if (Status status = tensors.read(weights, weight, shape, names...); !status.ok())
      return status;
    constexpr std::size_t rest = packed_outputs<Packing>(kRest);
    if (Status status =
            packed_.allocate(kFullPanels * panel_size(kPanel) + panel_size(rest), weight);
        !status.ok())
      return status;
    for (std::size_t o = 0; o < Out; ++o) {
      const std::size_t width = o / kPanel < kFullPanels ? kPanel : rest;
      float *const panel = packed_.data() + o / kPanel * panel_size(kPanel);
      panel[o % kPanel] = tensors.bias[o];
      for (std::size_t tap = 0; tap < W.taps(); ++tap)
        for (std::size_t c = 0; c < In.channels; ++c)
          Packing::put(panel + width + (tap * In.channels + c) * (width / Packing::kTogether),
                       o % kPanel, tensors.weight[(o * In.channels + c) * W.taps() + tap]);
    }
    return {};
  }

private:
  static constexpr std::size_t panel_size(std::size_t width) {
    return width + kTaps * (width / Packing::kTogether);
  }

  PackedWeights packed_;
};

/// A dense layer on the channels of each pixel, weights [out][in]: a convolution of single pixels.
template <class Packing, Image In, std::size_t Out>
class PackedPixelDense : public PackedConv<Packing, In, Window{1, 1, 1, 1, 0, 0, 0, 0}, Out> {
public:
  template <class... Names>
  Status load(const WeightsFile &weights, std::string_view weight, Names... names) {
    return this->load_as(weights, weight, {Out, In.channels}, names...);
  }
};

template <Image In, Window W, std::size_t Out> using Conv = PackedConv<PackF32, In, W, Out>;
template <Image In, Window W, std::size_t Out> using ConvBf16 = PackedConv<PackBf16, In, W, Out>;
template <Image In, std::size_t Out> using PixelDense = PackedPixelDense<PackF32, In, Out>;
template <Image In, std::size_t Out> using PixelDenseBf16 = PackedPixelDense<PackBf16, In, Out>;

namespace detail {

/// `Pixels` outputs of `Columns` channels each, in registers. Inputs of neighbours are XStep apart,
/// outputs YStep. Of the window `rows` rows of `elements` elements count, XRow apart in the image
/// and WRow in the weights. Never inlined: what registers hold must not depend on the caller.
template <class Packing, class Activation, std::size_t Pixels, std::size_t Columns,
          std::size_t XStep, std::size_t YStep, std::size_t XRow, std::size_t WRow>
[[gnu::noinline]] void conv_tile(const float *bias, const float *weights, const float *x, float *y,
                                 std::size_t rows, std::size_t elements) {
  constexpr std::size_t kTogether = Packing::kTogether;
  constexpr std::size_t kVectors = packed_outputs<Packing>(Columns) / kLanes,
                        kStep = kVectors / kTogether * kLanes;
  Lanes sum[Pixels][kVectors];
  for (std::size_t p = 0; p < Pixels; ++p)
    for (std::size_t v = 0; v < kVectors; ++v)
      sum[p][v] = load(bias + v * kLanes);
  // Where registers allow, neighbouring elements of a pixel one after the other: loads of one line
  // of the cache do not wait for each other, as loads of two pixels do (2.6 times the speed for one
  // vector of channels).
  constexpr std::size_t kSteps = kVectors == 1 || kVectors * 12 <= kAccumulators ? 2 : 1;
  const auto steps = [&]<std::size_t Count>(std::integral_constant<std::size_t, Count>,
                                            const float *from, const float *w) {
    Lanes weight[Count][kVectors];
    for (std::size_t k = 0; k < Count; ++k)
      for (std::size_t v = 0; v < kVectors / kTogether; ++v)
        Packing::take(w + k * kStep + v * kLanes, &weight[k][v * kTogether]);
    for (std::size_t p = 0; p < Pixels; ++p)
      for (std::size_t k = 0; k < Count; ++k) {
        const Lanes element = splat(from[p * XStep + k]);
        for (std::size_t v = 0; v < kVectors; ++v)
          sum[p][v] = fma(weight[k][v], element, sum[p][v]);
      }
  };
  for (std::size_t row = 0; row < rows; ++row, x += XRow, weights += WRow) {
    std::size_t k = 0;
    for (; k + kSteps <= elements; k += kSteps)
      steps(std::integral_constant<std::size_t, kSteps>(), x + k, weights + k * kStep);
    if (k < elements)
      steps(std::integral_constant<std::size_t, 1>(), x + k, weights + k * kStep);
  }
  for (std::size_t p = 0; p < Pixels; ++p)
    for (std::size_t v = 0; v < lanes_for(Columns); ++v)
      store(y + p * YStep + v * kLanes, Activation::apply(sum[p][v]),
            std::min(kLanes, Columns - v * kLanes));
}

/// One panel of one image.
template <class Packing, class Activation, std::size_t Columns, Image In, Window W, std::size_t Out>
struct ConvPanel {
  static constexpr Image kOut = slide(In, W, Out);
  static constexpr Range kRows = interior(kOut.height, W.stride_y, W.top, W.height, In.height);
  static constexpr Range kColumns = interior(kOut.width, W.stride_x, W.left, W.width, In.width);
  /// Windows one pixel wide, all inside: the image is one long row.
  static constexpr bool kOneRow = kRows.size() == kOut.height && kColumns.size() == kOut.width &&
                                  W.stride_y == 1 && kOut.width == In.width;
  static constexpr std::size_t kWidth = packed_outputs<Packing>(Columns);
  static constexpr std::size_t kMost = std::min<std::size_t>(12, kAccumulators / (kWidth / kLanes));
  static constexpr std::size_t kXRow = In.width * In.channels, kYRow = kOut.width * Out;

  const float *panel, *x;
  float *y;

  void run() const {
    if constexpr (kOneRow) {
      for_tiles<kOut.pixels(), kMost>(
          [&](std::size_t place, auto size) { tile<size(), false>(0, place); });
      return;
    }
    for (std::size_t oy = 0; oy < kOut.height; ++oy)
      for_tiles<kColumns.size(), kMost>(
          [&](std::size_t place, auto size) { tile<size(), false>(oy, kColumns.begin + place); });
    for (std::size_t ox = 0; ox < kColumns.begin; ++ox)
      edge(ox);
    for (std::size_t ox = kColumns.end; ox < kOut.width; ++ox)
      edge(ox);
  }

private:
  /// A column of outputs whose windows reach over the left or right border.
  void edge(std::size_t ox) const {
    for (std::size_t oy = 0; oy < kRows.begin; ++oy)
      tile<1, true>(oy, ox);
    for_tiles<kRows.size(), kMost>(
        [&](std::size_t place, auto size) { tile<size(), true>(kRows.begin + place, ox); });
    for (std::size_t oy = kRows.end; oy < kOut.height; ++oy)
      tile<1, true>(oy, ox);
  }

  /// The outputs at (oy, ox) and after it, to the right or down: all of them over the same taps.
  template <std::size_t Pixels, bool Down> void tile(std::size_t oy, std::size_t ox) const {
    constexpr std::size_t xstep = Down ? W.stride_y * kXRow : W.stride_x * In.channels;
    constexpr std::size_t ystep = Down ? kYRow : Out;
    constexpr std::size_t step = kWidth / Packing::kTogether, wrow = W.width * In.channels * step;
    const Range ky = kOneRow ? Range{0, W.height} : inside_y(In, W, oy);
    const Range kx = kOneRow ? Range{0, W.width} : inside_x(In, W, ox);
    const bool any = ky.size() != 0 && kx.size() != 0;
    const float *const from = any ? x + under(oy, W.stride_y, W.top, ky.begin) * kXRow +
                                        under(ox, W.stride_x, W.left, kx.begin) * In.channels
                                  : x;
    conv_tile<Packing, Activation, Pixels, Columns, xstep, ystep, kXRow, wrow>(
        panel, panel + kWidth + (ky.begin * W.width + kx.begin) * In.channels * step, from,
        y + oy * kYRow + ox * Out, any ? ky.size() : 0, kx.size() * In.channels);
  }
};

} // namespace detail

/// y = Activation(W * x + b).
template <class Activation = Identity, class Packing, Image In, Window W, std::size_t Out, class X>
void conv(Presence present, Rows<In.elements(), X> x,
          const PackedConv<Packing, In, W, Out> &weights,
          Rows<slide(In, W, Out).elements(), float> y) {
  using C = PackedConv<Packing, In, W, Out>;
  // Small images share a panel of weights while it is in the cache.
  constexpr std::size_t kImages = C::kOutput.pixels() <= 64 ? 8 : 1;
  const float *from[kImages] = {};
  float *to[kImages] = {};
  for (std::size_t row = 0; row < present.count;) {
    std::size_t images = 0;
    for (; row < present.count && images < kImages; ++row)
      if (present[row]) {
        from[images] = x.row(row);
        to[images++] = y.row(row);
      }
    for (std::size_t p = 0; p < C::kFullPanels; ++p)
      for (std::size_t k = 0; k < images; ++k)
        detail::ConvPanel<Packing, Activation, C::kPanel, In, W, Out>{weights.panel(p), from[k],
                                                                      to[k] + p * C::kPanel}
            .run();
    if constexpr (C::kRest != 0)
      for (std::size_t k = 0; k < images; ++k)
        detail::ConvPanel<Packing, Activation, C::kRest, In, W, Out>{
            weights.panel(C::kFullPanels), from[k], to[k] + C::kFullPanels * C::kPanel}
            .run();
  }
}

} // namespace rnet
