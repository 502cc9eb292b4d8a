// Kernels of training: layers, loss and their adjoints, over the present rows of a batch.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads: see blocks.h.
#pragma once

#include "rnet/core/join.h"
#include "rnet/train/activations.h"
#include "rnet/train/blocks.h"
#include "rnet/train/products.h"

#include <algorithm>
#include <cmath>

namespace rnet::train {

//===-- Dense ---------------------------------------------------------------------------------===//

namespace detail {
/// `bias` may be null, as may its gradient.
template <std::size_t In, std::size_t Out, class X, class T>
void dense(StepContext &step, Presence present, Rows<In, X> x, const T *weight, const T *bias,
           Rows<Out, T> y) {
  for_blocks(step, present, [&](std::size_t begin, std::size_t count) {
    multiply_transposed<T>(view<const T>(x, begin, count), {weight, Out, In, In}, bias,
                           view<T>(y, begin, count));
  });
}
template <std::size_t In, std::size_t Out, class X, class G, class T>
void dense_adjoint_parameters(StepContext &step, Presence present, Rows<In, X> x,
                              Rows<Out, G> gradient, T *weight_gradient, T *bias_gradient) {
  step.threads.run((Out + kUnitBlock - 1) / kUnitBlock, [&](std::size_t block) {
    const std::size_t first = block * kUnitBlock, units = std::min(kUnitBlock, Out - first);
    T *const dw = weight_gradient + first * In;
    T *const db = bias_gradient ? bias_gradient + first : nullptr;
    std::fill_n(dw, units * In, T(0));
    std::fill_n(db, db ? units : 0, T(0));
    for_runs(present, 0, present.count, [&](std::size_t begin, std::size_t count) {
      accumulate<T>({gradient.row(begin) + first, count, units, gradient.stride},
                    view<const T>(x, begin, count), {dw, units, In, In}, db);
    });
  });
}
} // namespace detail

/// y = x W^T + b.
template <std::size_t In, std::size_t Out, class X, class T>
void dense(StepContext &step, Presence present, Rows<In, X> x, const Parameter<T> &weight,
           const Parameter<T> &bias, Rows<Out, T> y) {
  step.observe(present, x, weight);
  detail::dense<In, Out, X, T>(step, present, x, weight.value.data(), bias.value.data(), y);
}
template <std::size_t In, std::size_t Out, class X, class T>
void dense(StepContext &step, Presence present, Rows<In, X> x, const Parameter<T> &weight,
           Rows<Out, T> y) {
  step.observe(present, x, weight);
  detail::dense<In, Out, X, T>(step, present, x, weight.value.data(), nullptr, y);
}

/// dx = g W.
template <std::size_t Out, std::size_t In, class G, class T>
void dense_adjoint_input(StepContext &step, Presence present, Rows<Out, G> gradient,
                         const Parameter<T> &weight, Rows<In, T> x_gradient) {
  detail::for_blocks(step, present, [&](std::size_t begin, std::size_t count) {
    multiply<T>(detail::view<const T>(gradient, begin, count), {weight.value.data(), Out, In, In},
                detail::view<T>(x_gradient, begin, count));
  });
}

/// dW = g^T x and db = sum of g, over present rows; zero where there are none.
template <std::size_t In, std::size_t Out, class X, class G, class T>
void dense_adjoint_parameters(StepContext &step, Presence present, Rows<In, X> x,
                              Rows<Out, G> gradient, const Parameter<T> &weight,
                              const Parameter<T> &bias) {
  detail::dense_adjoint_parameters<In, Out, X, G, T>(step, present, x, gradient,
                                                     weight.gradient.data(), bias.gradient.data());
}
template <std::size_t In, std::size_t Out, class X, class G, class T>
void dense_adjoint_parameters(StepContext &step, Presence present, Rows<In, X> x,
                              Rows<Out, G> gradient, const Parameter<T> &weight) {
  detail::dense_adjoint_parameters<In, Out, X, G, T>(step, present, x, gradient,
                                                     weight.gradient.data(), nullptr);
}

//===-- Softmax, factors, normalisation -------------------------------------------------------===//

namespace detail {
/// Softmax of a row; returns log(sum(exp(x - max))) + max.
template <std::size_t Width, class X, class T> T softmax_row(const X *x, T *y) {
  T largest = x[0];
  for (std::size_t k = 1; k < Width; ++k)
    largest = std::max<T>(largest, x[k]);
  T sum = 0;
  for (std::size_t k = 0; k < Width; ++k)
    sum += y[k] = std::exp(x[k] - largest);
  for (std::size_t k = 0; k < Width; ++k)
    y[k] /= sum;
  return std::log(sum) + largest;
}
} // namespace detail

template <std::size_t Width, class X, class T>
void softmax(StepContext &step, Presence present, Rows<Width, X> x, Rows<Width, T> y) {
  detail::for_rows(step, present,
                   [&](std::size_t row) { detail::softmax_row<Width>(x.row(row), y.row(row)); });
}

/// dx = y * (g - sum(y * g)).
template <std::size_t Width, class Y, class G, class T>
void softmax_adjoint(StepContext &step, Presence present, Rows<Width, Y> y, Rows<Width, G> gradient,
                     Rows<Width, T> x_gradient) {
  detail::for_rows(step, present, [&](std::size_t row) {
    const auto *p = y.row(row);
    const auto *g = gradient.row(row);
    T sum = 0;
    for (std::size_t k = 0; k < Width; ++k)
      sum += p[k] * g[k];
    for (std::size_t k = 0; k < Width; ++k)
      x_gradient.row(row)[k] = p[k] * (g[k] - sum);
  });
}

template <std::size_t Width, class X, class T>
void scale(StepContext &step, Presence present, Rows<Width, X> x, double factor, Rows<Width, T> y) {
  detail::for_rows(step, present, [&](std::size_t row) {
    for (std::size_t k = 0; k < Width; ++k)
      y.row(row)[k] = static_cast<T>(factor) * x.row(row)[k];
  });
}

/// y = factor * x, of one element that is trained; dx = factor * g, by the same kernel.
template <std::size_t Width, class X, class T>
void scale(StepContext &step, Presence present, Rows<Width, X> x, const Parameter<T> &factor,
           Rows<Width, T> y) {
  scale(step, present, x, static_cast<double>(factor.value[0]), y);
}
/// d factor = the sum of g . x over present rows; zero where there are none.
template <std::size_t Width, class X, class G, class T>
void scale_adjoint_parameters(StepContext &step, Presence present, Rows<Width, X> x,
                              Rows<Width, G> gradient, const Parameter<T> &factor) {
  const std::vector<double> sum = detail::sum_over_images<double>(
      step, present, Width, 1, [&](std::size_t begin, std::size_t count, double *sum) {
        for (std::size_t row = begin; row < begin + count; ++row)
          for (std::size_t k = 0; k < Width; ++k)
            *sum += static_cast<double>(gradient.row(row)[k]) * x.row(row)[k];
      });
  factor.gradient[0] = static_cast<T>(sum[0]);
}

/// y = (x - mean) / deviation, by channel: there are as many as means.
template <std::size_t Width, class X, class T>
void normalize(StepContext &step, Presence present, Rows<Width, X> x, const Parameter<T> &mean,
               const Parameter<T> &deviation, Rows<Width, T> y) {
  const std::size_t channels = mean.value.size();
  detail::for_rows(step, present, [&](std::size_t row) {
    for (std::size_t pixel = 0; pixel < Width; pixel += channels)
      for (std::size_t c = 0; c < channels; ++c)
        y.row(row)[pixel + c] = (x.row(row)[pixel + c] - mean.value[c]) / deviation.value[c];
  });
}

//===-- Loss ----------------------------------------------------------------------------------===//

/// Probabilities; the mean cross-entropy of the present rows with the step's targets, each row
/// weighted by the class of its label, is added to the step's loss. Without a present row there is
/// none.
template <LossOf Head = LossOf::output, std::size_t Width, class X, class T>
void softmax_cross_entropy(StepContext &step, Presence present, Rows<Width, X> logits,
                           Rows<Width, T> probabilities) {
  double sum = 0, weights = 0;
  std::size_t rows = 0;
  // In row order, on one thread: the sum must not depend on how rows are shared out.
  for (std::size_t row = 0; row < present.count; ++row) {
    if (!present[row])
      continue;
    const auto *x = logits.row(row);
    const T normalizer = detail::softmax_row<Width>(x, probabilities.row(row));
    const double weight = static_cast<double>(step.weight(step.labels[row]));
    double loss = 0;
    for (std::size_t k = 0; k < Width; ++k)
      loss += step.target(row, k, Width) * static_cast<double>(normalizer - x[k]);
    sum += weight * loss;
    weights += weight;
    ++rows;
  }
  if (rows == 0)
    return;
  step.loss = (step.loss_rows ? step.loss : 0) + step.share(Head) * sum / weights;
  step.loss_rows += rows;
}

/// dlogits = (p - target) * weight of the label / sum of the present rows' weights, times the share
/// of the head.
template <LossOf Head = LossOf::output, std::size_t Width, class P, class T>
void softmax_cross_entropy_adjoint(StepContext &step, Presence present,
                                   Rows<Width, P> probabilities, Rows<Width, T> gradient) {
  double sum = 0;
  for (std::size_t row = 0; row < present.count; ++row)
    if (present[row])
      sum += static_cast<double>(step.weight(step.labels[row]));
  const T weights = static_cast<T>(sum), share = static_cast<T>(step.share(Head));
  detail::for_rows(step, present, [&](std::size_t row) {
    const T factor = share * static_cast<T>(step.weight(step.labels[row])) / weights;
    for (std::size_t k = 0; k < Width; ++k)
      gradient.row(row)[k] =
          (probabilities.row(row)[k] - static_cast<T>(step.target(row, k, Width))) * factor;
  });
}

} // namespace rnet::train
