// Times three ways to evaluate every failure pattern of a network, on one batch of noise and one
// thread. It takes the place of the evaluator's main, so the programs are those that are evaluated
// and deployed; reading data and scoring answers, which are the same for all, are left out.
//
//   time-evaluator FOLDER ROWS ROUNDS     puts random weights into FOLDER; prints nanoseconds, a
//   line a round:
//       FULL SKIPPING SHARED
//
// FULL: a whole pass for each of the 2^n patterns, in which every node computes. SKIPPING: a pass
// for each pattern in which information flows; nodes that are down or that nothing reaches do not
// compute. SHARED: each distinct state of a node once.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../any_weights.h"
#include "../speed/rounds.h"
#include "rnet/evaluate/evaluate.h"
#include "rnet/evaluate/main.h"
#include "rnet/evaluate/shared_forward.h"

#include <cstring>
#include <random>

namespace rnet::evaluate {

int main(int argc, char **argv, const NetworkDescription &network,
         std::span<Program *const> programs) {
  if (argc != 4)
    speed::fail("usage: time-evaluator FOLDER ROWS ROUNDS");
  const auto check = [](const Status &status) {
    if (!status.ok())
      speed::fail(status.message());
  };
  const auto weights = make_any_weights(network, std::string(argv[1]) + "/weights.safetensors");
  check(weights.status());
  for (Program *program : programs)
    check(program->load(*weights));
  const auto rows = static_cast<std::size_t>(std::atol(argv[2]));
  const int rounds = std::atoi(argv[3]);

  const PatternSet set = all_patterns(network);
  const Plan plan = make_plan(network, set.patterns);
  Forward forward(network, programs, rows);
  SharedForward shared(network, programs, plan, rows);
  std::mt19937 random(1);
  std::normal_distribution<float> normal(2, 3);
  std::vector<std::vector<float>> inputs;
  std::vector<const float *> pointers;
  for (std::size_t k = 0; k < network.inputs.size(); ++k) {
    const std::size_t width = network.inputs[k].width;
    inputs.emplace_back(rows * width);
    for (float &value : inputs[k])
      value = normal(random);
    pointers.push_back(inputs[k].data());
    for (std::size_t row = 0; row < rows; ++row)
      std::copy_n(inputs[k].data() + row * width, width, shared.input_row(k, row));
  }

  // All answers of both ways are the same bits, before anything is timed.
  const std::size_t classes = network.outputs[0].width;
  std::vector<std::vector<float>> answers(plan.used.size(), std::vector<float>(rows * classes));
  shared.run(rows, [&](std::size_t answer, const Tensor<const float> &output) {
    for (std::size_t row = 0; row < rows; ++row)
      std::copy_n(output.row(row), classes, answers[answer].data() + row * classes);
  });
  std::size_t flowing = 0;
  for (std::size_t p = 0; p < set.patterns.size(); ++p) {
    if (plan.answers[p] == Plan::kNone)
      continue;
    ++flowing;
    forward.run(pointers, rows, set.patterns[p]);
    const Tensor<const float> output = forward.output(plan.heads[plan.answers[p]]);
    for (std::size_t row = 0; row < rows; ++row)
      if (std::memcmp(output.row(row), answers[plan.answers[p]].data() + row * classes,
                      classes * sizeof(float)) != 0)
        speed::fail("a shared answer differs from that of a pass");
  }
  std::fprintf(stderr,
               "%zu patterns, %zu with flow, %zu distinct answers, %zu distinct states of nodes, "
               "%.0f kB of activations a row\n",
               set.patterns.size(), flowing, plan.used.size(), plan.steps.size(),
               static_cast<double>(plan.row_bytes()) / 1e3);

  using Clock = std::chrono::steady_clock;
  const auto time = [](const auto &work) {
    const auto begin = Clock::now();
    work();
    return static_cast<long long>(std::chrono::nanoseconds(Clock::now() - begin).count());
  };
  for (int round = 0; round < rounds; ++round) {
    const auto full = time([&] {
      for (std::size_t p = 0; p < set.patterns.size(); ++p)
        forward.run(pointers, rows, 0);
    });
    const auto skipping = time([&] {
      for (std::size_t p = 0; p < set.patterns.size(); ++p)
        if (plan.answers[p] != Plan::kNone)
          forward.run(pointers, rows, set.patterns[p]);
    });
    const auto once = time([&] { shared.run(rows, [](std::size_t, const auto &) {}); });
    std::printf("%lld %lld %lld\n", full, skipping, once);
    std::fflush(stdout);
  }
  return 0;
}

} // namespace rnet::evaluate
