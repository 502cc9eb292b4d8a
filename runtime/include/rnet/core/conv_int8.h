// Convolutions for inference with weights of int8, and dense layers on the channels of each pixel;
// see int8.h for what that means. Zeros around an image are its zeros: they change no sum.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/conv.h"
#include "rnet/core/int8.h"

namespace rnet {

/// Weights [out][in][height][width], and the scale of the input. Channels go in whole words.
template <Image In, Window W, std::size_t Out> class ConvInt8 {
public:
  static constexpr std::size_t kChannels = words_for(In.channels) * kInWord;

  /// By names: the scale of the input, a weight, then, where there are any, a bias and a batch
  /// normalisation.
  template <class... Names>
  Status load(const WeightsFile &weights, std::string_view scale, std::string_view weight,
              Names... names) {
    return load_as(weights, scale, weight, {Out, In.channels, W.height, W.width}, names...);
  }

  float scale() const { return scale_; }
  const auto &panels() const { return panels_; }

protected:
  template <class... Names>
  Status load_as(const WeightsFile &weights, std::string_view scale, std::string_view weight,
                 LinearTensors::Shape shape, Names... names) {
    if (Status status = scale_.load(weights, scale); !status.ok())
      return status;
    LinearTensors tensors;
    if (Status status = tensors.read(weights, weight, shape, names...); !status.ok())
      return status;
    return panels_.pack(tensors, scale_, weight, [](std::size_t k) {
      return k % W.taps() * kChannels + k / W.taps(); // [channel][tap] to [tap][channel]
    });
  }

private:
  Scale scale_;
  Int8Panels<Out, W.taps() * kChannels / kInWord, detail::panel_vectors<PackF32>(Out)> panels_;
};

template <Image In, std::size_t Out>
class PixelDenseInt8 : public ConvInt8<In, Window{1, 1, 1, 1, 0, 0, 0, 0}, Out> {
public:
  template <class... Names>
  Status load(const WeightsFile &weights, std::string_view scale, std::string_view weight,
              Names... names) {
    return this->load_as(weights, scale, weight, {Out, In.channels}, names...);
  }
};

namespace detail {

/// Outputs beside each other, and the whole numbers under their windows, zeros included.
template <Image In, Window W, std::size_t Outputs> class Int8Strip {
public:
  static constexpr std::size_t kChannels = words_for(In.channels) * kInWord;
  static constexpr std::size_t kColumns = (Outputs - 1) * W.stride_x + W.width;
  static constexpr std::size_t kRow = kColumns * kChannels;

  Int8Strip(const float *x, float scale, std::size_t oy, std::size_t ox) {
    // The columns of the strip that are in the image.
    const std::size_t start = ox * W.stride_x, behind = In.width + W.left;
    const std::size_t begin = std::min(kColumns, W.left > start ? W.left - start : 0);
    const std::size_t end =
        std::max(begin, std::min(kColumns, behind > start ? behind - start : 0));
    for (std::size_t j = 0; j < W.height; ++j) {
      std::uint8_t *const to = bytes_ + j * kRow;
      const std::size_t y = oy * W.stride_y + j; // counted from the first zero
      const bool inside = y >= W.top && y < W.top + In.height && begin < end;
      if (!inside) {
        std::fill_n(to, kRow, kZero);
        continue;
      }
      std::fill(to, to + begin * kChannels, kZero);
      fill(x + ((y - W.top) * In.width + start + begin - W.left) * In.channels, end - begin, scale,
           to + begin * kChannels);
      std::fill(to + end * kChannels, to + kRow, kZero);
    }
  }
  const std::uint8_t *column(std::size_t output) const {
    return bytes_ + output * W.stride_x * kChannels;
  }

private:
  static void fill(const float *x, std::size_t pixels, float scale, std::uint8_t *to) {
    if constexpr (kChannels == In.channels) {
      quantize(x, pixels * kChannels, scale, to);
    } else {
      for (std::size_t p = 0; p < pixels; ++p) {
        quantize(x + p * In.channels, In.channels, scale, to + p * kChannels);
        std::fill(to + p * kChannels + In.channels, to + (p + 1) * kChannels, kZero);
      }
    }
  }

  alignas(64) std::uint8_t bytes_[W.height * kRow];
};

/// Of an image or, where windows are single pixels, of the long row of its pixels.
template <class Activation, Image In, Window W, std::size_t Out, class Panels>
void conv_int8_image(const float *x, float scale, const Panels &panels, float *y) {
  static constexpr Image out = slide(In, W, Out);
  constexpr std::size_t kChannels = words_for(In.channels) * kInWord;
  constexpr std::size_t kMost =
      std::min<std::size_t>(12, kAccumulators / (Panels::kPanel / kLanes));
  // A strip stays in the first cache beside a panel.
  constexpr std::size_t kStrip =
      std::clamp<std::size_t>(16384 / (W.height * W.stride_x * kChannels), kMost, 64);
  for (std::size_t oy = 0; oy < out.height; ++oy)
    for_tiles<out.width, kStrip>([&](std::size_t ox, auto outputs) {
      using Strip = Int8Strip<In, W, outputs()>;
      const Strip strip(x, scale, oy, ox);
      panels.for_panels([&](std::size_t first, const float *panel, auto columns) {
        for_tiles<outputs(), kMost>([&](std::size_t place, auto pixels) {
          int8_tile<Activation, pixels(), columns(), W.stride_x * kChannels, Out, Strip::kRow,
                    W.height, W.width * kChannels / kInWord>(
              panel, strip.column(place), y + (oy * out.width + ox + place) * Out + first);
        });
      });
    });
}

} // namespace detail

/// y = Activation(W * x + b).
template <class Activation = Identity, Image In, Window W, std::size_t Out, class X>
void conv(Presence present, Rows<In.elements(), X> x, const ConvInt8<In, W, Out> &weights,
          Rows<slide(In, W, Out).elements(), float> y) {
  constexpr bool kPixels = W.taps() == 1 && W.stride_y == 1 && W.stride_x == 1 &&
                           W.top + W.bottom + W.left + W.right == 0;
  static constexpr Image in = kPixels ? Image{1, In.pixels(), In.channels} : In;
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      detail::conv_int8_image<Activation, in, W, Out>(x.row(row), weights.scale(), weights.panels(),
                                                      y.row(row));
}

} // namespace rnet
