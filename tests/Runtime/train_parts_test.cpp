// What surrounds the steps of a run: first values, progress.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "initialization.h"
#include "progress.h"

#include "toy_trainer.h"

#include <fcntl.h>
#include <numeric>

using namespace rnet;
using namespace rnet::train;
using namespace rnet::test;

namespace {

//===-- Parameters ----------------------------------------------------------------------------===//

TEST(ParameterStore, GivesEachParameterMemoryOfItsOwn) {
  ParameterStore<double> store(toy_described);
  ASSERT_EQ(store.span().size(), std::size(toy_described));
  std::vector<std::pair<const double *, const double *>> ranges;
  for (const Parameter<double> &parameter : store.span()) {
    const std::size_t count = ParameterStore<double>::elements(*parameter.description);
    EXPECT_EQ(parameter.value.size(), count);
    EXPECT_EQ(parameter.gradient.size(), parameter.description->trainable ? count : 0);
    for (std::span<double> span : {parameter.value, parameter.gradient}) {
      if (span.empty())
        continue;
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(span.data()) % 64, 0u);
      EXPECT_EQ(std::count(span.begin(), span.end(), 0.0), static_cast<std::ptrdiff_t>(count));
      ranges.push_back({span.data(), span.data() + span.size()});
    }
  }
  std::sort(ranges.begin(), ranges.end());
  for (std::size_t k = 1; k < ranges.size(); ++k)
    EXPECT_LE(ranges[k - 1].second, ranges[k].first);
}

TEST(Initialization, IsGlorotUniformWithZeroBiases) {
  ParameterStore<double> store(toy_described);
  for (const Parameter<double> &parameter : store.span())
    std::fill(parameter.value.begin(), parameter.value.end(), 99.0);
  initialize(store.span(), 5);
  for (const Parameter<double> &parameter : store.span()) {
    const auto &value = parameter.value;
    SCOPED_TRACE(parameter.description->name);
    if (parameter.description->initializer != Initializer::glorot_uniform) {
      const double constant = parameter.description->initializer == Initializer::ones ? 1 : 0;
      for (double element : value)
        EXPECT_EQ(element, constant);
      continue;
    }
    const double limit = std::sqrt(6.0 / static_cast<double>(parameter.description->shape[0] +
                                                             parameter.description->shape[1]));
    double sum = 0, squares = 0, largest = 0;
    for (double element : value) {
      largest = std::max(largest, std::abs(element));
      sum += element;
      squares += element * element;
    }
    const double count = static_cast<double>(value.size());
    EXPECT_LE(largest, limit * (1 + 1e-7));
    EXPECT_GT(largest, 0.9 * limit);
    // Four standard errors of the mean and of the mean square, limit^2 / 3.
    EXPECT_NEAR(sum / count, 0, 4 * limit / std::sqrt(3 * count));
    EXPECT_NEAR(squares / count, limit * limit / 3, 4 * limit * limit * 0.3 / std::sqrt(count));
  }
}

TEST(Initialization, FollowsTheSeedAndIsTheSameInBothTypes) {
  ParameterStore<double> doubles(toy_described), others(toy_described);
  ParameterStore<float> floats(toy_described);
  initialize(doubles.span(), 5);
  initialize(floats.span(), 5);
  initialize(others.span(), 6);
  for (std::size_t p = 0; p < std::size(toy_described); ++p) {
    SCOPED_TRACE(toy_described[p].name);
    for (std::size_t k = 0; k < doubles[p].value.size(); ++k)
      EXPECT_EQ(doubles[p].value[k], static_cast<double>(floats[p].value[k]));
    EXPECT_EQ(std::equal(doubles[p].value.begin(), doubles[p].value.end(), others[p].value.begin()),
              toy_described[p].initializer != Initializer::glorot_uniform);
  }
  // b and c have the same shape, and streams of their own.
  EXPECT_FALSE(
      std::equal(doubles[4].value.begin(), doubles[4].value.end(), doubles[6].value.begin()));
}

TEST(Normalization, IsOfTheTrainingRowsOnly) {
  Dataset dataset;
  dataset.rows = 4;
  dataset.inputs = {{kInput, std::vector<float>{1,         5,    0,      0,    -3,  /**/ 3, 5,  0,
                                                1,         -3,   /**/ 8, 5,    0,   2,      -3,
                                                /**/ 1e6f, 1e6f, 1e6f,   1e6f, 1e6f}}};
  const std::int64_t rows[] = {0, 1, 2};
  ParameterStore<double> store(toy_described);
  fit_normalization(store.span(), toy, dataset, rows);
  const double mean[] = {4, 5, 0, 1, -3};
  const double deviation[] = {std::sqrt((9.0 + 1 + 16) / 3), 1, 1, std::sqrt(2.0 / 3), 1};
  for (std::size_t k = 0; k < kInput; ++k) {
    EXPECT_DOUBLE_EQ(store[0].value[k], mean[k]);
    EXPECT_DOUBLE_EQ(store[1].value[k], deviation[k]) << "a deviation of 0 counts as 1";
  }
}

//===-- Progress ------------------------------------------------------------------------------===//

void report(std::size_t steps) {
  Progress progress(3, 1, 100);
  for (std::size_t k = 1; k <= steps; ++k) {
    progress.step(1, k, 0.75);
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
  }
  progress.epoch(1, 0.5, 0.8125, true);
  progress.epoch(2, 0.25, 0.75, false);
}

TEST(Progress, IsOneLineAnEpochWhereThereIsNoTerminal) {
  testing::internal::CaptureStderr();
  report(3);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  EXPECT_EQ(text.find('\r'), std::string::npos) << text;
  EXPECT_EQ(text.find('\033'), std::string::npos) << text;
  EXPECT_EQ(text.find("epoch 2/3  loss 0.5000  validation accuracy 81.25% (best)  "), 0u) << text;
  EXPECT_NE(text.find("\nepoch 3/3  loss 0.2500  validation accuracy 75.00%  "), std::string::npos)
      << text;
}

TEST(Progress, SaysNothingOfValidationWhereNoRowValidated) {
  testing::internal::CaptureStderr();
  Progress(3, 1, 100).epoch(1, 0.5, std::nan(""), true);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("epoch 2/3  loss 0.5000  "), 0u) << text;
  EXPECT_NE(text.find(" rows/s\n"), std::string::npos) << text;
  EXPECT_EQ(text.find('%'), std::string::npos) << text;
  EXPECT_EQ(text.find("best"), std::string::npos) << text;
}

TEST(Progress, IsALiveBarOnATerminal) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(::grantpt(terminal), 0);
  ASSERT_EQ(::unlockpt(terminal), 0);
  const int end = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
  ASSERT_GE(end, 0);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(end, STDERR_FILENO);
  report(3);
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  // What was written comes through in pieces, and a terminal whose other end is closed may lose
  // some.
  ASSERT_EQ(::fcntl(terminal, F_SETFL, O_NONBLOCK), 0);
  std::string text;
  char buffer[4096];
  for (int tries = 0; tries < 200 && text.find("epoch 3/3") == std::string::npos; ++tries) {
    for (ssize_t count; (count = ::read(terminal, buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(count));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ::close(end);
  ::close(terminal);
  EXPECT_NE(text.find("\r\033[Kepoch 2/3 [#"), std::string::npos) << text;
  EXPECT_NE(text.find("loss 0.7500"), std::string::npos) << text;
  EXPECT_NE(text.find("\r\033[Kepoch 2/3  loss 0.5000"), std::string::npos) << text;
}

} // namespace
