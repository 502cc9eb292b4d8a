// Kernels of training: values against the textbook, adjoints against finite differences.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "train_layer.h"

#include "rnet/core/inference.h"

using namespace rnet;
using namespace rnet::test;
using train::StepContext;

namespace {

//===-- Layers --------------------------------------------------------------------------------===//

template <Image In, Window W, std::size_t Out, bool Bias> struct ConvOf {
  template <class T> struct Layer : TestedLayer<T> {
    static constexpr std::size_t kIn = In.elements(), kOut = slide(In, W, Out).elements();
    OwnParameter<T> &weight = this->parameter(Out * In.channels * W.taps());
    OwnParameter<T> *bias = Bias ? &this->parameter(Out) : nullptr;

    void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
      if constexpr (Bias)
        train::conv<In, W>(step, present, x, weight.view(), bias->view(), y);
      else
        train::conv<In, W>(step, present, x, weight.view(), y);
    }
    void backward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, const T>,
                  Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
      train::conv_adjoint_input<In, W>(step, present, gradient, weight.view(), dx);
      if constexpr (Bias)
        train::conv_adjoint_parameters<In, W>(step, present, x, gradient, weight.view(),
                                              bias->view());
      else
        train::conv_adjoint_parameters<In, W>(step, present, x, gradient, weight.view());
    }
  };
};

template <Image In, Window W, bool Bias> struct DepthwiseOf {
  template <class T> struct Layer : TestedLayer<T> {
    static constexpr std::size_t kIn = In.elements(), kOut = slide(In, W, In.channels).elements();
    OwnParameter<T> &weight = this->parameter(In.channels * W.taps());
    OwnParameter<T> *bias = Bias ? &this->parameter(In.channels) : nullptr;

    void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
      if constexpr (Bias)
        train::depthwise_conv<In, W>(step, present, x, weight.view(), bias->view(), y);
      else
        train::depthwise_conv<In, W>(step, present, x, weight.view(), y);
    }
    void backward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, const T>,
                  Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
      train::depthwise_conv_adjoint_input<In, W>(step, present, gradient, weight.view(), dx);
      if constexpr (Bias)
        train::depthwise_conv_adjoint_parameters<In, W>(step, present, x, gradient, weight.view(),
                                                        bias->view());
      else
        train::depthwise_conv_adjoint_parameters<In, W>(step, present, x, gradient, weight.view());
    }
  };
};

template <bool Bias> struct DenseOf {
  template <class T> struct Layer : TestedLayer<T> {
    static constexpr std::size_t kIn = 13, kOut = 50;
    OwnParameter<T> &weight = this->parameter(kIn * kOut);
    OwnParameter<T> *bias = Bias ? &this->parameter(kOut) : nullptr;

    void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
      if constexpr (Bias)
        train::dense(step, present, x, weight.view(), bias->view(), y);
      else
        train::dense(step, present, x, weight.view(), y);
    }
    void backward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, const T>,
                  Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
      train::dense_adjoint_input(step, present, gradient, weight.view(), dx);
      if constexpr (Bias)
        train::dense_adjoint_parameters(step, present, x, gradient, weight.view(), bias->view());
      else
        train::dense_adjoint_parameters(step, present, x, gradient, weight.view());
    }
  };
};

template <bool Bias> struct PixelDenseOf {
  template <class T> struct Layer : TestedLayer<T> {
    static constexpr std::size_t kIn = 6 * 13, kOut = 6 * 17;
    OwnParameter<T> &weight = this->parameter(13 * 17);
    OwnParameter<T> *bias = Bias ? &this->parameter(17) : nullptr;

    void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
      if constexpr (Bias)
        train::pixel_dense<6>(step, present, x, weight.view(), bias->view(), y);
      else
        train::pixel_dense<6>(step, present, x, weight.view(), y);
    }
    void backward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, const T>,
                  Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
      train::pixel_dense_adjoint_input<6>(step, present, gradient, weight.view(), dx);
      if constexpr (Bias)
        train::pixel_dense_adjoint_parameters<6>(step, present, x, gradient, weight.view(),
                                                 bias->view());
      else
        train::pixel_dense_adjoint_parameters<6>(step, present, x, gradient, weight.view());
    }
  };
};

