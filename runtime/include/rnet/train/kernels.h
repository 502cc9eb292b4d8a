// Kernels of training: layers, loss and their adjoints, over the present rows of a batch.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads: work is cut into blocks of kRowBlock rows or kUnitBlock units, shared over the step's
// threads; which blocks there are depends on the shapes only, so results are the same bits for any
// number of threads. Absent rows are neither read nor written, and give nothing to parameter
// gradients.
#pragma once

#include "rnet/core/join.h"
#include "rnet/train/node_trainer.h"
#include "rnet/train/products.h"
#include "rnet/train/thread_pool.h"

#include <algorithm>
#include <cmath>

namespace rnet::train {

inline constexpr std::size_t kRowBlock = 32;
inline constexpr std::size_t kUnitBlock = 64;

namespace detail {

/// Rows [begin, begin + count) of a batch.
template <class T, std::size_t Width, class X>
MatrixView<T> view(Rows<Width, X> rows, std::size_t begin, std::size_t count) {
  return {rows.row(begin), count, Width, rows.stride};
}

/// Calls work(begin, count) for the runs of present rows within [begin, end).
template <class Work>
void for_runs(Presence present, std::size_t begin, std::size_t end, const Work &work) {
  while (begin < end) {
    while (begin < end && !present[begin])
      ++begin;
    std::size_t stop = begin;
    while (stop < end && present[stop])
      ++stop;
    if (stop > begin)
      work(begin, stop - begin);
    begin = stop;
  }
}

/// The same, block by block, over the step's threads.
template <class Work> void for_blocks(StepContext &step, Presence present, const Work &work) {
  const std::size_t rows = present.count;
  step.threads.run((rows + kRowBlock - 1) / kRowBlock, [&](std::size_t block) {
    for_runs(present, block * kRowBlock, std::min(rows, (block + 1) * kRowBlock), work);
  });
}

template <class Work> void for_rows(StepContext &step, Presence present, const Work &work) {
  for_blocks(step, present, [&](std::size_t begin, std::size_t count) {
    for (std::size_t row = begin; row < begin + count; ++row)
      work(row);
  });
}

} // namespace detail

//===-- Dense ---------------------------------------------------------------------------------===//

/// y = x W^T + b.
template <std::size_t In, std::size_t Out, class X, class T>
void dense(StepContext &step, Presence present, Rows<In, X> x, const Parameter<T> &weight,
           const Parameter<T> &bias, Rows<Out, T> y) {
  detail::for_blocks(step, present, [&](std::size_t begin, std::size_t count) {
    multiply_transposed<T>(detail::view<const T>(x, begin, count),
                           {weight.value.data(), Out, In, In}, bias.value.data(),
                           detail::view<T>(y, begin, count));
  });
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
  step.threads.run((Out + kUnitBlock - 1) / kUnitBlock, [&](std::size_t block) {
    const std::size_t first = block * kUnitBlock, units = std::min(kUnitBlock, Out - first);
    T *const dw = weight.gradient.data() + first * In, *const db = bias.gradient.data() + first;
    std::fill_n(dw, units * In, T(0));
    std::fill_n(db, units, T(0));
    detail::for_runs(present, 0, present.count, [&](std::size_t begin, std::size_t count) {
      accumulate<T>({gradient.row(begin) + first, count, units, gradient.stride},
                    detail::view<const T>(x, begin, count), {dw, units, In, In}, db);
    });
  });
}

//===-- Activations, factors, normalisation ---------------------------------------------------===//

template <std::size_t Width, class X, class T>
void relu(StepContext &step, Presence present, Rows<Width, X> x, Rows<Width, T> y) {
  detail::for_rows(step, present, [&](std::size_t row) {
    for (std::size_t k = 0; k < Width; ++k)
      y.row(row)[k] = x.row(row)[k] > 0 ? x.row(row)[k] : 0;
  });
}

/// dx = g where y > 0.
template <std::size_t Width, class Y, class G, class T>
void relu_adjoint(StepContext &step, Presence present, Rows<Width, Y> y, Rows<Width, G> gradient,
                  Rows<Width, T> x_gradient) {
  detail::for_rows(step, present, [&](std::size_t row) {
    for (std::size_t k = 0; k < Width; ++k)
      x_gradient.row(row)[k] = y.row(row)[k] > 0 ? gradient.row(row)[k] : 0;
  });
}

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

/// y = (x - mean) / deviation.
template <std::size_t Width, class X, class T>
void normalize(StepContext &step, Presence present, Rows<Width, X> x, const Parameter<T> &mean,
               const Parameter<T> &deviation, Rows<Width, T> y) {
  detail::for_rows(step, present, [&](std::size_t row) {
    for (std::size_t k = 0; k < Width; ++k)
      y.row(row)[k] = (x.row(row)[k] - mean.value[k]) / deviation.value[k];
  });
}

//===-- Loss ----------------------------------------------------------------------------------===//

/// Probabilities, and the mean cross-entropy of the present rows with the step's labels, weighted
/// by class, into the step. Without a present row the step has no loss.
template <std::size_t Width, class X, class T>
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
    sum += weight * static_cast<double>(normalizer - x[step.labels[row]]);
    weights += weight;
    ++rows;
  }
  step.loss_rows = rows;
  step.loss_weight = weights;
  step.loss = rows ? sum / weights : std::nan("");
}

/// dlogits = (p - onehot(label)) * weight of the label / sum of the present rows' weights.
template <std::size_t Width, class P, class T>
void softmax_cross_entropy_adjoint(StepContext &step, Presence present,
                                   Rows<Width, P> probabilities, Rows<Width, T> gradient) {
  const T weights = static_cast<T>(step.loss_weight);
  detail::for_rows(step, present, [&](std::size_t row) {
    const auto label = static_cast<std::size_t>(step.labels[row]);
    const T factor = static_cast<T>(step.weight(step.labels[row])) / weights;
    for (std::size_t k = 0; k < Width; ++k)
      gradient.row(row)[k] = (probabilities.row(row)[k] - (k == label ? T(1) : T(0))) * factor;
  });
}

} // namespace rnet::train
