// Accuracy under failure patterns.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/evaluate.h"

#include "rnet/evaluate/shared_forward.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <numeric>
#include <thread>

namespace rnet::evaluate {

Score Evaluation::score(DownSet down) const {
  for (const Pattern &pattern : patterns)
    if (pattern.down == down)
      return pattern.score;
  return {};
}

namespace {

/// What all threads share: what to run, and room for what comes of it.
struct Task {
  const NetworkDescription &network;
  std::span<Program *const> programs;
  const Dataset &dataset;
  const std::vector<std::int64_t> &rows;
  Plan plan;
  std::vector<std::vector<double>> weights; ///< [setting][answer]
  /// [setting][row]: the weights of the answers that are right.
  std::vector<std::vector<double>> right_weight;
  std::vector<std::vector<float>> *outputs; ///< [answer], or null

  std::size_t classes() const { return network.outputs[0].width; }
  std::int32_t label(std::size_t row) const {
    return dataset.labels[static_cast<std::size_t>(rows[row])];
  }
};

/// One thread's work: chunks of rows, every answer of each.
class Worker {
public:
  Worker(Task &task, std::size_t batch)
      : task_(task), batch_(batch), forward_(task.network, task.programs, task.plan, batch),
        right_(task.plan.used.size() * task.classes()) {}

  void run(std::size_t begin) {
    const std::size_t count = std::min(batch_, task_.rows.size() - begin);
    for (std::size_t k = 0; k < task_.network.inputs.size(); ++k)
      for (std::size_t row = 0; row < count; ++row)
        task_.dataset.copy_row(k, static_cast<std::size_t>(task_.rows[begin + row]),
                               forward_.input_row(k, row));
    forward_.run(count, [&](std::size_t answer, const Tensor<const float> &output) {
      for (std::size_t row = 0; row < count; ++row)
        score(answer, begin + row, output.row(row));
    });
  }
  /// Right answers so far: [answer][class].
  const std::vector<std::size_t> &right() const { return right_; }

private:
  void score(std::size_t answer, std::size_t row, const float *values) {
    const std::size_t classes = task_.classes();
    const auto label = task_.label(row);
    if (std::max_element(values, values + classes) - values == label) {
      ++right_[answer * classes + static_cast<std::size_t>(label)];
      for (std::size_t s = 0; s < task_.weights.size(); ++s)
        task_.right_weight[s][row] += task_.weights[s][answer];
    }
    if (task_.outputs)
      std::copy_n(values, classes, (*task_.outputs)[answer].data() + row * classes);
  }