template <std::size_t Pixels, std::size_t C, class Activation = Identity> struct BatchNormOf {
  template <class T> struct Layer : TestedLayer<T> {
    static constexpr std::size_t kIn = Pixels * C, kOut = kIn;
    OwnParameter<T> &gamma = this->parameter(C), &beta = this->parameter(C);
    OwnParameter<T> mean{C, 60}, variance{C, 61};
    train::BatchStatistics<T, C> state;

    Layer() {
      for (T &factor : gamma.value)
        factor *= 5; // so that some results are above Relu6's upper end
    }
    void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
      train::batch_norm<C, Activation>(step, present, x, gamma.view(), beta.view(), mean.view(),
                                       variance.view(), state, 1e-3, 0.9, y);
    }
    void backward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, const T>,
                  Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
      train::batch_norm_adjoint<C, Activation>(step, present, x, gradient, gamma.view(),
                                               beta.view(), mean.view(), variance.view(), state,
                                               1e-3, 0.9, dx);
    }
  };
};

template <Image In, Window W> struct MaxPoolOf {
  template <class T> struct Layer : TestedLayer<T> {
    static constexpr std::size_t kIn = In.elements(), kOut = slide(In, W, In.channels).elements();
    void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
      train::max_pool<In, W>(step, present, x, y);
    }
    void backward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, const T> y,
                  Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
      train::max_pool_adjoint<In, W>(step, present, x, y, gradient, dx);
    }
  };
};
template <Image In, Window W> struct AvgPoolOf {
  template <class T> struct Layer : TestedLayer<T> {
    static constexpr std::size_t kIn = In.elements(), kOut = slide(In, W, In.channels).elements();
    void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
      train::avg_pool<In, W>(step, present, x, y);
    }
    void backward(StepContext &step, Presence present, Rows<kIn, const T>, Rows<kOut, const T>,
                  Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
      train::avg_pool_adjoint<In, W>(step, present, gradient, dx);
    }
  };
};

constexpr Image kSmall{4, 3, 5};
constexpr Window kBorder{1, 1, 1, 1, 1, 2, 0, 3};

template <class T> struct GlobalAvgPoolLayer : TestedLayer<T> {
  static constexpr std::size_t kIn = kSmall.elements(), kOut = 5;
  void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
    train::global_avg_pool<kSmall>(step, present, x, y);
  }
  void backward(StepContext &step, Presence present, Rows<kIn, const T>, Rows<kOut, const T>,
                Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
    train::global_avg_pool_adjoint<kSmall>(step, present, gradient, dx);
  }
};

template <class T> struct ZeroPadLayer : TestedLayer<T> {
  static constexpr std::size_t kIn = kSmall.elements(), kOut = padded(kSmall, kBorder).elements();
  void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
    train::zero_pad<kSmall, kBorder>(step, present, x, y);
  }
  void backward(StepContext &step, Presence present, Rows<kIn, const T>, Rows<kOut, const T>,
                Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
    train::zero_pad_adjoint<kSmall, kBorder>(step, present, gradient, dx);
  }
};

/// x beside 2 x: a concatenation whose gradient joins two slices.
template <class T> struct ConcatLayer : TestedLayer<T> {
  static constexpr std::size_t kIn = 4 * 3, kOut = 4 * 6;
  void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
    Batch<kIn, T> twice(present.count);
    train::scale(step, present, x, 2, twice.rows());
    train::concat<4>(step, present, x, twice.rows(), y);
  }
  void backward(StepContext &step, Presence present, Rows<kIn, const T>, Rows<kOut, const T>,
                Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
    Batch<kIn, T> first(present.count), second(present.count);
    train::slice<4, 0>(step, present, gradient, first.rows());
    train::slice<4, 3>(step, present, gradient, second.rows());
    train::scale(step, present, second.rows(), 2, second.rows());
    train::add(step, present, first.rows(), second.rows(), dx);
  }
};

template <class T> struct LearnedScaleLayer : TestedLayer<T> {
  static constexpr std::size_t kIn = 37, kOut = 37;
  OwnParameter<T> &factor = this->parameter(1);
  void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
    train::scale(step, present, x, factor.view(), y);
  }
  void backward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, const T>,
                Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
    train::scale_adjoint_parameters(step, present, x, gradient, factor.view());
    train::scale(step, present, gradient, factor.view(), dx);
  }
};

