// Accuracy under every failure pattern.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/evaluate.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace rnet::evaluate {

std::vector<std::size_t> failable_nodes(const NetworkDescription &network) {
  std::vector<std::size_t> nodes;
  for (std::size_t node = 0; node < network.nodes.size(); ++node)
    if (network.nodes[node].failable)
      nodes.push_back(node);
  return nodes;
}

double Evaluation::accuracy(DownSet down) const {
  for (const Pattern &pattern : patterns)
    if (pattern.down == down)
      return pattern.accuracy;
  return 0;
}

double Evaluation::expected(const SettingDescription &setting) const {
  double sum = 0;
  for (const Pattern &pattern : patterns) {
    double probability = 1;
    for (std::size_t node = 0; node < setting.reliability.size(); ++node)
      probability *=
          pattern.down >> node & 1 ? 1 - setting.reliability[node] : setting.reliability[node];
    sum += probability * pattern.accuracy;
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

  /// Counts right answers of rows [begin, begin + batch) into `right`, per pattern.
  void run(std::size_t begin, std::vector<Pattern> &patterns, std::vector<std::size_t> &right,
           bool keep) {
    const std::size_t count = std::min(batch_, rows_.size() - begin),
                      classes = network_.outputs[0].width;
    for (std::size_t k = 0; k < gathered_.size(); ++k) {
      const std::size_t width = network_.inputs[k].width;
      for (std::size_t row = 0; row < count; ++row)
        std::copy_n(dataset_.inputs[k].data() +
                        static_cast<std::size_t>(rows_[begin + row]) * width,
                    width, gathered_[k].data() + row * width);
    }
    for (std::size_t p = 0; p < patterns.size(); ++p) {
      if (!patterns[p].usage.flow)
        continue;
      forward_.run(pointers_, count, patterns[p].down);
      const Tensor<const float> output = forward_.output();
      for (std::size_t row = 0; row < count; ++row) {
        const float *values = output.data + row * row_stride(classes);
        const auto answer = std::max_element(values, values + classes) - values;
        right[p] += answer == dataset_.labels[static_cast<std::size_t>(rows_[begin + row])];
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
  Evaluation result{rows.size(), 0, {}};
  const std::vector<std::int64_t> counts = count_classes(dataset, rows, classes);
  double trained = 0;
  for (std::int64_t count : class_counts)
    trained += static_cast<double>(count);
  for (std::size_t k = 0; k < classes; ++k)
    result.guess += static_cast<double>(class_counts[k]) / trained *
                    static_cast<double>(counts[k]) / static_cast<double>(rows.size());

  const std::vector<std::size_t> nodes = failable_nodes(network);
  for (std::uint64_t bits = 0; bits < std::uint64_t(1) << nodes.size(); ++bits) {
    DownSet down = 0;
    for (std::size_t k = 0; k < nodes.size(); ++k)
      down |= DownSet(bits >> k & 1) << nodes[k];
    Pattern pattern{down, find_usage(network, down), 0, {}};
    if (options.keep_outputs)
      pattern.output.resize(rows.size() * classes);
    result.patterns.push_back(std::move(pattern));
  }

  // Chunks of rows, taken in turn; counts add up the same in any order.
  std::atomic<std::size_t> next = 0;
  const std::size_t chunks = (rows.size() + options.batch - 1) / options.batch;
  const std::size_t threads = std::max<std::size_t>(1, std::min(options.threads, chunks));
  std::vector<std::vector<std::size_t>> right(threads,
                                              std::vector<std::size_t>(result.patterns.size()));
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
    std::size_t sum = 0;
    for (const auto &counts : right)
      sum += counts[p];
    Pattern &pattern = result.patterns[p];
    pattern.accuracy = pattern.usage.flow
                           ? static_cast<double>(sum) / static_cast<double>(rows.size())
                           : result.guess;
  }
  return result;
}

} // namespace rnet::evaluate
