// The toy network's training programs, written by hand as rnet would write them, and data for it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/npz.h"
#include "rnet/train/main.h"
#include "rnet/train/training.h"

#include "test_files.h"
#include "toy_network.h"

namespace rnet::test {

inline constexpr std::size_t toy_a_weight[] = {kWidth, kInput}, toy_square[] = {kWidth, kWidth},
                             toy_d_weight[] = {kClasses, kWidth};
inline constexpr ParameterDescription toy_described[] = {
    {"x.mean", 0, toy_input_shape, Initializer::zeros, false},
    {"x.deviation", 0, toy_input_shape, Initializer::ones, false},
    {"a.dense1.weight", 0, toy_a_weight, Initializer::glorot_uniform, true},
    {"a.dense1.bias", 0, toy_wide, Initializer::zeros, true},
    {"b.dense1.weight", 1, toy_square, Initializer::glorot_uniform, true},
    {"b.dense1.bias", 1, toy_wide, Initializer::zeros, true},
    {"c.dense1.weight", 2, toy_square, Initializer::glorot_uniform, true},
    {"c.dense1.bias", 2, toy_wide, Initializer::zeros, true},
    {"d.dense1.weight", 3, toy_d_weight, Initializer::glorot_uniform, true},
    {"d.dense1.bias", 3, toy_classes, Initializer::zeros, true}};

/// The toy with what training needs to know; small steps, 3 epochs.
inline NetworkDescription trained_toy() {
  NetworkDescription network = toy;
  network.parameters = toy_described;
  network.recipe.batch = 16;
  network.recipe.epochs = 3;
  network.recipe.seed = 7;
  return network;
}

/// A dense layer over the node's joined inputs; ReLU, or at the output the loss.
template <class T, std::size_t In, std::size_t Out, std::size_t Inputs>
class ToyTrainer final : public train::NodeTrainer<T> {
  static constexpr bool kFirst = In == kInput, kLast = Out == kClasses;

public:
  ToyTrainer(std::span<const ParameterDescription> parameters, Mux mux, std::size_t capacity)
      : parameters_(parameters), mux_(mux),
        arena_({2 * row_stride(In) + 3 * row_stride(Out), 2 * Inputs + 1}, capacity) {}

  std::span<const train::Parameter<T>> parameters() override { return parameters_.span(); }

  void forward(train::StepContext &step, std::span<const Tensor<const T>> inputs, Presence alive,
               std::span<Tensor<const T>> outputs) override {
    const auto p = places(step.rows);
    if constexpr (kFirst) {
      train::normalize(step, inputs[0].present, inputs[0].template rows<In>(), parameters_[0],
                       parameters_[1], p.x);
      intersect(inputs[0].present, alive, p.present);
    } else if constexpr (Inputs == 1) {
      join(p.present, p.x, addend(inputs[0].present, inputs[0].template rows<In>()));
    } else {
      failover(mux_, {inputs[0].present, inputs[1].present}, {p.taken[0], p.taken[1]});
      join(p.present, p.x, addend(p.taken[0], inputs[0].template rows<In>()),
           addend(p.taken[1], inputs[1].template rows<In>()));
    }
    if constexpr (!kFirst && Inputs == 1)
      send(inputs[0].present, p.taken[0]);
    intersect(p.present, alive, p.present);
    train::dense(step, p.present, p.x, weight(), bias(), p.y);
    if constexpr (kLast)
      train::softmax_cross_entropy(step, p.present, p.y, p.activated);
    else
      train::activate<Relu>(step, p.present, p.y, p.activated);
    outputs[0] = tensor<const T>(p.activated, p.present);
  }