template <class T> struct DropoutLayer : TestedLayer<T> {
  static constexpr std::size_t kIn = 37, kOut = 37;
  void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
    train::dropout(step, present, x, 0.3, 4, y);
  }
  void backward(StepContext &step, Presence present, Rows<kIn, const T>, Rows<kOut, const T>,
                Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
    train::dropout_adjoint(step, present, gradient, 0.3, 4, dx);
  }
};

template <class Activation, bool FromOperand = false> struct ActivationOf {
  template <class T> struct Layer : TestedLayer<T> {
    static constexpr std::size_t kIn = 37, kOut = 37;
    void forward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, T> y) {
      train::activate<Activation>(step, present, x, y);
    }
    void backward(StepContext &step, Presence present, Rows<kIn, const T> x, Rows<kOut, const T> y,
                  Rows<kOut, const T> gradient, Rows<kIn, T> dx) {
      train::activate_adjoint<Activation>(step, present, FromOperand ? x : y, gradient, dx);
    }
  };
};

//===-- Adjoints ------------------------------------------------------------------------------===//

TEST(TrainConv, HasTheRightAdjoints) {
  check_layer<ConvOf<Image{5, 4, 3}, Window{3, 3, 1, 1, 1, 1, 1, 1}, 13, true>::Layer>();
  check_layer<ConvOf<Image{6, 5, 5}, Window{3, 3, 2, 2, 0, 1, 0, 1}, 17, false>::Layer>();
  check_layer<ConvOf<Image{7, 6, 3}, Window{5, 3, 1, 2, 2, 1, 0, 2}, 5, true>::Layer>();
  check_layer<ConvOf<Image{18, 17, 2}, Window{3, 3, 1, 1, 1, 1, 1, 1}, 3, true>::Layer>();
  check_layer<ConvOf<Image{2, 3, 3}, Window{3, 3, 1, 1, 4, 4, 4, 4}, 3, true>::Layer>();
}
TEST(TrainConv, OfSinglePixelsHasTheRightAdjoints) {
  static constexpr Window pixel{1, 1, 1, 1, 0, 0, 0, 0};
  check_layer<ConvOf<Image{4, 5, 24}, pixel, 13, false>::Layer>();
  check_layer<ConvOf<Image{4, 4, 16}, pixel, 50, true>::Layer>();
  check_layer<ConvOf<Image{17, 16, 3}, pixel, 5, true>::Layer>();
  check_layer<ConvOf<Image{6, 5, 13}, Window{1, 1, 2, 2, 0, 0, 0, 0}, 5, true>::Layer>();
}
TEST(TrainDepthwiseConv, HasTheRightAdjoints) {
  check_layer<DepthwiseOf<Image{5, 4, 13}, Window{3, 3, 1, 1, 1, 1, 1, 1}, true>::Layer>();
  check_layer<DepthwiseOf<Image{6, 7, 50}, Window{3, 3, 2, 2, 0, 1, 0, 1}, false>::Layer>();
  check_layer<DepthwiseOf<Image{7, 6, 5}, Window{5, 3, 1, 2, 2, 1, 0, 2}, true>::Layer>();
}
TEST(TrainDense, HasTheRightAdjoints) {
  check_layer<DenseOf<true>::Layer>();
  check_layer<DenseOf<false>::Layer>();
}
TEST(TrainPixelDense, HasTheRightAdjoints) {
  check_layer<PixelDenseOf<true>::Layer>();
  check_layer<PixelDenseOf<false>::Layer>();
}
TEST(TrainBatchNorm, HasTheRightAdjoints) {
  check_layer<BatchNormOf<1, 17>::Layer>();
  check_layer<BatchNormOf<6, 5>::Layer>();
  check_layer<BatchNormOf<70, 3>::Layer>();
  check_layer<BatchNormOf<6, 5, Relu>::Layer>();
  check_layer<BatchNormOf<6, 5, Relu6>::Layer>();
}
TEST(TrainPooling, HasTheRightAdjoints) {
  check_layer<MaxPoolOf<Image{6, 7, 5}, Window{2, 2, 2, 2, 0, 0, 0, 1}>::Layer>();
  check_layer<MaxPoolOf<Image{7, 5, 3}, Window{3, 3, 2, 1, 1, 1, 0, 2}>::Layer>();
  check_layer<AvgPoolOf<Image{6, 7, 5}, Window{2, 2, 2, 2, 0, 0, 0, 1}>::Layer>();
  check_layer<AvgPoolOf<Image{7, 5, 3}, Window{3, 3, 2, 1, 1, 1, 0, 2}>::Layer>();
  check_layer<GlobalAvgPoolLayer>();
}
TEST(TrainZeroPad, HasTheRightAdjoint) { check_layer<ZeroPadLayer>(); }
TEST(TrainConcat, HasTheRightAdjoint) { check_layer<ConcatLayer>(); }
TEST(TrainScale, HasTheRightAdjointWhereItsFactorIsLearned) { check_layer<LearnedScaleLayer>(); }
TEST(TrainDropout, HasTheRightAdjoint) { check_layer<DropoutLayer>(); }
TEST(TrainActivation, HasTheRightAdjoint) {
  check_layer<ActivationOf<Relu>::Layer>();
  check_layer<ActivationOf<Relu6>::Layer>();
  check_layer<ActivationOf<Sigmoid>::Layer>();
  check_layer<ActivationOf<Tanh>::Layer>();
  check_layer<ActivationOf<Gelu, true>::Layer>();
}

