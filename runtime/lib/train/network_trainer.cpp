// All nodes of a network in one process.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/network_trainer.h"

#include <algorithm>
#include <cmath>

namespace rnet::train {

template <class T>
NetworkTrainer<T>::NetworkTrainer(const NetworkDescription &network, NodeTrainers<T> nodes,
                                  std::size_t capacity, ThreadPool &threads)
    : network_(network), nodes_(std::move(nodes)), capacity_(capacity), threads_(threads),
      ones_(capacity, 1), zeros_(capacity, 0), labels_(capacity),
      gradients_(network.hyperconnections.size()) {
  for (const InputDescription &input : network.inputs)
    inputs_.emplace_back(ArenaPlan{row_stride(input.width), 0}, capacity);
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
void NetworkTrainer<T>::forward(StepContext &step, const Dataset &dataset,
                                std::span<const std::int64_t> rows,
                                std::span<const std::uint8_t> alive) {
  std::vector<Tensor<const T>> given, arriving;
  const Presence all{ones_.data(), rows.size()};
  for (std::size_t k = 0; k < inputs_.size(); ++k) {
    const std::size_t width = network_.inputs[k].width, stride = row_stride(width);
    T *const to = inputs_[k].arena(rows.size()).template rows<1>(0).data;
    for (std::size_t row = 0; row < rows.size(); ++row)
      std::copy_n(dataset.inputs[k].data() + static_cast<std::size_t>(rows[row]) * width, width,
                  to + row * stride);
    given.push_back({to, width, all});
  }
  for (std::size_t row = 0; row < rows.size(); ++row)
    labels_[row] = dataset.labels[static_cast<std::size_t>(rows[row])];

  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    arriving.clear();
    for (const Source &source : network_.nodes[node].inputs) {
      if (source.kind == Source::Kind::network_input) {
        arriving.push_back(given[source.index]);
        continue;
      }
      const HyperconnectionDescription &connection = network_.hyperconnections[source.index];
      arriving.push_back(results_[connection.from][connection.result]);
    }
    nodes_[node]->forward(step, arriving, {alive[node] ? ones_.data() : zeros_.data(), rows.size()},
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

template <class T>
typename NetworkTrainer<T>::Result
NetworkTrainer<T>::differentiate(const Dataset &dataset, std::span<const std::int64_t> rows,
                                 std::span<const std::uint8_t> alive, std::uint64_t seed,
                                 std::uint32_t number) {
  StepContext step{threads_, rows.size(), labels_};
  step.training = true;
  step.seed = seed;
  step.number = number;
  forward(step, dataset, rows, alive);
  backward(step);
  return {step.loss, step.loss_rows};
}

template <class T>
std::size_t NetworkTrainer<T>::count_right(const Dataset &dataset,
                                           std::span<const std::int64_t> rows) {
  const std::vector<std::uint8_t> alive(nodes_.size(), 1);
  const OutputDescription &output = network_.outputs[0];
  std::size_t right = 0;
  for (std::size_t begin = 0; begin < rows.size(); begin += capacity_) {
    const auto batch = rows.subspan(begin, std::min(capacity_, rows.size() - begin));
    StepContext step{threads_, batch.size(), labels_};
    forward(step, dataset, batch, alive);
    const Tensor<const T> &result = results_[output.node][output.result];
    for (std::size_t row = 0; row < batch.size(); ++row) {
      const T *values = result.data + row * row_stride(output.width);
      right += std::max_element(values, values + output.width) - values == labels_[row];
    }
  }
  return right;
}

template class NetworkTrainer<float>;
template class NetworkTrainer<double>;

} // namespace rnet::train
