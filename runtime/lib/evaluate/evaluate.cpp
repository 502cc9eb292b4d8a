// Accuracy under every failure pattern.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/evaluate.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>

namespace rnet::evaluate {

std::vector<std::size_t> failable_nodes(const NetworkDescription &network) {
  std::vector<std::size_t> nodes;
  for (std::size_t node = 0; node < network.nodes.size(); ++node)
    if (network.nodes[node].failable)
      nodes.push_back(node);
  return nodes;
}

Score Evaluation::score(DownSet down) const {
  for (const Pattern &pattern : patterns)
    if (pattern.down == down)
      return pattern.score;
  return {};
}

Score Evaluation::expected(const SettingDescription &setting) const {
  Score sum{};
  for (const Pattern &pattern : patterns) {
    double probability = 1;
    for (std::size_t node = 0; node < setting.reliability.size(); ++node)
      probability *=
          pattern.down >> node & 1 ? 1 - setting.reliability[node] : setting.reliability[node];
    sum.accuracy += probability * pattern.score.accuracy;
    sum.balanced += probability * pattern.score.balanced;
  }
  return sum;
}

namespace {

/// One thread's work: chunks of rows, every pattern of each.
class Worker {
public:
  Worker(const NetworkDescription &network, std::span<Program *const> programs,
         const Dataset &dataset, const std::vector<std::int64_t> &rows, std::size_t batch)
      : network_(network), dataset_(dataset), rows_(rows), batch_(batch),
        forward_(network, programs, batch) {
    for (const InputDescription &input : network.inputs)
      gathered_.emplace_back(batch * input.width);
    for (const auto &input : gathered_)
      pointers_.push_back(input.data());
  }

  /// Counts right answers of rows [begin, begin + batch) into `right`: [pattern][class].
  void run(std::size_t begin, std::vector<Pattern> &patterns, std::vector<std::size_t> &right,
           bool keep) {
    const std::size_t count = std::min(batch_, rows_.size() - begin),
                      classes = network_.outputs[0].width;
    for (std::size_t k = 0; k < gathered_.size(); ++k) {
      const std::size_t width = network_.inputs[k].width;
      for (std::size_t row = 0; row < count; ++row)
        dataset_.copy_row(k, static_cast<std::size_t>(rows_[begin + row]),
                          gathered_[k].data() + row * width);
    }
    for (std::size_t p = 0; p < patterns.size(); ++p) {
      if (!patterns[p].usage.flow)
        continue;
      forward_.run(pointers_, count, patterns[p].down);
      const Tensor<const float> output = forward_.output();
      for (std::size_t row = 0; row < count; ++row) {
        const float *values = output.data + row * row_stride(classes);
        const auto answer = std::max_element(values, values + classes) - values;
        const auto label = dataset_.labels[static_cast<std::size_t>(rows_[begin + row])];
        right[p * classes + static_cast<std::size_t>(label)] += answer == label;
        if (keep)
          std::copy_n(values, classes, patterns[p].output.data() + (begin + row) * classes);
      }
    }
  }

private:
  const NetworkDescription &network_;
  const Dataset &dataset_;
  const std::vector<std::int64_t> &rows_;
  std::size_t batch_;
  Forward forward_;
  std::vector<std::vector<float>> gathered_;
  std::vector<const float *> pointers_;
};

} // namespace

Evaluation evaluate(const NetworkDescription &network, std::span<Program *const> programs,
                    const Dataset &dataset, const std::vector<std::int64_t> &rows,
                    const std::vector<std::int64_t> &class_counts,
                    const EvaluationOptions &options) {
  const std::size_t classes = network.outputs[0].width;
  Evaluation result{rows.size(), {}, {}};
  const std::vector<std::int64_t> counts = count_classes(dataset, rows, classes);
  const double total = static_cast<double>(rows.size());
  const auto present = static_cast<double>(classes) -
                       static_cast<double>(std::count(counts.begin(), counts.end(), 0));
  const double trained = std::accumulate(class_counts.begin(), class_counts.end(), 0.0);
  for (std::size_t k = 0; k < classes; ++k) {
    const double frequency = static_cast<double>(class_counts[k]) / trained;
    result.guess.accuracy += frequency * static_cast<double>(counts[k]) / total;
    result.guess.balanced += counts[k] ? frequency / present : 0;
  }

  const std::vector<std::size_t> nodes = failable_nodes(network);
  for (std::uint64_t bits = 0; bits < std::uint64_t(1) << nodes.size(); ++bits) {
    DownSet down = 0;
    for (std::size_t k = 0; k < nodes.size(); ++k)
      down |= DownSet(bits >> k & 1) << nodes[k];
    Pattern pattern{down, find_usage(network, down), result.guess, {}};
    if (options.keep_outputs)
      pattern.output.resize(rows.size() * classes);
    result.patterns.push_back(std::move(pattern));
  }

  // Chunks of rows, taken in turn; counts add up the same in any order.
  std::atomic<std::size_t> next = 0;
  const std::size_t chunks = (rows.size() + options.batch - 1) / options.batch;
  const std::size_t threads = std::max<std::size_t>(1, std::min(options.threads, chunks));
  std::vector<std::vector<std::size_t>> right(
      threads, std::vector<std::size_t>(result.patterns.size() * classes));
  auto work = [&](std::size_t thread) {
    Worker worker(network, programs, dataset, rows, options.batch);
    for (std::size_t chunk; (chunk = next++) < chunks;)
      worker.run(chunk * options.batch, result.patterns, right[thread], options.keep_outputs);
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t thread = 1; thread < threads; ++thread)
      others.emplace_back(work, thread);
    work(0);
  }
  for (std::size_t p = 0; p < result.patterns.size(); ++p) {
    if (!result.patterns[p].usage.flow)
      continue;
    std::size_t sum = 0;
    double balanced = 0;
    for (std::size_t k = 0; k < classes; ++k) {
      std::size_t of_class = 0;
      for (const auto &counted : right)
        of_class += counted[p * classes + k];
      sum += of_class;
      balanced += counts[k] ? static_cast<double>(of_class) / static_cast<double>(counts[k]) : 0;
    }
    result.patterns[p].score = {static_cast<double>(sum) / total, balanced / present};
  }
  return result;
}

} // namespace rnet::evaluate
