// Inference kernels on one thread, in multiply-adds counted twice: compare with `Peak`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/inference.h"

#include "kernels.h"

using namespace rnet;

namespace {

/// Independent multiply-adds in registers: what the core can do.
void Peak(benchmark::State &state) {
  constexpr std::size_t kChains = kLanes == 16 ? 24 : 12, kSteps = 1000;
  Lanes sum[kChains] = {};
  Lanes factor = splat(0.999f);
  for (auto _ : state) {
    for (std::size_t step = 0; step < kSteps; ++step)
#pragma GCC unroll 24
      for (std::size_t k = 0; k < kChains; ++k)
        sum[k] = fma(sum[k], factor, factor);
    benchmark::DoNotOptimize(sum);
  }
  bench::count_flops(state, 2.0 * kChains * kSteps * kLanes);
}
BENCHMARK(Peak);

template <Image In, Window W, std::size_t Out, class Activation>
void conv_speed(benchmark::State &state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  constexpr Image out = slide(In, W, Out);
  bench::Weights file({{"w", {Out, In.channels, W.height, W.width}}, {"b", {Out}}});
  Conv<In, W, Out> weights;
  file.load(weights, "w", "b");
  bench::Batch<In.elements()> x(rows);
  bench::Batch<out.elements()> y(rows);
  for (auto _ : state)
    conv<Activation>(x.present(), x.rows(), weights, y.rows());
  bench::count_flops(state,
                     2.0 * static_cast<double>(rows * out.elements() * In.channels * W.taps()));
}

template <Image In, Window W> void depthwise_speed(benchmark::State &state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  constexpr Image out = slide(In, W, In.channels);
  bench::Weights file({{"w", {In.channels, 1, W.height, W.width}}, {"b", {In.channels}}});
  DepthwiseConv<In, W> weights;
  file.load(weights, "w", "b");
  bench::Batch<In.elements()> x(rows);
  bench::Batch<out.elements()> y(rows);
  for (auto _ : state)
    depthwise_conv<Relu6>(x.present(), x.rows(), weights, y.rows());
  bench::count_flops(state, 2.0 * static_cast<double>(rows * out.elements() * W.taps()));
}

constexpr Window kPixel{1, 1, 1, 1, 0, 0, 0, 0}, kThree{3, 3, 1, 1, 1, 1, 1, 1},
    kHalf{3, 3, 2, 2, 0, 1, 0, 1};

void Pointwise32x32x96To96(benchmark::State &state) {
  conv_speed<Image{32, 32, 96}, kPixel, 96, Relu6>(state);
}
void Pointwise16x16x192To192(benchmark::State &state) {
  conv_speed<Image{16, 16, 192}, kPixel, 192, Relu6>(state);
}
void Pointwise8x8x384To384(benchmark::State &state) {
  conv_speed<Image{8, 8, 384}, kPixel, 384, Relu6>(state);
}
void Pointwise4x4x768To768(benchmark::State &state) {
  conv_speed<Image{4, 4, 768}, kPixel, 768, Relu6>(state);
}
void Pointwise8x8x64To64(benchmark::State &state) {
  conv_speed<Image{8, 8, 64}, kPixel, 64, Relu>(state);
}
void Pointwise32x32x24To24(benchmark::State &state) {
  conv_speed<Image{32, 32, 24}, kPixel, 24, Relu>(state);
}
void First32x32x3To24(benchmark::State &state) {
  conv_speed<Image{32, 32, 3}, kThree, 24, Relu6>(state);
}
void Conv32x32x16To16(benchmark::State &state) {
  conv_speed<Image{32, 32, 16}, kThree, 16, Relu>(state);
}
void Conv8x8x64To64(benchmark::State &state) {
  conv_speed<Image{8, 8, 64}, kThree, 64, Relu>(state);
}
void Depthwise32x32x96(benchmark::State &state) {
  depthwise_speed<Image{32, 32, 96}, kThree>(state);
}
void Depthwise32x32x96Half(benchmark::State &state) {
  depthwise_speed<Image{32, 32, 96}, kHalf>(state);
}
void Depthwise8x8x384(benchmark::State &state) { depthwise_speed<Image{8, 8, 384}, kThree>(state); }

BENCHMARK(Pointwise32x32x96To96)->Arg(1);
BENCHMARK(Pointwise16x16x192To192)->Arg(1);
BENCHMARK(Pointwise8x8x384To384)->Arg(1)->Arg(8);
BENCHMARK(Pointwise4x4x768To768)->Arg(1)->Arg(8);
BENCHMARK(Pointwise8x8x64To64)->Arg(1);
BENCHMARK(Pointwise32x32x24To24)->Arg(1);
BENCHMARK(First32x32x3To24)->Arg(1);
BENCHMARK(Conv32x32x16To16)->Arg(1);
BENCHMARK(Conv8x8x64To64)->Arg(1);
BENCHMARK(Depthwise32x32x96)->Arg(1);
BENCHMARK(Depthwise32x32x96Half)->Arg(1);
BENCHMARK(Depthwise8x8x384)->Arg(1);

} // namespace