//===-- Values --------------------------------------------------------------------------------===//

train::ThreadPool &pool() {
  static train::ThreadPool threads(2);
  return threads;
}
StepContext step_in(bool training) {
  StepContext step{pool(), 0, {}};
  step.training = training;
  step.seed = 3;
  return step;
}

/// Training's result is inference's, which was compared with the textbook.
template <Image In, Window W, std::size_t Out> void compare_conv() {
  constexpr std::size_t width = slide(In, W, Out).elements(), count = Out * In.channels * W.taps();
  OwnParameter<float> weight(count, 1), bias(Out, 2);
  Weights file;
  file.add("w", {Out, In.channels, W.height, W.width}, weight.value);
  file.add("b", {Out}, bias.value);
  Conv<In, W, Out> packed;
  ASSERT_TRUE(file.load(packed, "w", "b").ok());
  Batch<In.elements()> x = random_batch<In.elements()>(5);
  Batch<width> y(5), expected(5);
  StepContext step = step_in(true);
  train::conv<In, W>(step, x.present(), x.rows(), weight.view(), bias.view(), y.rows());
  conv(x.present(), x.rows(), packed, expected.rows());
  for (std::size_t row = 0; row < 5; ++row)
    for (std::size_t k = 0; k < width; ++k)
      ASSERT_NEAR(y.row(row)[k], expected.row(row)[k],
                  1e-4 * std::max(1.0f, std::abs(expected.row(row)[k])));
}

TEST(TrainConv, ComputesWhatInferenceComputes) {
  compare_conv<Image{7, 6, 5}, Window{5, 3, 1, 2, 2, 1, 0, 2}, 24>();
  compare_conv<Image{20, 20, 3}, Window{3, 3, 2, 2, 0, 1, 0, 1}, 17>();
  compare_conv<Image{4, 4, 24}, Window{1, 1, 1, 1, 0, 0, 0, 0}, 50>();
}

TEST(TrainDepthwiseConv, ComputesWhatInferenceComputes) {
  static constexpr Image in{9, 8, 17};
  static constexpr Window w{3, 3, 2, 1, 1, 0, 1, 1};
  constexpr std::size_t width = slide(in, w, 17).elements();
  OwnParameter<float> weight(17 * 9, 1), bias(17, 2);
  Weights file;
  file.add("w", {17, 1, 3, 3}, weight.value);
  file.add("b", {17}, bias.value);
  DepthwiseConv<in, w> packed;
  ASSERT_TRUE(file.load(packed, "w", "b").ok());
  Batch<in.elements()> x = random_batch<in.elements()>(5);
  Batch<width> y(5), expected(5);
  StepContext step = step_in(true);
  train::depthwise_conv<in, w>(step, x.present(), x.rows(), weight.view(), bias.view(), y.rows());
  depthwise_conv(x.present(), x.rows(), packed, expected.rows());
  for (std::size_t row = 0; row < 5; ++row)
    for (std::size_t k = 0; k < width; ++k)
      ASSERT_NEAR(y.row(row)[k], expected.row(row)[k], 1e-5);
}