  Task &task_;
  std::size_t batch_;
  SharedForward forward_;
  std::vector<std::size_t> right_;
};

/// Runs all rows in chunks, which threads take in turn; counts add up the same in any order.
/// Returns right answers, [answer][class].
std::vector<std::size_t> run(Task &task, const EvaluationOptions &options) {
  std::size_t threads = std::max<std::size_t>(1, options.threads);
  const std::size_t fit =
                        options.memory / threads / std::max<std::size_t>(1, task.plan.row_bytes()),
                    batch = std::clamp<std::size_t>(fit, 1, options.batch),
                    chunks = (task.rows.size() + batch - 1) / batch;
  threads = std::min(threads, chunks);
  std::atomic<std::size_t> next = 0;
  std::vector<std::size_t> right(task.plan.used.size() * task.classes());
  std::mutex mutex;
  auto work = [&] {
    Worker worker(task, batch);
    for (std::size_t chunk; (chunk = next++) < chunks;)
      worker.run(chunk * batch);
    std::lock_guard lock(mutex);
    std::transform(right.begin(), right.end(), worker.right().begin(), right.begin(),
                   std::plus<>());
  };
  std::vector<std::jthread> others;
  for (std::size_t thread = 1; thread < threads; ++thread)
    others.emplace_back(work);
  work();
  others.clear(); // joins
  return right;
}

/// Of the accuracy where information flows: Wilson's for the number of rows that would be as
/// certain if each were just right or wrong. Rows are more certain than that, as far as each is
/// right in some patterns and wrong in others.
Interval row_interval(const std::vector<double> &fractions) {
  const auto n = static_cast<double>(fractions.size());
  const double mean =
      std::clamp(std::accumulate(fractions.begin(), fractions.end(), 0.0) / n, 0.0, 1.0);
  double variance = 0;
  for (double fraction : fractions)
    variance += (fraction - mean) * (fraction - mean) / n;
  const double binary = mean * (1 - mean);
  return wilson(mean, binary > 0 && variance > 0 ? std::max(n, n * binary / variance) : n);
}

Expectation expect(const Evaluation &result, const PatternWeights &weights,
                   std::vector<double> right_weight) {
  Expectation expected{};
  double flow = 0, drawn_sum = 0;
  for (std::size_t p = 0; p < result.patterns.size(); ++p) {
    const Pattern &pattern = result.patterns[p];
    const double weight = weights.weight(p);
    expected.score.accuracy += weight * pattern.score.accuracy;
    expected.score.balanced += weight * pattern.score.balanced;
    flow += pattern.usage.flow ? weight : 0;
    drawn_sum += weights.draws[p] * pattern.score.accuracy;
  }
  expected.score.accuracy += weights.rest * result.guess.accuracy;
  expected.score.balanced += weights.rest * result.guess.balanced;

  const double accuracy = expected.score.accuracy;
  expected.patterns = {accuracy, accuracy};
  if (weights.drawn > 1) {
    const auto drawn = static_cast<double>(weights.drawn);
    double variance = 0;
    for (std::size_t p = 0; p < result.patterns.size(); ++p) {
      const double off = result.patterns[p].score.accuracy - drawn_sum / drawn;
      variance += weights.draws[p] * off * off / (drawn - 1);
    }
    const double reach = kDeviations95 * weights.drawn_for * std::sqrt(variance / drawn);
    expected.patterns = {std::max(0.0, accuracy - reach), std::min(1.0, accuracy + reach)};
  }
  // What no pattern counts for may all be wrong, or all be right.
  expected.patterns.low -= weights.rest * result.guess.accuracy;
  expected.patterns.high += weights.rest * (1 - result.guess.accuracy);

  expected.test_rows = {accuracy, accuracy};
  if (flow > 0) {
    for (double &weight : right_weight)
      weight = std::clamp(weight / flow, 0.0, 1.0);
    const double mean = std::accumulate(right_weight.begin(), right_weight.end(), 0.0) /
                        static_cast<double>(right_weight.size());
    const Interval interval = row_interval(right_weight);
    expected.test_rows = {accuracy + flow * (interval.low - mean),
                          accuracy + flow * (interval.high - mean)};
  }
  return expected;
}

/// Recalls of the classes that have rows, on average.
double balance(std::span<const double> right, const std::vector<std::int64_t> &counts) {
  double sum = 0, present = 0;
  for (std::size_t k = 0; k < counts.size(); ++k)
    if (counts[k]) {
      sum += right[k] / static_cast<double>(counts[k]);
      ++present;
    }
  return sum / present;
}

/// Of guessing by the class frequencies of training, on rows of which `counts` are of each class.
Score guess(const std::vector<std::int64_t> &class_counts,
            const std::vector<std::int64_t> &counts) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0),
               trained = std::accumulate(class_counts.begin(), class_counts.end(), 0.0);
  std::vector<double> right;
  for (std::size_t k = 0; k < counts.size(); ++k)
    right.push_back(static_cast<double>(class_counts[k]) / trained *
                    static_cast<double>(counts[k]));
  return {std::accumulate(right.begin(), right.end(), 0.0) / total, balance(right, counts)};
}

} // namespace

Evaluation evaluate(const NetworkDescription &network, std::span<Program *const> programs,
                    const Dataset &dataset, const std::vector<std::int64_t> &rows,
                    const std::vector<std::int64_t> &class_counts, const PatternSet &set,
                    const EvaluationOptions &options) {
  Task task{network, programs, dataset, rows, make_plan(network, set.patterns, options.cut),
            {},      {},       {}};
  const std::size_t classes = task.classes(), answers = task.plan.used.size();
  const std::vector<std::int64_t> counts = count_classes(dataset, rows, classes);
  Evaluation result{};
  result.samples = rows.size();
  result.guess = guess(class_counts, counts);
  result.complete = set.complete;
  result.runs = task.plan.steps.size();
  if (options.keep_outputs) {
    result.outputs.assign(answers, std::vector<float>(rows.size() * classes));
    result.nothing.resize(rows.size() * classes);
    task.outputs = &result.outputs;
  }
  for (const PatternWeights &setting : set.settings) {
    std::vector<double> &weights = task.weights.emplace_back(answers);
    for (std::size_t p = 0; p < set.patterns.size(); ++p)
      if (const std::size_t answer = task.plan.answers[p]; answer != Plan::kNone)
        weights[answer] += setting.weight(p);
    task.right_weight.emplace_back(rows.size());
  }

  const std::vector<std::size_t> right = run(task, options);

  std::vector<Score> scores;
  for (std::size_t answer = 0; answer < answers; ++answer) {
    const std::vector<double> of_class(right.begin() + static_cast<long>(answer * classes),
                                       right.begin() + static_cast<long>((answer + 1) * classes));
    scores.push_back(
        {std::accumulate(of_class.begin(), of_class.end(), 0.0) / static_cast<double>(rows.size()),
         balance(of_class, counts)});
  }
  for (std::size_t p = 0; p < set.patterns.size(); ++p) {
    const std::size_t answer = task.plan.answers[p];
    const bool flow = answer != Plan::kNone;
    result.patterns.push_back(
        {set.patterns[p],
         flow ? Usage{task.plan.used[answer], true, task.plan.heads[answer]} : Usage{0, false},
         answer, flow ? scores[answer] : result.guess});
  }
  for (std::size_t s = 0; s < set.settings.size(); ++s)
    result.expected.push_back(expect(result, set.settings[s], std::move(task.right_weight[s])));
  return result;
}

} // namespace rnet::evaluate
