// A training run.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/training_run.h"

#include "progress.h"

#include "rnet/core/npz.h"
#include "rnet/core/random.h"
#include "rnet/core/weights_file.h"
#include "rnet/train/gradients.h"
#include "rnet/train/network_trainer.h"
#include "rnet/train/optimizer.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <unistd.h>

namespace rnet::train {
namespace {

using nlohmann::ordered_json;

struct Data {
  Dataset dataset; ///< with files for each part: training rows, then validation rows
  Split split;
  SplitMetadata metadata;
};

Expected<Data> read_data(const NetworkDescription &network, const TrainingOptions &options) {
  Data data;
  if (options.train.empty()) {
    auto dataset = read_dataset(options.data, network);
    if (!dataset.ok())
      return dataset.status();
    data.dataset = std::move(*dataset);
    data.split = make_split(data.dataset, options.split_seed);
    data.metadata.kind = data.dataset.split.empty() ? "random" : "array";
    data.metadata.seed = options.split_seed;
    data.metadata.dataset_hash = data.dataset.hash;
  } else {
    auto train = read_dataset(options.train, network);
    if (!train.ok())
      return train.status();
    data.dataset = std::move(*train);
    data.metadata.kind = "files";
    data.metadata.dataset_hash = data.dataset.hash;
    for (std::size_t row = 0; row < data.dataset.rows; ++row)
      data.split.train.push_back(static_cast<std::int64_t>(row));
    if (!options.validation.empty()) {
      auto validation = read_dataset(options.validation, network);
      if (!validation.ok())
        return validation.status();
      for (std::size_t row = 0; row < validation->rows; ++row)
        data.split.validation.push_back(static_cast<std::int64_t>(data.dataset.rows + row));
      for (std::size_t k = 0; k < data.dataset.inputs.size(); ++k)
        data.dataset.inputs[k].insert(data.dataset.inputs[k].end(), validation->inputs[k].begin(),
                                      validation->inputs[k].end());
      data.dataset.labels.insert(data.dataset.labels.end(), validation->labels.begin(),
                                 validation->labels.end());
      data.dataset.rows += validation->rows;
    }
    if (!options.test.empty()) {
      auto test = read_dataset(options.test, network);
      if (!test.ok())
        return test.status();
      data.metadata.test_hash = test->hash;
    }
  }
  if (data.split.train.empty())
    return Status::error("there are no training rows in '" +
                         (options.train.empty() ? options.data : options.train) + "'");
  data.metadata.class_counts =
      count_classes(data.dataset, data.split.train, network.outputs[0].width);
  return data;
}

/// One run in one element type.
template <class T> class Run {
public:
  Run(const NetworkDescription &network, const TrainerFactory &factory,
      const TrainingOptions &options, Data data)
      : network_(network), options_(options), data_(std::move(data)), threads_(options.threads),
        trainer_(network, make(factory, options.recipe.batch), options.recipe.batch, threads_),
        optimizer_(options.recipe, trainer_.parameters()) {
    for (const NodeDescription &node : network.nodes)
      failout_.push_back(options.failout && node.failable ? *options.failout : node.failout);
  }

  Expected<Outcome> run(const std::atomic<bool> &interrupt) {
    if (Status status = start(); !status.ok())
      return status;
    if (!options_.gradients.empty()) {
      const std::size_t count = std::min(options_.recipe.batch, data_.split.train.size());
      Status status =
          write_gradients(options_.gradients, network_, trainer_, data_.dataset,
                          std::span<const std::int64_t>(data_.split.train).first(count));
      return status.ok() ? Expected<Outcome>(Outcome::finished) : status;
    }
    Progress progress(options_.recipe.epochs, epoch_, data_.split.train.size());
    for (; epoch_ < options_.recipe.epochs; ++epoch_, batch_ = 0, loss_sum_ = 0, loss_steps_ = 0) {
      const auto order =
          Random(options_.recipe.seed, Stream::shuffle, static_cast<std::uint32_t>(epoch_))
              .permutation(data_.split.train.size());
      for (; batch_ * options_.recipe.batch < order.size(); ++batch_) {
        if (interrupt) {
          Status status = save_checkpoint();
          return status.ok() ? Expected<Outcome>(Outcome::interrupted) : status;
        }
        step(order);
        progress.step(epoch_, std::min((batch_ + 1) * options_.recipe.batch, order.size()),
                      last_loss_);
      }
      const bool best = finish_epoch();
      progress.epoch(epoch_, history_loss_.back(), history_accuracy_.back(), best);
      if (epoch_ + 1 < options_.recipe.epochs && checkpoint_due())
        if (Status status = save_next_epoch(); !status.ok())
          return status;
    }
    return finish();
  }

private:
  static NodeTrainers<T> make(const TrainerFactory &factory, std::size_t capacity) {
    if constexpr (std::is_same_v<T, float>)
      return factory.f32(capacity);
    else
      return factory.f64(capacity);
  }

  //===-- The start ---------------------------------------------------------------------------===//

  Status start() {
    initialize();
    if (!options_.init.empty()) {
      auto weights = WeightsFile::open(options_.init);
      if (!weights.ok())
        return weights.status();
      if (Status status = weights->check(network_, /*topology=*/false); !status.ok())
        return status;
      if (Status status = weights->verify(); !status.ok())
        return status;
      if (Status status = read_parameters(*weights, ""); !status.ok())
        return status;
    }
    normalize();
    best_ = snapshot();
    return options_.resume ? load_checkpoint() : Status();
  }

  /// Glorot uniform: U(-l, l) with l = sqrt(6 / (fan in + fan out)); draw k of parameter p is
  /// number k of its own stream.
  void initialize() {
    for (std::size_t p = 0; p < trainer_.parameters().size(); ++p) {
      const Parameter<T> &parameter = trainer_.parameters()[p];
      const ParameterDescription &description = *parameter.description;
      std::fill(parameter.value.begin(), parameter.value.end(),
                static_cast<T>(description.initializer == Initializer::ones ? 1 : 0));
      if (description.initializer != Initializer::glorot_uniform)
        continue;
      const Random random(options_.recipe.seed, Stream::init, static_cast<std::uint32_t>(p));
      const double limit =
          std::sqrt(6.0 / static_cast<double>(description.shape[0] + description.shape[1]));
      for (std::size_t k = 0; k < parameter.value.size(); ++k)
        // Through float, so that f32 and f64 start alike.
        parameter.value[k] =
            static_cast<float>(limit * (2 * random.uniform(static_cast<std::uint32_t>(k)) - 1));
    }
  }

  /// Mean and population deviation of the training rows, for each channel of each input; deviation 0
  /// counts as 1.
  void normalize() {
    for (std::size_t k = 0; k < network_.inputs.size(); ++k) {
      const InputDescription &input = network_.inputs[k];
      const Parameter<T> *mean = find(std::string(input.name) + ".mean");
      const Parameter<T> *deviation = find(std::string(input.name) + ".deviation");
      if (!mean || !deviation)
        continue;
      // Elements of the last axis: features of a vector, channels of an image.
      const std::size_t channels = mean->value.size(), pixels = input.width / channels;
      const double count = static_cast<double>(data_.split.train.size() * pixels);
      for (std::size_t channel = 0; channel < channels; ++channel) {
        auto sum_over = [&](auto term) {
          double sum = 0;
          for (std::int64_t row : data_.split.train)
            for (std::size_t pixel = 0; pixel < pixels; ++pixel)
              sum += term(static_cast<double>(
                  data_.dataset.inputs[k][static_cast<std::size_t>(row) * input.width +
                                          pixel * channels + channel]));
          return sum;
        };
        const double average = sum_over([](double x) { return x; }) / count;
        const double spread = std::sqrt(
            sum_over([average](double x) { return (x - average) * (x - average); }) / count);
        mean->value[channel] = static_cast<T>(average);
        deviation->value[channel] = static_cast<T>(spread == 0 ? 1 : spread);
      }
    }
  }

  const Parameter<T> *find(std::string_view name) const {
    for (const Parameter<T> &parameter : trainer_.parameters())
      if (parameter.description->name == name)
        return &parameter;
    return nullptr;
  }

  //===-- Steps and epochs --------------------------------------------------------------------===//

  void step(const std::vector<std::int64_t> &order) {
    const std::size_t begin = batch_ * options_.recipe.batch;
    const std::size_t end = std::min(begin + options_.recipe.batch, order.size());
    std::vector<std::int64_t> rows;
    for (std::size_t k = begin; k < end; ++k)
      rows.push_back(data_.split.train[static_cast<std::size_t>(order[k])]);
    const std::size_t batches = (order.size() + options_.recipe.batch - 1) / options_.recipe.batch;
    const auto number = static_cast<std::uint32_t>(epoch_ * batches + batch_);
    std::vector<std::uint8_t> alive;
    for (std::size_t node = 0; node < failout_.size(); ++node)
      alive.push_back(failout_[node] == 0 || Random(options_.recipe.seed, Stream::failout, number,
                                                    static_cast<std::uint32_t>(node))
                                                     .uniform(0) >= failout_[node]);
    const auto result =
        trainer_.differentiate(data_.dataset, rows, alive, options_.recipe.seed, number);
    if (result.rows > 0) { // else nothing was learnt: no step at all
      optimizer_.update(trainer_.parameters());
      last_loss_ = result.loss;
      loss_sum_ += result.loss;
      ++loss_steps_;
    }
    if (!options_.trace.empty())
      trace(rows, alive, result.loss);
  }

  /// Validates; true where this epoch is the best so far.
  bool finish_epoch() {
    const double accuracy =
        data_.split.validation.empty()
            ? std::nan("")
            : static_cast<double>(trainer_.count_right(data_.dataset, data_.split.validation)) /
                  static_cast<double>(data_.split.validation.size());
    history_loss_.push_back(loss_steps_ ? loss_sum_ / static_cast<double>(loss_steps_)
                                        : std::nan(""));
    history_accuracy_.push_back(accuracy);
    const bool best =
        !options_.recipe.keep_best || std::isnan(accuracy) || accuracy > best_accuracy_;
    if (best) {
      best_accuracy_ = std::isnan(accuracy) ? best_accuracy_ : accuracy;
      best_epoch_ = epoch_ + 1;
      best_ = snapshot();
    }
    return best;
  }

  Expected<Outcome> finish() {
    restore(best_);
    auto metadata = describe();
    ordered_json history = {{"loss", history_loss_},
                            {"validation_accuracy", history_accuracy_},
                            {"best_epoch", best_epoch_}};
    metadata["rnet.history"] = history.dump();
    if (Status status = write_weights(options_.out, tensors(), metadata); !status.ok())
      return status;
    if (!options_.trace.empty())
      if (Status status = write_trace(); !status.ok())
        return status;
    ::unlink(checkpoint_path(options_).c_str());
    if (options_.recipe.epochs > 0)
      std::fprintf(stderr, "weights of epoch %zu (validation accuracy %.2f%%) in %s\n", best_epoch_,
                   100 * best_accuracy_, options_.out.c_str());
    return Outcome::finished;
  }

  //===-- Files -------------------------------------------------------------------------------===//

  using Snapshot = std::vector<std::vector<T>>;
  Snapshot snapshot() const {
    Snapshot values;
    for (const Parameter<T> &parameter : trainer_.parameters())
      values.emplace_back(parameter.value.begin(), parameter.value.end());
    return values;
  }
  void restore(const Snapshot &values) {
    for (std::size_t p = 0; p < values.size(); ++p)
      std::copy(values[p].begin(), values[p].end(), trainer_.parameters()[p].value.begin());
  }

  std::map<std::string, std::string> describe() const {
    std::map<std::string, std::string> metadata = {
        {"rnet.network", std::string(network_.name)},
        {"rnet.scheme", std::string(network_.scheme)},
        {"rnet.parameters", std::string(network_.parameters_fingerprint)},
        {"rnet.topology", std::string(network_.topology_fingerprint)},
        {"rnet.element", std::is_same_v<T, float> ? "f32" : "f64"},
        {"rnet.seed", std::to_string(options_.recipe.seed)}};
    data_.metadata.write(metadata);
    return metadata;
  }

  static TensorToWrite tensor(std::string name, std::vector<std::size_t> shape,
                              std::span<const T> values) {
    TensorToWrite tensor{std::move(name), std::move(shape), {}, {}};
    if constexpr (std::is_same_v<T, float>)
      tensor.f32 = values;
    else
      tensor.f64 = values;
    return tensor;
  }
  std::vector<TensorToWrite> tensors() const {
    std::vector<TensorToWrite> list;
    for (const Parameter<T> &parameter : trainer_.parameters())
      list.push_back(
          tensor(std::string(parameter.description->name),
                 {parameter.description->shape.begin(), parameter.description->shape.end()},
                 parameter.value));
    return list;
  }
  Status read_parameters(const WeightsFile &weights, const std::string &prefix) {
    for (const Parameter<T> &parameter : trainer_.parameters())
      if (Status status = weights.read(prefix + std::string(parameter.description->name),
                                       parameter.description->shape, parameter.value);
          !status.ok())
        return status;
    return {};
  }

  //===-- Checkpoints -------------------------------------------------------------------------===//

  /// What a resumed run must share with the one that was interrupted. Threads may differ.
  ordered_json settings() const {
    const TrainingRecipe &recipe = options_.recipe;
    return {{"optimizer", recipe.optimizer == Optimizer::adam ? "adam" : "sgd"},
            {"rate", recipe.rate},
            {"beta1", recipe.beta1},
            {"beta2", recipe.beta2},
            {"epsilon", recipe.epsilon},
            {"momentum", recipe.momentum},
            {"batch", recipe.batch},
            {"epochs", recipe.epochs},
            {"seed", recipe.seed},
            {"keep_best", recipe.keep_best},
            {"failout", failout_},
            {"init", options_.init}};
  }

  bool checkpoint_due() {
    const auto now = std::chrono::steady_clock::now();
    if (now - saved_ < std::chrono::seconds(10))
      return false;
    saved_ = now;
    return true;
  }
  /// As the next epoch starts.
  Status save_next_epoch() {
    ++epoch_;
    const std::size_t batch = std::exchange(batch_, 0);
    const double sum = std::exchange(loss_sum_, 0);
    const std::size_t steps = std::exchange(loss_steps_, 0);
    Status status = save_checkpoint();
    --epoch_;
    batch_ = batch;
    loss_sum_ = sum;
    loss_steps_ = steps;
    return status;
  }

  Status save_checkpoint() {
    auto metadata = describe();
    metadata["rnet.settings"] = settings().dump();
    // Numbers as text that reads back to the same bits; NaN is no JSON number.
    metadata["rnet.progress"] = ordered_json{{"epoch", epoch_},
                                             {"batch", batch_},
                                             {"optimizer_steps", optimizer_.steps()},
                                             {"loss_sum", loss_sum_},
                                             {"loss_steps", loss_steps_},
                                             {"best_accuracy", best_accuracy_},
                                             {"best_epoch", best_epoch_},
                                             {"loss", history_loss_},
                                             {"accuracy", history_accuracy_}}
                                    .dump();
    std::vector<TensorToWrite> list = tensors();
    for (std::size_t p = 0; p < trainer_.parameters().size(); ++p) {
      const std::string name(trainer_.parameters()[p].description->name);
      list.push_back(tensor("best/" + name, {best_[p].size()}, best_[p]));
      list.push_back(tensor("first/" + name, {optimizer_.first(p).size()}, optimizer_.first(p)));
      list.push_back(tensor("second/" + name, {optimizer_.second(p).size()}, optimizer_.second(p)));
    }
    return write_weights(checkpoint_path(options_), list, metadata);
  }

  Status load_checkpoint() {
    const std::string path = checkpoint_path(options_);
    auto file = WeightsFile::open(path);
    if (!file.ok())
      return Status::error("there is nothing to resume: " + file.message());
    if (Status status = file->check(network_, /*topology=*/true); !status.ok())
      return status;
    if (Status status = file->verify(); !status.ok())
      return status;
    if (file->metadata("rnet.dataset_sha256") != data_.metadata.dataset_hash)
      return Status::error("checkpoint '" + path + "' is of a run over other data");
    const std::map<std::string, std::string> mine = describe();
    for (const char *key : {"rnet.split", "rnet.element"})
      if (file->metadata(key) != mine.at(key))
        return Status::error("checkpoint '" + path + "' is of a run with another " + (key + 5) +
                             ": " + file->metadata(key) + ", now " + mine.at(key));
    try {
      const ordered_json theirs = ordered_json::parse(file->metadata("rnet.settings")),
                         ours = settings();
      for (const auto &[key, value] : ours.items())
        if (theirs.at(key) != value)
          return Status::error("checkpoint '" + path + "' is of a run with " + key + " " +
                               theirs.at(key).dump() + ", now " + value.dump());
      const ordered_json progress = ordered_json::parse(file->metadata("rnet.progress"));
      auto numbers = [](const ordered_json &list) {
        std::vector<double> values;
        for (const auto &value : list)
          values.push_back(value.is_null() ? std::nan("") : value.get<double>());
        return values;
      };
      epoch_ = progress.at("epoch");
      batch_ = progress.at("batch");
      optimizer_.set_steps(progress.at("optimizer_steps"));
      loss_sum_ = progress.at("loss_sum");
      loss_steps_ = progress.at("loss_steps");
      best_accuracy_ = progress.at("best_accuracy");
      best_epoch_ = progress.at("best_epoch");
      history_loss_ = numbers(progress.at("loss"));
      history_accuracy_ = numbers(progress.at("accuracy"));
    } catch (const ordered_json::exception &) {
      return Status::error("checkpoint '" + path + "' is damaged");
    }
    if (Status status = read_parameters(*file, ""); !status.ok())
      return status;
    for (std::size_t p = 0; p < trainer_.parameters().size(); ++p) {
      const std::string name(trainer_.parameters()[p].description->name);
      auto read = [&](const char *prefix, std::vector<T> &to) {
        const std::size_t shape[] = {to.size()};
        return file->read(prefix + name, shape, to);
      };
      for (Status status : {read("best/", best_[p]), read("first/", optimizer_.first(p)),
                            read("second/", optimizer_.second(p))})
        if (!status.ok())
          return status;
    }
    return {};
  }

  //===-- The trace ---------------------------------------------------------------------------===//

  void trace(const std::vector<std::int64_t> &rows, const std::vector<std::uint8_t> &alive,
             double loss) {
    trace_loss_.push_back(loss);
    trace_order_.insert(trace_order_.end(), rows.begin(), rows.end());
    trace_offsets_.push_back(static_cast<std::int64_t>(trace_order_.size()));
    for (std::size_t node = 0; node < alive.size(); ++node)
      if (network_.nodes[node].failable)
        trace_masks_.push_back(alive[node]);
  }

  Status write_trace() const {
    std::vector<std::string> nodes;
    for (const NodeDescription &node : network_.nodes)
      if (node.failable)
        nodes.emplace_back(node.name);
    std::map<std::string, NpyArray> arrays;
    arrays["loss"] = make_array(std::span<const double>(trace_loss_), {trace_loss_.size()});
    arrays["batch_offsets"] =
        make_array(std::span<const std::int64_t>(trace_offsets_), {trace_offsets_.size()});
    arrays["order"] =
        make_array(std::span<const std::int64_t>(trace_order_), {trace_order_.size()});
    arrays["masks"] =
        make_array(std::span<const std::uint8_t>(trace_masks_), {trace_loss_.size(), nodes.size()});
    arrays["nodes"] = make_array(nodes);
    for (const auto &[name, rows] :
         {std::pair("train", &data_.split.train), std::pair("validation", &data_.split.validation),
          std::pair("test", &data_.split.test)})
      arrays[name] = make_array(std::span<const std::int64_t>(*rows), {rows->size()});
    return write_npz(options_.trace, arrays);
  }

  const NetworkDescription &network_;
  const TrainingOptions &options_;
  Data data_;
  ThreadPool threads_;
  NetworkTrainer<T> trainer_;
  OptimizerState<T> optimizer_;
  std::vector<double> failout_;

  std::size_t epoch_ = 0, batch_ = 0, best_epoch_ = 0, loss_steps_ = 0;
  double best_accuracy_ = -1, loss_sum_ = 0, last_loss_ = 0;
  Snapshot best_;
  std::vector<double> history_loss_, history_accuracy_;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();

  std::vector<double> trace_loss_;
  std::vector<std::int64_t> trace_offsets_{0}, trace_order_;
  std::vector<std::uint8_t> trace_masks_;
};

} // namespace

std::string checkpoint_path(const TrainingOptions &options) { return options.out + ".checkpoint"; }

Expected<Outcome> train(const NetworkDescription &network, const TrainerFactory &factory,
                        const TrainingOptions &options, const std::atomic<bool> &interrupt) {
  if (options.data.empty() && options.train.empty())
    return Status::error("--data is required (or --train and --validation)");
  if (options.out.empty() && options.gradients.empty())
    return Status::error("--out is required");
  if (options.failout && network.scheme.substr(0, 9) != "resilinet")
    return Status::error("scheme " + std::string(network.scheme) +
                         " trains without failout: --failout is for resilinet and resilinet+");
  auto data = read_data(network, options);
  if (!data.ok())
    return data.status();
  if (options.f64)
    return Run<double>(network, factory, options, std::move(*data)).run(interrupt);
  return Run<float>(network, factory, options, std::move(*data)).run(interrupt);
}

} // namespace rnet::train
