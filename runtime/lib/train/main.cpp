// The command line of a trainer.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/main.h"

#include "rnet/train/training_run.h"

#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>
#include <thread>

namespace rnet::train {
namespace {

// A signal handler has nothing but globals.
std::atomic<bool> interrupted = false;
extern "C" void interrupt(int) { interrupted = true; }

} // namespace

int main(int argc, char **argv, const NetworkDescription &network, const TrainerFactory &factory) {
  CLI::App app{"Trains network '" + std::string(network.name) + "' (scheme " +
                   std::string(network.scheme) + ")",
               std::string(network.name) + "-train"};
  TrainingOptions options;
  options.recipe = network.recipe;
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  std::string element = "f32", split, weights = options.recipe.balanced ? "balanced" : "none";
  bool keep_images = false;
  auto *data =
      app.add_option("--data", options.data,
                     "dataset (.npz, .csv, CIFAR-10, a folder of images): split 80/10/10 unless it "
                     "says how itself");
  auto *train =
      app.add_option("--train", options.train, "training rows, instead of --data")->excludes(data);
  app.add_option("--validation", options.validation, "validation rows, with --train")->needs(train);
  app.add_option("--test", options.test, "test rows, with --train: the evaluator will ask for them")
      ->needs(train);
  app.add_option(
         "--input", options.selection.inputs,
         "NAME=ARRAY, ARRAY[:, K] or ARRAY[:, A:B]: what in the data is input NAME; once for "
         "each input that its name does not find")
      ->allow_extra_args(false);
  app.add_option("--label", options.selection.label,
                 "what in the data the labels are, as for --input; default: by name");
  app.add_flag("--resize", options.selection.resize, "resize images that have another size");
  app.add_option("--split", split,
                 "how to split --data: by chance or in file order; default: as the data say, or "
                 "random")
      ->check(CLI::IsMember({"random", "contiguous"}))
      ->excludes(train);
  app.add_option("--split-by", options.selection.group,
                 "array whose equal values stay in one part of the split")
      ->excludes(train);
  app.add_option("--out", options.out, "weights file to write");
  app.add_option("--epochs", options.recipe.epochs, "passes over the training rows")
      ->capture_default_str();
  app.add_option("--batch", options.recipe.batch, "rows a step")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--rate", options.recipe.rate, "learning rate")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--weight-decay", options.recipe.weight_decay,
                 "part of the weights that a step takes off, times the rate")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--class-weights", weights,
                 "balanced: each class weighs the same in the loss, however few its rows")
      ->check(CLI::IsMember({"none", "balanced"}))
      ->capture_default_str();
  app.add_flag("--no-augment", keep_images, "train on the images as they are");
  app.add_option("--seed", options.recipe.seed, "of first weights, order, failout and augmentation")
      ->capture_default_str();
  app.add_option("--split-seed", options.split_seed, "of the split of --data")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "no result depends on it")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  CLI::Option *failout =
      app.add_option("--failout", options.failout,
                     "failure probability of every failable node, instead of the spec's")
          ->check(CLI::Range(0.0, 1.0));
  app.add_option("--failout-as", options.failout_as,
                 "a reliability setting: each node is absent as often as it fails there")
      ->excludes(failout);
  app.add_option_function<std::vector<std::string>>(
         "--cut",
         [&options](const std::vector<std::string> &all) {
           for (const std::string &text : all) {
             const std::size_t equals = text.find('=');
             double often = 0;
             if (equals == std::string::npos ||
                 !CLI::detail::lexical_cast(text.substr(equals + 1), often) ||
                 !(often >= 0 && often <= 1))
               throw CLI::ValidationError("--cut", "'" + text + "' is not NAME=PROBABILITY");
             options.cuts[text.substr(0, equals)] = often;
           }
         },
         "NAME=P: hyperconnection NAME is cut with probability P in each row, beside failures "
         "(repeatable); the last epoch counts then")
      ->allow_extra_args(false);
  app.add_option("--distill", options.distill,
                 "share of the network's own answers without failures in what rows learn, instead "
                 "of the spec's; the rest is their label")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--exits", options.recipe.exits,
                 "weight of each exit's loss beside that of the output, instead of the spec's")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  CLI::Option *init = app.add_option("--init", options.init, "weights file to start from");
  app.add_flag(
         "--init-layers", options.init_layers,
         "the file may be of another cut of the same layers: take the tensors of equal name and "
         "shape, make the others anew")
      ->needs(init);
  CLI::Option *harden =
      app.add_option("--harden", options.init,
                     "weights file of a trained network without skips: keep its tensors as they "
                     "are, so that answers stay the same while nothing fails, and train only what "
                     "it lacks, the projections of skips")
          ->excludes(init);
  app.add_option("--element", element, "type to compute in")
      ->check(CLI::IsMember({"f32", "f64"}))
      ->capture_default_str();
  app.add_option("--trace", options.trace,
                 "write losses, order and failout masks of this run (.npz)");
  app.add_option(
      "--gradients", options.gradients,
      "write the gradients of one batch under every failure pattern (.npz), and train nothing");
  app.add_flag("--resume", options.resume,
               "go on from the checkpoint that an interrupted run left");
  CLI11_PARSE(app, argc, argv);
  options.f64 = element == "f64";
  options.harden = harden->count() > 0;
  if (!options.cuts.empty() && options.recipe.failout_expected) {
    // Every pattern, times every way to cut: rows are shared out among them instead.
    options.recipe.failout_expected = false;
    options.recipe.failout_per_row = options.recipe.failout_stratified = true;
  }
  options.recipe.balanced = weights == "balanced";
  if (keep_images)
    options.recipe.augmentation = {};
  if (!split.empty())
    options.split = split == "random" ? SplitKind::random : SplitKind::contiguous;

  struct sigaction action = {};
  action.sa_handler = interrupt;
  action.sa_flags = SA_RESETHAND; // a second Ctrl-C ends the process at once
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);

  auto outcome = rnet::train::train(network, factory, options, interrupted);
  if (!outcome.ok()) {
    std::cerr << "error: " << outcome.message() << "\n";
    return 1;
  }
  if (*outcome == Outcome::interrupted) {
    std::cerr << "\ninterrupted; the state is in " << checkpoint_path(options)
              << ": repeat the command with --resume to go on\n";
    return 130;
  }
  return 0;
}

} // namespace rnet::train