TEST(TrainConv, SetsGradientsToZeroWithoutARow) {
  static constexpr Image in{4, 4, 3};
  static constexpr Window w{3, 3, 1, 1, 1, 1, 1, 1};
  OwnParameter<double> weight(5 * 27, 1), bias(5, 2);
  Batch<in.elements(), double> x(3, NAN);
  Batch<16 * 5, double> gradient(3, NAN);
  x.mask.assign(3, 0);
  StepContext step = step_in(true);
  train::conv_adjoint_parameters<in, w>(step, x.present(), x.rows(), gradient.rows(), weight.view(),
                                        bias.view());
  EXPECT_EQ(weight.gradient, std::vector<double>(5 * 27));
  EXPECT_EQ(bias.gradient, std::vector<double>(5));
}

TEST(TrainPooling, GivesTheGradientToTheFirstOfEqualElements) {
  static constexpr Image in{2, 2, 1};
  static constexpr Window w{2, 2, 2, 2, 0, 0, 0, 0};
  Batch<4> x(1), dx(1);
  Batch<1> y(1), gradient(1, 3);
  x.row(0)[1] = x.row(0)[2] = 5;
  StepContext step = step_in(true);
  train::max_pool<in, w>(step, x.present(), x.rows(), y.rows());
  EXPECT_EQ(y.row(0)[0], 5);
  train::max_pool_adjoint<in, w>(step, x.present(), x.rows(), y.rows(), gradient.rows(), dx.rows());
  EXPECT_EQ(std::vector<float>(dx.row(0), dx.row(0) + 4), (std::vector<float>{0, 3, 0, 0}));
}

TEST(TrainPooling, IgnoresZerosAroundTheImage) {
  static constexpr Image in{1, 1, 2};
  static constexpr Window w{3, 3, 1, 1, 1, 1, 1, 1};
  Batch<2> x(1, -7), largest(1), mean(1);
  StepContext step = step_in(true);
  train::max_pool<in, w>(step, x.present(), x.rows(), largest.rows());
  train::avg_pool<in, w>(step, x.present(), x.rows(), mean.rows());
  EXPECT_EQ(largest.row(0)[1], -7);
  EXPECT_EQ(mean.row(0)[1], -7);
}

struct DropoutTest : testing::Test {
  static constexpr std::size_t kElements = 1001;
  std::vector<float> draw(StepContext step, std::uint32_t layer = 1) {
    Batch<kElements> x(3, 2), y(3);
    train::dropout(step, x.present(), x.rows(), 0.25, layer, y.rows());
    std::vector<float> drawn;
    for (std::size_t row = 0; row < 3; ++row)
      drawn.insert(drawn.end(), y.row(row), y.row(row) + kElements);
    return drawn;
  }
};

TEST_F(DropoutTest, KeepsAndScales) {
  const std::vector<float> drawn = draw(step_in(true));
  const auto dropped = std::count(drawn.begin(), drawn.end(), 0.0f);
  const auto kept = std::count(drawn.begin(), drawn.end(), 2.0f / 0.75f);
  EXPECT_EQ(dropped + kept, 3003);
  EXPECT_NEAR(static_cast<double>(dropped), 751, 5 * 24); // five deviations
}

TEST_F(DropoutTest, DrawsByTheSeedTheStepTheLayerAndTheRow) {
  StepContext step = step_in(true);
  const std::vector<float> drawn = draw(step);
  EXPECT_EQ(draw(step), drawn);
  EXPECT_NE(draw(step, 2), drawn);
  EXPECT_FALSE(std::equal(drawn.begin(), drawn.begin() + kElements, drawn.begin() + kElements));
  step.number = 1;
  EXPECT_NE(draw(step), drawn);
  step.number = 0;
  step.seed = 4;
  EXPECT_NE(draw(step), drawn);
}

TEST_F(DropoutTest, IsNothingOutsideTraining) {
  EXPECT_EQ(draw(step_in(false)), std::vector<float>(3003, 2.0f));
}

TEST(TrainNormalize, GoesByChannels) {
  OwnParameter<double> mean(3, 1), deviation(3, 2);
  mean.value = {1, 2, 3};
  deviation.value = {2, 4, 8};
  Batch<6, double> x(1), y(1);
  for (std::size_t k = 0; k < 6; ++k)
    x.row(0)[k] = static_cast<double>(k);
  StepContext step = step_in(true);
  train::normalize(step, x.present(), x.rows(), mean.view(), deviation.view(), y.rows());
  EXPECT_EQ(std::vector<double>(y.row(0), y.row(0) + 6),
            (std::vector<double>{-0.5, -0.25, -0.125, 1, 0.5, 0.25}));
}

} // namespace
