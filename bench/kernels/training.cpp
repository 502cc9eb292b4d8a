// Training kernels in float, on one thread.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/training.h"

#include "kernels.h"

using namespace rnet;
using namespace rnet::train;

namespace {

constexpr std::size_t kRows = 16;

struct Tensor {
  explicit Tensor(std::size_t count) : value(count), gradient(count) {
    for (std::size_t k = 0; k < count; ++k)
      value[k] = bench::value(k) / 8;
  }
  Parameter<float> view() { return {nullptr, value, gradient}; }
  std::vector<float> value, gradient;
};

struct Step {
  Step() { context.training = true; }
  ThreadPool threads{1};
  StepContext context{threads, kRows, {}};
};

enum class Pass { forward, input, parameters };

template <Image In, Window W, std::size_t Out, bool Depthwise = false>
void conv_speed(benchmark::State &state, Pass pass) {
  constexpr Image out = slide(In, W, Out);
  constexpr std::size_t kDepth = Depthwise ? 1 : In.channels;
  bench::Batch<In.elements()> x(kRows), dx(kRows);
  bench::Batch<out.elements()> y(kRows);
  Tensor weight(Out * kDepth * W.taps()), bias(Out);
  Step step;
  const auto run = [&](auto forward, auto input, auto parameters) {
    for (auto _ : state)
      pass == Pass::forward ? forward() : pass == Pass::input ? input() : parameters();
  };
  const auto present = x.present();
  if constexpr (Depthwise)
    run(
        [&] {
          depthwise_conv<In, W>(step.context, present, x.rows(), weight.view(), bias.view(),
                                y.rows());
        },
        [&] {
          depthwise_conv_adjoint_input<In, W>(step.context, present, y.rows(), weight.view(),
                                              dx.rows());
        },
        [&] {
          depthwise_conv_adjoint_parameters<In, W>(step.context, present, x.rows(), y.rows(),
                                                   weight.view(), bias.view());
        });
  else
    run([&] { conv<In, W>(step.context, present, x.rows(), weight.view(), bias.view(), y.rows()); },
        [&] {
          conv_adjoint_input<In, W>(step.context, present, y.rows(), weight.view(), dx.rows());
        },
        [&] {
          conv_adjoint_parameters<In, W>(step.context, present, x.rows(), y.rows(), weight.view(),
                                         bias.view());
        });
  bench::count_flops(state, 2.0 * kRows * out.elements() * kDepth * W.taps());
}

constexpr Window kPixel{1, 1, 1, 1, 0, 0, 0, 0}, kThree{3, 3, 1, 1, 1, 1, 1, 1};

void TrainPointwise32x32x96To96(benchmark::State &state, Pass pass) {
  conv_speed<Image{32, 32, 96}, kPixel, 96>(state, pass);
}
void TrainPointwise4x4x768To768(benchmark::State &state, Pass pass) {
  conv_speed<Image{4, 4, 768}, kPixel, 768>(state, pass);
}
void TrainConv32x32x16To16(benchmark::State &state, Pass pass) {
  conv_speed<Image{32, 32, 16}, kThree, 16>(state, pass);
}
void TrainConv8x8x64To64(benchmark::State &state, Pass pass) {
  conv_speed<Image{8, 8, 64}, kThree, 64>(state, pass);
}
void TrainDepthwise32x32x96(benchmark::State &state, Pass pass) {
  conv_speed<Image{32, 32, 96}, kThree, 96, true>(state, pass);
}

#define RNET_PASSES(NAME)                                                                          \
  BENCHMARK_CAPTURE(NAME, forward, Pass::forward);                                                 \
  BENCHMARK_CAPTURE(NAME, input, Pass::input);                                                     \
  BENCHMARK_CAPTURE(NAME, parameters, Pass::parameters);
RNET_PASSES(TrainPointwise32x32x96To96)
RNET_PASSES(TrainPointwise4x4x768To768)
RNET_PASSES(TrainConv32x32x16To16)
RNET_PASSES(TrainConv8x8x64To64)
RNET_PASSES(TrainDepthwise32x32x96)

/// Forward and backward, in gigabytes of x a second.
void TrainBatchNorm32x32x96(benchmark::State &state) {
  constexpr std::size_t kChannels = 96, kWidth = 32 * 32 * kChannels;
  bench::Batch<kWidth> x(kRows), y(kRows), dx(kRows);
  Tensor gamma(kChannels), beta(kChannels), mean(kChannels), variance(kChannels);
  BatchStatistics<float, kChannels> statistics;
  Step step;
  for (auto _ : state) {
    batch_norm<kChannels>(step.context, x.present(), x.rows(), gamma.view(), beta.view(),
                          mean.view(), variance.view(), statistics, 1e-3, 0.9, y.rows());
    batch_norm_adjoint<kChannels>(step.context, x.present(), x.rows(), y.rows(), gamma.view(),
                                  beta.view(), mean.view(), variance.view(), statistics, 1e-3, 0.9,
                                  dx.rows());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kRows * kWidth * 4));
}
BENCHMARK(TrainBatchNorm32x32x96);

} // namespace
