// The learning rate over a run.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"

#include <cmath>
#include <numbers>

namespace rnet::train {

/// Of step `step`, counted from the run's first, where an epoch has `per_epoch` steps.
///   warm-up (any schedule): rate * (step + 1) / steps of warm-up
///   step: rate * factor^(finished epochs / every, rounded down)
///   cosine: rate * (1 + cos(pi * t)) / 2, where t goes from 0 at the warm-up's end to 1 at the
///   run's
inline double learning_rate(const TrainingRecipe &recipe, std::size_t step, std::size_t per_epoch) {
  const std::size_t warmup = recipe.warmup * per_epoch, end = recipe.epochs * per_epoch;
  if (step < warmup)
    return recipe.rate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  switch (recipe.schedule) {
  case Schedule::constant:
    break;
  case Schedule::step:
    return recipe.rate * std::pow(recipe.schedule_factor,
                                  static_cast<double>(step / per_epoch / recipe.schedule_every));
  case Schedule::cosine:
    return recipe.rate / 2 *
           (1 + std::cos(std::numbers::pi * static_cast<double>(step - warmup) /
                         static_cast<double>(end - warmup)));
  }
  return recipe.rate;
}

} // namespace rnet::train
