// Batches.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/batch.h"

#include "augmentation.h"

#include "rnet/core/rows.h"

#include <algorithm>

namespace rnet::train {

template <class T> Batch<T>::Batch(const NetworkDescription &network, std::size_t capacity) {
  for (const InputDescription &input : network.inputs)
    inputs_.emplace_back(ArenaPlan{row_stride(input.width), 0}, capacity);
}

template <class T>
void BatchLoader::load(std::span<const std::int64_t> rows, const std::optional<Changes> &changes,
                       Batch<T> &to) const {
  to.rows.assign(rows.begin(), rows.end());
  to.labels.clear();
  for (std::int64_t row : rows)
    to.labels.push_back(dataset_.labels[static_cast<std::size_t>(row)]);
  std::vector<float> original;
  for (std::size_t k = 0; k < network_.inputs.size(); ++k) {
    const InputDescription &input = network_.inputs[k];
    const bool change = changes && is_image(input);
    original.resize(change ? input.width : 0);
    for (std::size_t b = 0; b < rows.size(); ++b) {
      const auto row = static_cast<std::size_t>(rows[b]);
      T *const values = to.input(k) + b * row_stride(input.width);
      if (!change) {
        dataset_.copy_row(k, row, values);
        continue;
      }
      dataset_.copy_row(k, row, original.data());
      const ImageChange drawn(changes->by, input.shape, k,
                              Random(changes->seed, Stream::augmentation, changes->epoch,
                                     static_cast<std::uint32_t>(row)));
      drawn.apply(original.data(), values);
    }
  }
}

template <class T>
BatchStream<T>::BatchStream(const NetworkDescription &network, const Dataset &dataset,
                            std::span<const std::int64_t> rows, std::size_t batch_rows,
                            std::size_t first, std::optional<BatchLoader::Changes> changes)
    : loader_(network, dataset), rows_(rows), batch_rows_(batch_rows), first_(first),
      count_(std::max((rows.size() + batch_rows - 1) / batch_rows, first) - first),
      changes_(changes), buffers_{{network, batch_rows}, {network, batch_rows}},
      producer_([this](std::stop_token stop) { produce(stop); }) {}

template <class T> const Batch<T> *BatchStream<T>::next() {
  std::unique_lock lock(mutex_);
  if (taken_ == count_)
    return nullptr;
  ++taken_; // gives the one before back
  changed_.notify_all();
  changed_.wait(lock, [&] { return made_ >= taken_; });
  return &buffers_[(taken_ - 1) % 2];
}

template <class T> void BatchStream<T>::produce(const std::stop_token &stop) {
  for (std::size_t k = 0; k < count_; ++k) {
    std::unique_lock lock(mutex_);
    // The caller holds batch taken - 1; the buffer of any earlier one is free.
    if (!changed_.wait(lock, stop, [&] { return k <= std::max<std::size_t>(taken_, 1); }))
      return;
    lock.unlock();
    const std::size_t begin = (first_ + k) * batch_rows_;
    loader_.load(rows_.subspan(begin, std::min(batch_rows_, rows_.size() - begin)), changes_,
                 buffers_[k % 2]);
    lock.lock();
    ++made_;
    changed_.notify_all();
  }
}

template class Batch<float>;
template class Batch<double>;
template void BatchLoader::load(std::span<const std::int64_t>, const std::optional<Changes> &,
                                Batch<float> &) const;
template void BatchLoader::load(std::span<const std::int64_t>, const std::optional<Changes> &,
                                Batch<double> &) const;
template class BatchStream<float>;
template class BatchStream<double>;

} // namespace rnet::train
