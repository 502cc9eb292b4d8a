// A training run: epochs of steps, validation, the weights of the best epoch.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/training_run.h"

#include "augmentation.h"
#include "checkpoint.h"
#include "failout.h"
#include "failure_patterns.h"
#include "hardening.h"
#include "initialization.h"
#include "progress.h"
#include "trace.h"
#include "training_data.h"

#include "rnet/core/element.h"
#include "rnet/train/gradients.h"
#include "rnet/train/network_trainer.h"
#include "rnet/train/schedule.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <unistd.h>

namespace rnet::train {
namespace {

using nlohmann::ordered_json;

/// In the order of Schedule.
constexpr const char *kSchedules[] = {"constant", "step", "cosine"};

/// Null where there is none of this name.
const SettingDescription *find_setting(const NetworkDescription &network, std::string_view name) {
  const auto found =
      std::find_if(network.settings.begin(), network.settings.end(),
                   [&](const SettingDescription &setting) { return setting.name == name; });
  return found == network.settings.end() ? nullptr : &*found;
}

/// One run in one element type.
template <class T> class Run {
public:
  Run(const NetworkDescription &network, const TrainerFactory &factory,
      const TrainingOptions &options, TrainingData data)
      : network_(network), options_(options), data_(std::move(data)), threads_(options.threads),
        trainer_(network, make(factory, options.recipe.batch), options.recipe.batch, threads_),
        trained_(trainer_.parameters().begin(), trainer_.parameters().end()),
        optimizer_(options.recipe, trained_),
        failout_(network, options.failout, options.recipe,
                 find_setting(network, options.failout_as), options.cuts),
        distilled_(failout_.any() ? options.distill.value_or(options.recipe.distill) : 0),
        trace_(network, options.recipe.failout_per_row) {
    if (options.recipe.balanced)
      trainer_.weigh_classes(balance_classes(data_.metadata.class_counts));
    trainer_.distill(distilled_);
    trainer_.weigh_exits(options.recipe.exits);
  }

  Expected<Outcome> run(const std::atomic<bool> &interrupt) {
    if (Status status = start(); !status.ok())
      return status;
    const std::span<const std::int64_t> rows = data_.split.train;
    const std::size_t batch = options_.recipe.batch;
    if (!options_.gradients.empty()) {
      Status status = write_gradients(options_.gradients, network_, trainer_, data_.dataset,
                                      rows.first(std::min(batch, rows.size())));
      return status.ok() ? Expected<Outcome>(Outcome::finished) : status;
    }
    Progress progress(epochs_, state_.epoch, rows.size());
    while (state_.epoch < epochs_) {
      const std::size_t epoch = state_.epoch;
      const std::vector<std::int64_t> order = shuffle(epoch);
      BatchStream<T> batches(network_, data_.dataset, order, batch, state_.batch, changes(epoch));
      for (; state_.batch * batch < order.size(); ++state_.batch) {
        if (interrupt) {
          Status status = save();
          return status.ok() ? Expected<Outcome>(Outcome::interrupted) : status;
        }
        step(*batches.next());
        progress.step(epoch, std::min((state_.batch + 1) * batch, order.size()), last_loss_);
      }
      const bool best = finish_epoch();
      progress.epoch(epoch, state_.losses.back(), state_.accuracies.back(), best);
      if (state_.epoch < epochs_ && checkpoint_due())
        if (Status status = save(); !status.ok())
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

  Status start() {
    initialize(trainer_.parameters(), options_.recipe.seed);
    if (!options_.init.empty())
      if (Status status = read_first_weights(); !status.ok())
        return status;
    if (!options_.harden)
      fit_normalization(trainer_.parameters(), network_, data_.dataset,
                        std::span<const std::int64_t>(data_.split.train));
    state_.best = take_snapshot(trainer_.parameters());
    if (options_.recipe.failout_expected) {
      auto patterns = distinct_patterns(network_, failout_.probabilities());
      if (!patterns.ok())
        return patterns.status();
      patterns_ = std::move(*patterns);
    }
    return options_.resume ? load_checkpoint(checkpoint_path(options_), network_, identity(),
                                             trainer_.parameters(), optimizer_, state_)
                           : Status();
  }

  Status read_first_weights() {
    auto weights = WeightsFile::open(options_.init);
    if (!weights.ok())
      return weights.status();
    if (Status status = weights->verify(); !status.ok())
      return status;
    const auto parameters = trainer_.parameters();
    if (options_.harden)
      return freeze(*weights);
    if (!options_.init_layers) {
      Status status = weights->check(network_, /*topology=*/false);
      return status.ok() ? read_parameters(*weights, parameters) : status;
    }
    auto others = read_common_parameters(*weights, parameters);
    if (!others.ok())
      return others.status();
    const std::vector<std::string> copies = copy_originals(parameters, std::span(*others));
    std::fprintf(stderr, "%zu of %zu tensors come from %s\n",
                 parameters.size() - others->size() + copies.size(), parameters.size(),
                 options_.init.c_str());
    for (const std::string &name : *others)
      if (std::ranges::find(copies, name) == copies.end())
        std::fprintf(stderr, "made anew: %s\n", name.c_str());
    return {};
  }

  /// Takes over the tensors of a trained network for good. Of the others some copy those, some are
  /// averages of what it computes; the rest is trained.
  Status freeze(const WeightsFile &weights) {
    auto metadata = SplitMetadata::read(weights);
    if (!metadata.ok())
      return metadata.status();
    if (!metadata->same_parts(data_.metadata))
      return Status::error("'" + options_.init +
                           "' was trained on other rows: give the same data and split, or rows "
                           "that it has learnt would count as unseen");
    auto keep = [&](const std::string &name) {
      Scale scale;
      if (!weights.find(name))
        return Status();
      Status status = scale.load(weights, name);
      if (status.ok())
        kept_scales_.emplace(name, scale);
      return status;
    };
    for (std::size_t connection : scaled_connections())
      if (Status status = keep(Scale::name(network_.hyperconnections[connection].name));
          !status.ok())
        return status;
    for (const auto &[name, weight] : scaled_layers())
      if (Status status = keep(name); !status.ok())
        return status;
    auto others = read_common_parameters(weights, trainer_.parameters());
    if (!others.ok())
      return others.status();
    if (others->empty())
      return Status::error("there is nothing to train: '" + options_.init +
                           "' has every tensor of the network; a skip hyperconnection with a "
                           "projection would have some of its own");
    const std::vector<std::string> copies =
        copy_originals(trainer_.parameters(), std::span<const std::string>(*others));
    const std::size_t averages = fit_averages(trainer_, network_, data_.dataset,
                                              std::span<const std::int64_t>(data_.split.train),
                                              std::span<const std::string>(*others));
    auto has = [](const std::vector<std::string> &names, std::string_view name) {
      return std::ranges::find(names, name) != names.end();
    };
    for (Parameter<T> &parameter : trained_)
      if (const std::string_view name = parameter.description->name;
          !has(*others, name) || has(copies, name))
        parameter.gradient = {};
    optimizer_ = OptimizerState<T>(options_.recipe, trained_);
    const std::size_t learn = others->size() - copies.size() - averages;
    if (learn == 0)
      epochs_ = 0;
    std::fprintf(stderr, "%zu tensors of %s stay as they are, %zu are trained",
                 trained_.size() - others->size(), options_.init.c_str(), learn);
    if (copies.size() > 0)
      std::fprintf(stderr, "; %zu are copies", copies.size());
    if (averages > 0)
      std::fprintf(stderr, "; %zu are averages over its training rows", averages);
    std::fprintf(stderr, "\n");
    return {};
  }

  /// The training rows in the order of an epoch.
  std::vector<std::int64_t> shuffle(std::size_t epoch) const {
    std::vector<std::int64_t> order =
        Random(options_.recipe.seed, Stream::shuffle, static_cast<std::uint32_t>(epoch))
            .permutation(data_.split.train.size());
    for (std::int64_t &row : order)
      row = data_.split.train[static_cast<std::size_t>(row)];
    return order;
  }

  std::optional<BatchLoader::Changes> changes(std::size_t epoch) const {
    const TrainingRecipe &recipe = options_.recipe;
    if (!recipe.augmentation.any())
      return {};
    return BatchLoader::Changes{recipe.augmentation, recipe.seed,
                                static_cast<std::uint32_t>(epoch)};
  }

  void step(const Batch<T> &batch) {
    const std::size_t rows = options_.recipe.batch,
                      steps = (data_.split.train.size() + rows - 1) / rows,
                      number = state_.epoch * steps + state_.batch;
    const std::uint64_t seed = options_.recipe.seed;
    const auto counter = static_cast<std::uint32_t>(number);
    Masks masks; // stay empty where nothing is drawn
    if (patterns_.empty())
      masks = failout_.draw({counter, static_cast<std::uint32_t>(steps), batch.rows.size()});
    const auto result = patterns_.empty() ? trainer_.differentiate(batch, masks, seed, counter)
                                          : trainer_.differentiate(batch, patterns_, seed, counter);
    if (result.rows > 0) { // else nothing was learnt: no step at all
      optimizer_.update(threads_, trained_, learning_rate(options_.recipe, number, steps));
      last_loss_ = result.loss;
      state_.loss_sum += result.loss;
      ++state_.loss_steps;
    }
    if (!options_.trace.empty())
      trace_.step(batch.rows, masks.alive, result.loss);
  }

  /// Validates and goes on to the next epoch; true where the finished one is the best so far.
  bool finish_epoch() {
    const double accuracy =
        data_.split.validation.empty()
            ? std::nan("")
            : static_cast<double>(trainer_.count_right(data_.dataset, data_.split.validation)) /
                  static_cast<double>(data_.split.validation.size());
    state_.losses.push_back(state_.loss_steps
                                ? state_.loss_sum / static_cast<double>(state_.loss_steps)
                                : std::nan(""));
    state_.accuracies.push_back(accuracy);
    ++state_.epoch;
    state_.batch = 0;
    state_.loss_sum = 0;
    state_.loss_steps = 0;
    // A hardened network is always as good without failures, and one that never has all of its
    // hyperconnections is not to be judged by them all: the last epoch counts.
    const bool best = !options_.recipe.keep_best || options_.harden || !options_.cuts.empty() ||
                      std::isnan(accuracy) || accuracy > state_.best_accuracy;
    if (best) {
      state_.best_accuracy = std::isnan(accuracy) ? state_.best_accuracy : accuracy;
      state_.best_epoch = state_.epoch;
      state_.best = take_snapshot(trainer_.parameters());
    }
    return best;
  }

  Expected<Outcome> finish() {
    restore(state_.best, trainer_.parameters());
    const RunIdentity run = identity();
    auto metadata = run.metadata;
    metadata["rnet.settings"] = run.settings.dump();
    metadata["rnet.history"] = ordered_json{
        {"loss", state_.losses},
        {"validation_accuracy", state_.accuracies},
        {"best_epoch",
         state_.best_epoch}}.dump();
    std::vector<TensorToWrite> tensors = tensors_to_write(trainer_.parameters());
    const std::vector<std::pair<std::string, float>> scales = calibrate();
    for (const auto &[name, scale] : scales)
      tensors.push_back({name, {1}, std::span(&scale, 1), {}});
    if (Status status = write_weights(options_.out, tensors, metadata); !status.ok())
      return status;
    if (!options_.trace.empty())
      if (Status status = trace_.write(options_.trace, data_.split, patterns_); !status.ok())
        return status;
    ::unlink(checkpoint_path(options_).c_str());
    if (epochs_ > 0)
      std::fprintf(stderr, "weights of epoch %zu%s in %s\n", state_.best_epoch,
                   validation_text(" (", state_.accuracies[state_.best_epoch - 1], ")").c_str(),
                   options_.out.c_str());
    return Outcome::finished;
  }

  /// Hyperconnections that carry int8.
  std::vector<std::size_t> scaled_connections() const {
    std::vector<std::size_t> connections;
    for (std::size_t k = 0; k < network_.hyperconnections.size(); ++k)
      if (network_.hyperconnections[k].element == Element::int8)
        connections.push_back(k);
    return connections;
  }
  /// The scales of layers of int8, and the names of their weights, which are trained.
  std::map<std::string, std::string> scaled_layers() const {
    std::map<std::string, std::string> layers;
    for (const ParameterDescription &parameter : network_.parameters) {
      const std::string_view path = parameter.name.substr(0, parameter.name.rfind('.'));
      const std::string weight = std::string(path) + ".weight";
      if (Scale::is_name(parameter.name) &&
          std::ranges::any_of(network_.parameters,
                              [&](const auto &other) { return other.name == weight; }))
        layers.emplace(parameter.name, weight);
    }
    return layers;
  }

  /// All scales, by name. A hardened network keeps those that it had, and with them its answers.
  std::vector<std::pair<std::string, float>> calibrate() {
    std::vector<std::pair<std::string, float>> scales;
    const std::vector<std::size_t> connections = scaled_connections();
    const std::map<std::string, std::string> layers = scaled_layers();
    if (connections.empty() && layers.empty())
      return scales;
    const auto largest = trainer_.largest(
        data_.dataset, std::span<const std::int64_t>(data_.split.train), connections);
    auto add = [&](const std::string &name, double reach) {
      const auto kept = kept_scales_.find(name);
      scales.emplace_back(name, kept != kept_scales_.end()
                                    ? kept->second
                                    : Scale::reaching(static_cast<float>(reach)));
    };
    for (std::size_t k = 0; k < connections.size(); ++k)
      add(Scale::name(network_.hyperconnections[connections[k]].name),
          static_cast<double>(largest.carried[k]));
    for (const auto &[name, weight] : layers) {
      const auto taken = largest.taken.find(weight);
      add(name, taken == largest.taken.end() ? 0 : taken->second);
    }
    return scales;
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

  /// Threads are no part of it.
  RunIdentity identity() const {
    const TrainingRecipe &recipe = options_.recipe;
    RunIdentity run{describe(),
                    {{"optimizer", recipe.optimizer == Optimizer::adam ? "adam" : "sgd"},
                     {"rate", recipe.rate},
                     {"beta1", recipe.beta1},
                     {"beta2", recipe.beta2},
                     {"epsilon", recipe.epsilon},
                     {"momentum", recipe.momentum},
                     {"batch", recipe.batch},
                     {"epochs", recipe.epochs},
                     {"seed", recipe.seed},
                     {"keep_best", recipe.keep_best},
                     {"weight_decay", recipe.weight_decay},
                     {"class_weights", recipe.balanced ? "balanced" : "none"},
                     {"schedule", kSchedules[static_cast<std::size_t>(recipe.schedule)]},
                     {"schedule_factor", recipe.schedule_factor},
                     {"schedule_every", recipe.schedule_every},
                     {"warmup", recipe.warmup},
                     {"rotation", recipe.augmentation.rotation},
                     {"shift", recipe.augmentation.shift},
                     {"flip", recipe.augmentation.flip},
                     {"failout", failout_.probabilities()},
                     {"failout_per_row", recipe.failout_per_row},
                     {"failout_stratified", recipe.failout_stratified},
                     {"failout_expected", recipe.failout_expected},
                     {"distill", distilled_},
                     {"exits", recipe.exits},
                     {"init", options_.init},
                     {"harden", options_.harden}}};
    if (!options_.cuts.empty())
      run.settings["cuts"] = options_.cuts;
    return run;
  }

  bool checkpoint_due() {
    const auto now = std::chrono::steady_clock::now();
    if (now - saved_ < std::chrono::seconds(10))
      return false;
    saved_ = now;
    return true;
  }
  Status save() {
    return save_checkpoint(checkpoint_path(options_), identity(), trainer_.parameters(), optimizer_,
                           state_);
  }

  const NetworkDescription &network_;
  const TrainingOptions &options_;
  const TrainingData data_;
  ThreadPool threads_;
  NetworkTrainer<T> trainer_;
  std::vector<Parameter<T>> trained_; ///< as the trainer's; frozen ones without gradients
  OptimizerState<T> optimizer_;
  const Failout failout_;
  std::vector<WeighedPattern> patterns_;        ///< of the expected loss; none: failout draws
  std::size_t epochs_ = options_.recipe.epochs; ///< none where there is nothing to train
  const double distilled_; ///< a network that loses no node would be told what it says already: 0
  std::map<std::string, float> kept_scales_; ///< of the network that is hardened
  RunState<T> state_;
  Trace trace_;
  double last_loss_ = 0;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

} // namespace

/// Whether a trained network can be kept as it is within this one.
static Status check_hardening(const NetworkDescription &network) {
  if (network.scheme != "resilinet")
    return Status::error("--harden keeps the answers of a network without failures, which only "
                         "scheme resilinet does: skips count there only where a node is down; "
                         "this is scheme " +
                         std::string(network.scheme));
  for (const ParameterDescription &parameter : network.parameters)
    if (parameter.name.ends_with(".variance"))
      return Status::error("--harden cannot keep a batch normalisation as it is ('" +
                           std::string(parameter.name) + "'): its statistics change in training");
  return {};
}

/// Averages are of what a trained network computes, not of one that still learns.
static Status check_averages(const NetworkDescription &network) {
  for (const HyperconnectionDescription &connection : network.hyperconnections)
    if (const ParameterDescription *average = find_average(network, connection.name))
      return Status::error("the network has averages ('" + std::string(average->name) +
                           "'), which are those of a trained network: give one by --harden, or "
                           "leave them out of the spec");
  return {};
}

std::string checkpoint_path(const TrainingOptions &options) { return options.out + ".checkpoint"; }

Expected<Outcome> train(const NetworkDescription &network, const TrainerFactory &factory,
                        const TrainingOptions &options, const std::atomic<bool> &interrupt) {
  if (options.data.empty() && options.train.empty())
    return Status::error("--data is required (or --train and --validation)");
  if (options.out.empty() && options.gradients.empty())
    return Status::error("--out is required");
  if ((options.failout || !options.failout_as.empty() || options.distill) &&
      network.scheme.substr(0, 9) != "resilinet")
    return Status::error("scheme " + std::string(network.scheme) + " trains without failout: " +
                         (options.distill ? "--distill" : "--failout") +
                         " is for resilinet and resilinet+");
  if (!options.failout_as.empty() && !find_setting(network, options.failout_as)) {
    std::string known;
    for (const SettingDescription &setting : network.settings)
      known += (known.empty() ? "" : ", ") + std::string(setting.name);
    return Status::error("network '" + std::string(network.name) +
                         "' has no reliability setting '" + options.failout_as +
                         "'; it has: " + (known.empty() ? "none" : known));
  }
  for (const auto &[name, probability] : options.cuts)
    if (std::ranges::none_of(network.hyperconnections,
                             [&](auto &connection) { return connection.name == name; }))
      return Status::error("network '" + std::string(network.name) + "' has no hyperconnection '" +
                           name + "' to cut");
  if (options.recipe.augmentation.any() &&
      std::none_of(network.inputs.begin(), network.inputs.end(), is_image))
    return Status::error("the recipe changes images, but network '" + std::string(network.name) +
                         "' has no input of shape [height, width, channels]; --no-augment trains "
                         "on the data as they are");
  if (Status status = options.harden ? check_hardening(network) : check_averages(network);
      !status.ok())
    return status;
  auto data = read_training_data(network, options);
  if (!data.ok())
    return data.status();
  if (options.f64)
    return Run<double>(network, factory, options, std::move(*data)).run(interrupt);
  return Run<float>(network, factory, options, std::move(*data)).run(interrupt);
}

} // namespace rnet::train
