// The state of a run in a file.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "checkpoint.h"

#include <algorithm>
#include <cmath>

namespace rnet::train {

using nlohmann::ordered_json;

template <class T> Snapshot<T> take_snapshot(std::span<const Parameter<T>> parameters) {
  Snapshot<T> values;
  for (const Parameter<T> &parameter : parameters)
    values.emplace_back(parameter.value.begin(), parameter.value.end());
  return values;
}

template <class T> void restore(const Snapshot<T> &from, std::span<const Parameter<T>> parameters) {
  for (std::size_t p = 0; p < from.size(); ++p)
    std::copy(from[p].begin(), from[p].end(), parameters[p].value.begin());
}

template <class T>
static TensorToWrite tensor(std::string name, std::vector<std::size_t> shape,
                            std::span<const T> values) {
  TensorToWrite tensor{std::move(name), std::move(shape), {}, {}};
  if constexpr (std::is_same_v<T, float>)
    tensor.f32 = values;
  else
    tensor.f64 = values;
  return tensor;
}

template <class T>
std::vector<TensorToWrite> tensors_to_write(std::span<const Parameter<T>> parameters) {
  std::vector<TensorToWrite> list;
  for (const Parameter<T> &parameter : parameters) {
    const auto &shape = parameter.description->shape;
    list.push_back(tensor<T>(std::string(parameter.description->name), {shape.begin(), shape.end()},
                             parameter.value));
  }
  return list;
}

template <class T>
Status read_parameters(const WeightsFile &weights, std::span<const Parameter<T>> parameters) {
  for (const Parameter<T> &parameter : parameters)
    if (Status status = weights.read(parameter.description->name, parameter.description->shape,
                                     parameter.value);
        !status.ok())
      return status;
  return {};
}

template <class T>
Expected<std::vector<std::string>>
read_common_parameters(const WeightsFile &weights, std::span<const Parameter<T>> parameters) {
  std::vector<std::string> others;
  for (const Parameter<T> &parameter : parameters) {
    const ParameterDescription &own = *parameter.description;
    const TensorEntry *entry = weights.find(own.name);
    if (!entry || !std::ranges::equal(entry->shape, own.shape))
      others.emplace_back(own.name);
    else if (Status status = weights.read(own.name, own.shape, parameter.value); !status.ok())
      return status;
  }
  if (others.size() == parameters.size())
    return Status::error("weights file '" + weights.path() +
                         "' has no tensor of this network: no name and shape is the same");
  return others;
}

template <class T>
Status save_checkpoint(const std::string &path, const RunIdentity &identity,
                       std::span<const Parameter<T>> parameters, OptimizerState<T> &optimizer,
                       const RunState<T> &state) {
  auto metadata = identity.metadata;
  metadata["rnet.settings"] = identity.settings.dump();
  // Numbers as text that reads back to the same bits; NaN is no JSON number, and becomes null.
  metadata["rnet.progress"] = ordered_json{
      {"epoch", state.epoch},
      {"batch", state.batch},
      {"optimizer_steps", optimizer.steps()},
      {"loss_sum", state.loss_sum},
      {"loss_steps", state.loss_steps},
      {"best_accuracy", state.best_accuracy},
      {"best_epoch", state.best_epoch},
      {"loss", state.losses},
      {"accuracy",
       state.accuracies}}.dump();
  std::vector<TensorToWrite> list = tensors_to_write(parameters);
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const std::string name(parameters[p].description->name);
    auto add = [&](const char *prefix, const std::vector<T> &values) {
      list.push_back(tensor<T>(prefix + name, {values.size()}, values));
    };
    add("best/", state.best[p]);
    add("first/", optimizer.first(p));
    add("second/", optimizer.second(p));
  }
  return write_weights(path, list, metadata);
}