  void backward(train::StepContext &step, std::span<const Tensor<const T>> gradients,
                std::span<Tensor<const T>> input_gradients) override {
    const auto p = places(step.rows);
    if constexpr (kLast) {
      train::softmax_cross_entropy_adjoint(step, p.present, p.activated, p.gradient);
    } else {
      const Presence any = p.wanted[0];
      if (gradients.size() == 1)
        join(any, p.gradient, addend(gradients[0].present, gradients[0].template rows<Out>()));
      else
        join(any, p.gradient, addend(gradients[0].present, gradients[0].template rows<Out>()),
             addend(gradients[1].present, gradients[1].template rows<Out>()));
      intersect(p.present, any, p.present);
      train::activate_adjoint<Relu>(step, p.present, p.activated, p.gradient, p.gradient);
    }
    train::dense_adjoint_parameters(step, p.present, p.x, p.gradient, weight(), bias());
    if constexpr (!kFirst) {
      train::dense_adjoint_input(step, p.present, p.gradient, weight(), p.x_gradient);
      for (std::size_t k = 0; k < Inputs; ++k) {
        intersect(p.taken[k], p.present, p.wanted[k]);
        input_gradients[k] = tensor<const T>(p.x_gradient, p.wanted[k]);
      }
    }
  }

private:
  struct Places {
    Rows<In, T> x, x_gradient;
    Rows<Out, T> y, activated, gradient;
    Presence present, taken[Inputs], wanted[Inputs];
  };
  Places places(std::size_t rows) const {
    const auto arena = arena_.arena(rows);
    constexpr std::size_t in = row_stride(In), out = row_stride(Out);
    Places places{arena.template rows<In>(0),
                  arena.template rows<In>(in),
                  arena.template rows<Out>(2 * in),
                  arena.template rows<Out>(2 * in + out),
                  arena.template rows<Out>(2 * in + 2 * out),
                  arena.mask(2 * Inputs),
                  {},
                  {}};
    for (std::size_t k = 0; k < Inputs; ++k) {
      places.taken[k] = arena.mask(k);
      places.wanted[k] = arena.mask(Inputs + k);
    }
    return places;
  }
  const train::Parameter<T> &weight() const { return parameters_[kFirst ? 2 : 0]; }
  const train::Parameter<T> &bias() const { return parameters_[kFirst ? 3 : 1]; }

  train::ParameterStore<T> parameters_;
  Mux mux_;
  ArenaStorage<T> arena_;
};

template <class T> train::NodeTrainers<T> make_toy_trainers(std::size_t capacity) {
  const std::span<const ParameterDescription> all = toy_described;
  train::NodeTrainers<T> nodes;
  nodes.push_back(
      std::make_unique<ToyTrainer<T, kInput, kWidth, 1>>(all.subspan(0, 4), Mux{}, capacity));
  nodes.push_back(
      std::make_unique<ToyTrainer<T, kWidth, kWidth, 1>>(all.subspan(4, 2), Mux{}, capacity));
  nodes.push_back(std::make_unique<ToyTrainer<T, kWidth, kWidth, 2>>(all.subspan(6, 2),
                                                                     toy_nodes[2].mux, capacity));
  nodes.push_back(std::make_unique<ToyTrainer<T, kWidth, kClasses, 2>>(all.subspan(8, 2),
                                                                       toy_nodes[3].mux, capacity));
  return nodes;
}

inline train::TrainerFactory toy_factory() {
  return {make_toy_trainers<float>, make_toy_trainers<double>};
}

/// Rows whose class is the largest of their first three elements.
inline std::string write_toy_data(const Folder &folder, const std::string &name, std::size_t rows,
                                  unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(2, 3);
  std::vector<float> x(rows * kInput);
  std::vector<std::int32_t> y(rows);
  for (float &value : x)
    value = normal(random);
  for (std::size_t row = 0; row < rows; ++row) {
    const float *first = x.data() + row * kInput;
    y[row] = static_cast<std::int32_t>(std::max_element(first, first + kClasses) - first);
  }
  EXPECT_TRUE(
      write_npz(folder.file(name), {{"x", make_array(std::span<const float>(x), {rows, kInput})},
                                    {"y", make_array(std::span<const std::int32_t>(y), {rows})}})
          .ok());
  return folder.file(name);
}

} // namespace rnet::test
