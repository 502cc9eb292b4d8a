// All nodes of a network in one process.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/network_trainer.h"

#include "rnet/core/join.h"

#include <algorithm>
#include <cmath>

namespace rnet::train {

template <class T>
NetworkTrainer<T>::NetworkTrainer(const NetworkDescription &network, NodeTrainers<T> nodes,
                                  std::size_t capacity, ThreadPool &threads)
    : network_(network), nodes_(std::move(nodes)), capacity_(capacity), threads_(threads),
      ones_(capacity, 1), gradients_(network.hyperconnections.size()) {
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    for (const Parameter<T> &parameter : nodes_[node]->parameters())
      parameters_.push_back(parameter);
    results_.emplace_back(network.nodes[node].result_widths.size());
    outgoing_.emplace_back();
  }
  for (std::size_t k = 0; k < network.hyperconnections.size(); ++k)
    outgoing_[network.hyperconnections[k].from].push_back(k);
}

template <class T>
void NetworkTrainer<T>::forward(StepContext &step, const Batch<T> &batch, const Masks &masks) {
  std::vector<Tensor<const T>> given, arriving;
  masks_ = masks;
  arrived_.resize(masks_.whole.size());
  const Presence all{ones_.data(), step.rows};
  for (std::size_t k = 0; k < network_.inputs.size(); ++k)
    given.push_back({batch.input(k), network_.inputs[k].width, all});

  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    arriving.clear();
    for (const Source &source : network_.nodes[node].inputs) {
      if (source.kind == Source::Kind::network_input) {
        arriving.push_back(given[source.index]);
        continue;
      }
      const HyperconnectionDescription &connection = network_.hyperconnections[source.index];
      Tensor<const T> tensor = results_[connection.from][connection.result];
      if (!masks_.whole.empty()) {
        const std::size_t begin = source.index * step.rows;
        const Presence arrived{arrived_.data() + begin, step.rows};
        intersect(tensor.present, {masks_.whole.data() + begin, step.rows}, arrived);
        tensor.present = arrived;
      }
      arriving.push_back(tensor);
    }
    nodes_[node]->forward(step, arriving, {masks_.alive.data() + node * step.rows, step.rows},
                          results_[node]);
  }
}

template <class T> void NetworkTrainer<T>::backward(StepContext &step) {
  std::vector<Tensor<const T>> arriving, leaving;
  std::fill(gradients_.begin(), gradients_.end(), Tensor<const T>{});
  for (std::size_t node = nodes_.size(); node-- > 0;) {
    const NodeDescription &description = network_.nodes[node];
    arriving.clear();
    for (std::size_t connection : outgoing_[node])
      arriving.push_back(gradients_[connection]);
    leaving.assign(description.inputs.size(), {});
    nodes_[node]->backward(step, arriving, leaving);
    for (std::size_t k = 0; k < description.inputs.size(); ++k)
      if (description.inputs[k].kind == Source::Kind::hyperconnection)
        gradients_[description.inputs[k].index] = leaving[k];
  }
}

/// What the deployed network answers while nothing fails, or these hyperconnections are cut: good
/// until the next pass.
template <class T>
Tensor<const T> NetworkTrainer<T>::answer(const Batch<T> &batch, UsedSet cut,
                                          std::map<std::string_view, double> *largest_inputs) {
  StepContext step{threads_, batch.rows.size(), batch.labels};
  step.largest_inputs = largest_inputs;
  forward(step, batch, for_all(std::vector<std::uint8_t>(nodes_.size(), 1), cut, step.rows));
  const OutputDescription &output = network_.outputs[0];
  return results_[output.node][output.result];
}

/// Masks of what holds for all rows.
template <class T>
Masks NetworkTrainer<T>::for_all(std::span<const std::uint8_t> alive, UsedSet cut,
                                 std::size_t rows) const {
  Masks masks;
  for (std::uint8_t up : alive)
    masks.alive.insert(masks.alive.end(), rows, up);
  for (std::size_t k = 0; cut != 0 && k < network_.hyperconnections.size(); ++k)
    masks.whole.insert(masks.whole.end(), rows, !(cut >> k & 1));
  return masks;
}

template <class T> void NetworkTrainer<T>::set_targets(const Batch<T> &batch) {
  soft_targets_.clear();
  if (distilled_ == 0)
    return;
  const Tensor<const T> answers = answer(batch);
  for (std::size_t row = 0; row < batch.rows.size(); ++row)
    for (std::size_t k = 0; k < answers.width; ++k) {
      const bool is_label = k == static_cast<std::size_t>(batch.labels[row]);
      soft_targets_.push_back((1 - distilled_) * is_label +
                              distilled_ * static_cast<double>(answers.row(row)[k]));
    }
}

/// Forward and backward, towards the targets that are set.
template <class T>
typename NetworkTrainer<T>::Result NetworkTrainer<T>::pass(const Batch<T> &batch,
                                                           const Masks &masks, std::uint64_t seed,
                                                           std::uint32_t number) {
  StepContext step{threads_, batch.rows.size(), batch.labels, class_weights_, soft_targets_};
  step.exit_weight = exit_weight_;
  step.training = true;
  step.seed = seed;
  step.number = number;
  forward(step, batch, masks);
  backward(step);
  return {step.loss, step.loss_rows};
}

template <class T>
typename NetworkTrainer<T>::Result
NetworkTrainer<T>::differentiate(const Batch<T> &batch, const Masks &masks, std::uint64_t seed,
                                 std::uint32_t number) {
  set_targets(batch);
  return pass(batch, masks, seed, number);
}

