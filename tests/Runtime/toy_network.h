// A small network written by hand as rnet would write it: a -> b -> c -> d, skips a -> c and b ->
// d; c adds its inputs, d fails over. Nodes b and c may fail. SPDX-License-Identifier: Apache-2.0
// WITH LLVM-exception
#pragma once

#include "rnet/core/inference.h"

#include <random>

namespace rnet::test {

inline constexpr std::size_t kInput = 5, kWidth = 20, kClasses = 3;

inline constexpr std::size_t toy_input_shape[] = {kInput}, toy_wide[] = {kWidth},
                             toy_classes[] = {kClasses};
inline constexpr Source toy_a_inputs[] = {{Source::Kind::network_input, 0}};
inline constexpr Source toy_b_inputs[] = {{Source::Kind::hyperconnection, 0}};
inline constexpr Source toy_c_inputs[] = {{Source::Kind::hyperconnection, 1},
                                          {Source::Kind::hyperconnection, 2}};
inline constexpr Source toy_d_inputs[] = {{Source::Kind::hyperconnection, 3},
                                          {Source::Kind::hyperconnection, 4}};
inline constexpr StandIn toy_d_stand_ins[] = {{0b1, 0b10, 1}};
inline constexpr NodeDescription toy_nodes[] = {
    {"a", false, 0, toy_a_inputs, {}, toy_wide},
    {"b", true, 0.1, toy_b_inputs, {}, toy_wide},
    {"c", true, 0.1, toy_c_inputs, {MuxKind::sum, {}}, toy_wide},
    {"d", false, 0, toy_d_inputs, {MuxKind::failover, toy_d_stand_ins}, toy_classes}};
inline constexpr HyperconnectionDescription toy_connections[] = {
    {"a_to_b", HyperconnectionKind::simple, 0, 0, 1, kWidth},
    {"b_to_c", HyperconnectionKind::simple, 1, 0, 2, kWidth},
    {"a_to_c", HyperconnectionKind::skip, 0, 0, 2, kWidth},
    {"c_to_d", HyperconnectionKind::simple, 2, 0, 3, kWidth},
    {"b_to_d", HyperconnectionKind::skip, 1, 0, 3, kWidth}};
inline constexpr InputDescription toy_inputs[] = {{"x", 0, kInput, toy_input_shape}};
inline constexpr OutputDescription toy_outputs[] = {{"class", 3, 0, kClasses, {}}};
inline constexpr double toy_normal[] = {1, 0.9, 0.8, 1}, toy_sure[] = {1, 1, 1, 1};
inline constexpr SettingDescription toy_settings[] = {{"normal", toy_normal}, {"sure", toy_sure}};
inline constexpr NetworkDescription toy = {"toy",
                                           "resilinet",
                                           "parameters-of-toy",
                                           "topology-of-toy",
                                           toy_nodes,
                                           toy_connections,
                                           toy_inputs,
                                           toy_outputs,
                                           toy_settings,
                                           {},
                                           {}};

class A final : public Program {
public:
  Status load(const WeightsFile &weights) override {
    Loader loader(weights);
    loader.load(normalization_, "x.mean", "x.deviation");
    loader.load(dense1_, "a.dense1.weight", "a.dense1.bias");
    return loader.status();
  }
  ArenaPlan arena_plan() const noexcept override { return {16, 0}; }
  void infer(std::span<const Tensor<const float>> inputs, std::span<const Tensor<float>> outputs,
             Arena &arena) const noexcept override {
    const FlushDenormals flush_denormals;
    const auto present = inputs[0].present;
    const auto normalized = arena.rows<kInput>(0);
    normalize(present, inputs[0].rows<kInput>(), normalization_, normalized);
    dense<Relu>(present, normalized, dense1_, outputs[0].rows<kWidth>());
    send(present, outputs[0].present);
  }

private:
  Normalization<kInput> normalization_;
  Dense<kInput, kWidth> dense1_;
};

class B final : public Program {
public:
  Status load(const WeightsFile &weights) override {
    return dense1_.load(weights, "b.dense1.weight", "b.dense1.bias");
  }
  ArenaPlan arena_plan() const noexcept override { return {0, 0}; }
  void infer(std::span<const Tensor<const float>> inputs, std::span<const Tensor<float>> outputs,
             Arena &) const noexcept override {
    const FlushDenormals flush_denormals;
    dense<Relu>(inputs[0].present, inputs[0].rows<kWidth>(), dense1_, outputs[0].rows<kWidth>());
    send(inputs[0].present, outputs[0].present);
  }

private:
  Dense<kWidth, kWidth> dense1_;
};

class C final : public Program {
public:
  Status load(const WeightsFile &weights) override {
    return dense1_.load(weights, "c.dense1.weight", "c.dense1.bias");
  }
  ArenaPlan arena_plan() const noexcept override { return {32, 1}; }
  void infer(std::span<const Tensor<const float>> inputs, std::span<const Tensor<float>> outputs,
             Arena &arena) const noexcept override {
    const FlushDenormals flush_denormals;
    const auto mux = arena.rows<kWidth>(0);
    const auto present = arena.mask(0);
    join(present, mux, addend(inputs[0].present, inputs[0].rows<kWidth>()),
         addend(inputs[1].present, inputs[1].rows<kWidth>()));
    dense<Relu>(present, mux, dense1_, outputs[0].rows<kWidth>());
    send(present, outputs[0].present);
  }

private:
  Dense<kWidth, kWidth> dense1_;
};

class D final : public Program {
public:
  Status load(const WeightsFile &weights) override {
    return dense1_.load(weights, "d.dense1.weight", "d.dense1.bias");
  }
  ArenaPlan arena_plan() const noexcept override { return {32, 3}; }
  void infer(std::span<const Tensor<const float>> inputs, std::span<const Tensor<float>> outputs,
             Arena &arena) const noexcept override {
    const FlushDenormals flush_denormals;
    const auto simple_taken = arena.mask(0), skip_taken = arena.mask(1), present = arena.mask(2);
    failover(Mux{MuxKind::failover, toy_d_stand_ins}, {inputs[0].present, inputs[1].present},
             {simple_taken, skip_taken});
    const auto mux = arena.rows<kWidth>(0);
    join(present, mux, addend(simple_taken, inputs[0].rows<kWidth>()),
         addend(skip_taken, inputs[1].rows<kWidth>()));
    const auto logits = outputs[0].rows<kClasses>();
    dense(present, mux, dense1_, logits);
    softmax(present, logits, logits);
    send(present, outputs[0].present);
  }

private:
  Dense<kWidth, kClasses> dense1_;
};

/// All nodes of the network, and the weights that make_weights writes.
struct Toy {
  A a;
  B b;
  C c;
  D d;
  Program *programs[4] = {&a, &b, &c, &d};
};

/// Random parameters by name.
inline std::vector<std::pair<TensorToWrite, std::vector<float>>>
toy_parameters(std::uint_fast32_t seed = 3) {
  std::vector<std::pair<TensorToWrite, std::vector<float>>> tensors;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  auto add = [&](const char *name, std::vector<std::size_t> shape, float offset, float factor) {
    std::size_t count = 1;
    for (std::size_t size : shape)
      count *= size;
    std::vector<float> values(count);
    for (float &value : values)
      value = offset + factor * normal(random);
    tensors.push_back({{name, shape, {}, {}}, std::move(values)});
  };
  add("x.mean", {kInput}, 2, 1);
  add("x.deviation", {kInput}, 3, 0.2f);
  add("a.dense1.weight", {kWidth, kInput}, 0, 0.5f);
  add("a.dense1.bias", {kWidth}, 0, 0.5f);
  for (const char *name : {"b.dense1", "c.dense1"}) {
    add((std::string(name) + ".weight").c_str(), {kWidth, kWidth}, 0, 0.4f);
    add((std::string(name) + ".bias").c_str(), {kWidth}, 0, 0.5f);
  }
  add("d.dense1.weight", {kClasses, kWidth}, 0, 0.4f);
  add("d.dense1.bias", {kClasses}, 0, 0.5f);
  return tensors;
}

inline Status write_toy_weights(const std::string &path,
                                std::map<std::string, std::string> metadata,
                                std::uint_fast32_t seed = 3) {
  const auto parameters = toy_parameters(seed);
  std::vector<TensorToWrite> tensors;
  for (const auto &[tensor, values] : parameters)
    tensors.push_back({tensor.name, tensor.shape, values, {}});
  metadata["rnet.network"] = toy.name;
  metadata["rnet.scheme"] = toy.scheme;
  metadata.emplace("rnet.parameters", toy.parameters_fingerprint);
  metadata.emplace("rnet.topology", toy.topology_fingerprint);
  return write_weights(path, tensors, std::move(metadata));
}

} // namespace rnet::test