/// Refuses a checkpoint of a run whose weights would be others.
static Status check_identity(const WeightsFile &file, const std::string &path,
                             const RunIdentity &identity) {
  if (file.metadata("rnet.dataset_sha256") != identity.metadata.at("rnet.dataset_sha256"))
    return Status::error("checkpoint '" + path + "' is of a run over other data");
  for (const char *key : {"rnet.split", "rnet.element"})
    if (file.metadata(key) != identity.metadata.at(key))
      return Status::error("checkpoint '" + path + "' is of a run with another " + (key + 5) +
                           ": " + file.metadata(key) + ", now " + identity.metadata.at(key));
  const ordered_json theirs = ordered_json::parse(file.metadata("rnet.settings"));
  for (const auto &[key, value] : identity.settings.items())
    if (theirs.at(key) != value)
      return Status::error("checkpoint '" + path + "' is of a run with " + key + " " +
                           theirs.at(key).dump() + ", now " + value.dump());
  return {};
}

static std::vector<double> numbers(const ordered_json &list) {
  std::vector<double> values;
  for (const auto &value : list)
    values.push_back(value.is_null() ? std::nan("") : value.get<double>());
  return values;
}

template <class T>
Status load_checkpoint(const std::string &path, const NetworkDescription &network,
                       const RunIdentity &identity, std::span<const Parameter<T>> parameters,
                       OptimizerState<T> &optimizer, RunState<T> &state) {
  auto file = WeightsFile::open(path);
  if (!file.ok())
    return Status::error("cannot resume: " + file.message());
  if (Status status = file->check(network, /*topology=*/true); !status.ok())
    return status;
  if (Status status = file->verify(); !status.ok())
    return Status::error("cannot resume: " + status.message());
  try {
    if (Status status = check_identity(*file, path, identity); !status.ok())
      return status;
    const ordered_json progress = ordered_json::parse(file->metadata("rnet.progress"));
    state.epoch = progress.at("epoch");
    state.batch = progress.at("batch");
    optimizer.set_steps(progress.at("optimizer_steps"));
    state.loss_sum = progress.at("loss_sum");
    state.loss_steps = progress.at("loss_steps");
    state.best_accuracy = progress.at("best_accuracy");
    state.best_epoch = progress.at("best_epoch");
    state.losses = numbers(progress.at("loss"));
    state.accuracies = numbers(progress.at("accuracy"));
  } catch (const ordered_json::exception &) {
    return Status::error("checkpoint '" + path + "' is damaged");
  }
  if (Status status = read_parameters(*file, parameters); !status.ok())
    return status;
  state.best = take_snapshot(parameters);
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const std::string name(parameters[p].description->name);
    auto read = [&](const char *prefix, std::vector<T> &to) {
      const std::size_t shape[] = {to.size()};
      return file->read(prefix + name, shape, to);
    };
    for (Status status : {read("best/", state.best[p]), read("first/", optimizer.first(p)),
                          read("second/", optimizer.second(p))})
      if (!status.ok())
        return status;
  }
  return {};
}

#define RNET_INSTANTIATE(T)                                                                        \
  template Snapshot<T> take_snapshot<T>(std::span<const Parameter<T>>);                            \
  template void restore<T>(const Snapshot<T> &, std::span<const Parameter<T>>);                    \
  template std::vector<TensorToWrite> tensors_to_write<T>(std::span<const Parameter<T>>);          \
  template Status read_parameters<T>(const WeightsFile &, std::span<const Parameter<T>>);          \
  template Expected<std::vector<std::string>> read_common_parameters<T>(                           \
      const WeightsFile &, std::span<const Parameter<T>>);                                         \
  template Status save_checkpoint<T>(const std::string &, const RunIdentity &,                     \
                                     std::span<const Parameter<T>>, OptimizerState<T> &,           \
                                     const RunState<T> &);                                         \
  template Status load_checkpoint<T>(const std::string &, const NetworkDescription &,              \
                                     const RunIdentity &, std::span<const Parameter<T>>,           \
                                     OptimizerState<T> &, RunState<T> &);
RNET_INSTANTIATE(float)
RNET_INSTANTIATE(double)

} // namespace rnet::train