template <class T>
typename NetworkTrainer<T>::Result
NetworkTrainer<T>::differentiate(const Batch<T> &batch, std::span<const WeighedPattern> patterns,
                                 std::uint64_t seed, std::uint32_t number) {
  set_targets(batch);
  // What a pass sets: gradients, and, of parameters without, values. Each starts from `before`.
  auto set = [](const Parameter<T> &parameter) {
    return parameter.gradient.empty() ? parameter.value : parameter.gradient;
  };
  std::vector<std::vector<T>> before, mean;
  for (const Parameter<T> &parameter : parameters_) {
    before.emplace_back(parameter.gradient.size());
    if (parameter.gradient.empty())
      before.back().assign(parameter.value.begin(), parameter.value.end());
  }
  mean = before;
  Result result{0, 0};
  for (const WeighedPattern &pattern : patterns) {
    const auto own =
        pass(batch, for_all(pattern.alive, pattern.cut, batch.rows.size()), seed, number);
    result.loss += pattern.weight * own.loss;
    result.rows = own.rows;
    threads_.run(parameters_.size(), [&](std::size_t p) {
      const std::span<T> values = set(parameters_[p]);
      for (std::size_t k = 0; k < values.size(); ++k) {
        mean[p][k] += static_cast<T>(pattern.weight) * (values[k] - before[p][k]);
        values[k] = before[p][k];
      }
    });
  }
  for (std::size_t p = 0; p < parameters_.size(); ++p)
    std::ranges::copy(mean[p], set(parameters_[p]).begin());
  return result;
}

template <class T>
typename NetworkTrainer<T>::Result
NetworkTrainer<T>::differentiate(const Dataset &dataset, std::span<const std::int64_t> rows,
                                 std::span<const std::uint8_t> alive, UsedSet cut) {
  Batch<T> batch(network_, rows.size());
  BatchLoader(network_, dataset).load(rows, {}, batch);
  return differentiate(batch, for_all(alive, cut, rows.size()));
}

template <class T>
std::vector<std::vector<double>>
NetworkTrainer<T>::average(const Dataset &dataset, std::span<const std::int64_t> rows,
                           std::span<const std::size_t> connections) {
  std::vector<std::vector<double>> sums;
  for (std::size_t connection : connections)
    sums.emplace_back(network_.hyperconnections[connection].width);
  BatchStream<T> batches(network_, dataset, rows, capacity_);
  while (const Batch<T> *batch = batches.next()) {
    answer(*batch);
    for (std::size_t k = 0; k < connections.size(); ++k) {
      const HyperconnectionDescription &connection = network_.hyperconnections[connections[k]];
      const Tensor<const T> carried = results_[connection.from][connection.result];
      for (std::size_t row = 0; row < batch->rows.size(); ++row)
        for (std::size_t e = 0; e < carried.width; ++e)
          sums[k][e] += static_cast<double>(carried.row(row)[e]);
    }
  }
  for (std::vector<double> &sum : sums)
    for (double &element : sum)
      element /= static_cast<double>(rows.size());
  return sums;
}

template <class T>
typename NetworkTrainer<T>::Largest
NetworkTrainer<T>::largest(const Dataset &dataset, std::span<const std::int64_t> rows,
                           std::span<const std::size_t> connections) {
  // A node that is down is one whose hyperconnections are cut: schemes without failout know no
  // other way.
  std::vector<UsedSet> patterns{0};
  const std::size_t nodes = network_.nodes.size();
  for (std::size_t cause = 0; cause < nodes + network_.domains.size(); ++cause) {
    if (cause < nodes && !network_.nodes[cause].failable)
      continue;
    const Outage outage = find_outage(network_, DownSet(1) << cause);
    UsedSet cut = outage.cut;
    for (std::size_t k = 0; k < network_.hyperconnections.size(); ++k)
      cut |= (outage.nodes >> network_.hyperconnections[k].from & UsedSet(1)) << k;
    patterns.push_back(cut);
  }
  Largest result{std::vector<T>(connections.size()), {}};
  BatchStream<T> batches(network_, dataset, rows, capacity_);
  while (const Batch<T> *batch = batches.next())
    for (UsedSet cut : patterns) {
      answer(*batch, cut, &result.taken);
      for (std::size_t k = 0; k < connections.size(); ++k) {
        const HyperconnectionDescription &connection = network_.hyperconnections[connections[k]];
        const Tensor<const T> carried = results_[connection.from][connection.result];
        for (std::size_t row = 0; row < batch->rows.size(); ++row)
          for (std::size_t e = 0; carried.present[row] && e < carried.width; ++e)
            if (const T magnitude = std::abs(carried.row(row)[e]); std::isfinite(magnitude))
              result.carried[k] = std::max(result.carried[k], magnitude);
      }
    }
  return result;
}

template <class T>
std::size_t NetworkTrainer<T>::count_right(const Dataset &dataset,
                                           std::span<const std::int64_t> rows) {
  std::size_t right = 0;
  BatchStream<T> batches(network_, dataset, rows, capacity_);
  while (const Batch<T> *batch = batches.next()) {
    const Tensor<const T> answers = answer(*batch);
    for (std::size_t row = 0; row < batch->rows.size(); ++row) {
      const T *values = answers.row(row);
      right += std::max_element(values, values + answers.width) - values == batch->labels[row];
    }
  }
  return right;
}

template class NetworkTrainer<float>;
template class NetworkTrainer<double>;

} // namespace rnet::train
