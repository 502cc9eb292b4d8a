// The learning rate over a run.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/schedule.h"

#include <gtest/gtest.h>

using namespace rnet;
using namespace rnet::train;

namespace {

constexpr std::size_t kSteps = 10; // an epoch

TrainingRecipe recipe(Schedule schedule) {
  TrainingRecipe recipe;
  recipe.rate = 0.5;
  recipe.epochs = 8;
  recipe.schedule = schedule;
  return recipe;
}

TEST(LearningRate, IsConstantByDefault) {
  for (std::size_t step = 0; step < 80; ++step)
    EXPECT_EQ(learning_rate(recipe(Schedule::constant), step, kSteps), 0.5);
}

TEST(LearningRate, FallsInSteps) {
  TrainingRecipe steps = recipe(Schedule::step);
  steps.schedule_factor = 0.1;
  steps.schedule_every = 3;
  EXPECT_EQ(learning_rate(steps, 0, kSteps), 0.5);
  EXPECT_EQ(learning_rate(steps, 29, kSteps), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(steps, 30, kSteps), 0.05);
  EXPECT_DOUBLE_EQ(learning_rate(steps, 79, kSteps), 0.005);
}

TEST(LearningRate, FollowsACosineToNothing) {
  const TrainingRecipe cosine = recipe(Schedule::cosine);
  EXPECT_DOUBLE_EQ(learning_rate(cosine, 0, kSteps), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(cosine, 40, kSteps), 0.25);
  EXPECT_NEAR(learning_rate(cosine, 79, kSteps), 0, 1e-3);
  EXPECT_NEAR(learning_rate(cosine, 80, kSteps), 0, 1e-15); // the end, which no step has
  for (std::size_t step = 0; step < 79; ++step)
    EXPECT_GT(learning_rate(cosine, step, kSteps), learning_rate(cosine, step + 1, kSteps));
}

TEST(LearningRate, WarmsUpStepByStep) {
  for (Schedule schedule : {Schedule::constant, Schedule::step, Schedule::cosine}) {
    TrainingRecipe warm = recipe(schedule);
    warm.warmup = 2;
    EXPECT_DOUBLE_EQ(learning_rate(warm, 0, kSteps), 0.5 / 20);
    EXPECT_DOUBLE_EQ(learning_rate(warm, 9, kSteps), 0.25);
    EXPECT_DOUBLE_EQ(learning_rate(warm, 19, kSteps), 0.5);
    EXPECT_DOUBLE_EQ(learning_rate(warm, 20, kSteps), 0.5);
  }
  TrainingRecipe warm = recipe(Schedule::cosine);
  warm.warmup = 2;
  EXPECT_DOUBLE_EQ(learning_rate(warm, 50, kSteps), 0.25); // half of the six epochs that are left
  warm.warmup = 8;
  EXPECT_DOUBLE_EQ(learning_rate(warm, 79, kSteps), 0.5); // all of the run is warm-up
}

} // namespace
