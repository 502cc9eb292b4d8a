// The rows of a training step, and the thread that makes the next ones ready meanwhile.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/arena.h"
#include "rnet/data/dataset.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace rnet::train {

/// Rows as the network takes them in. Memory for up to `capacity` of them; one user at a time.
template <class T> class Batch {
public:
  Batch(const NetworkDescription &network, std::size_t capacity);

  std::vector<std::int64_t> rows;   ///< of the dataset
  std::vector<std::int32_t> labels; ///< [rows]
  /// Of one network input: [rows][row_stride(width)].
  T *input(std::size_t index) const {
    return inputs_[index].arena(rows.size()).template rows<1>(0).data;
  }

private:
  std::vector<ArenaStorage<T>> inputs_;
};

/// Fills batches from a dataset. Immutable: any thread may load.
class BatchLoader {
public:
  /// Both outlive the loader.
  BatchLoader(const NetworkDescription &network, const Dataset &dataset)
      : network_(network), dataset_(dataset) {}

  /// How the images of an epoch are changed: each by draws of its own, from the seed, the epoch and
  /// its row, so that neither threads nor an interruption matter.
  struct Changes {
    Augmentation by;
    std::uint64_t seed;
    std::uint32_t epoch;
  };
  template <class T>
  void load(std::span<const std::int64_t> rows, const std::optional<Changes> &changes,
            Batch<T> &to) const;

private:
  const NetworkDescription &network_;
  const Dataset &dataset_;
};

/// Batches of rows in order. While the caller works on one, a thread loads the next.
template <class T> class BatchStream {
public:
  /// All outlive the stream. Starts with batch number `first`.
  BatchStream(const NetworkDescription &network, const Dataset &dataset,
              std::span<const std::int64_t> rows, std::size_t batch_rows, std::size_t first = 0,
              std::optional<BatchLoader::Changes> changes = {});

  /// The next batch, good until the call after; null after the last one. One caller at a time.
  const Batch<T> *next();

private:
  void produce(const std::stop_token &stop);

  const BatchLoader loader_;
  const std::span<const std::int64_t> rows_;
  const std::size_t batch_rows_, first_, count_;
  const std::optional<BatchLoader::Changes> changes_;
  Batch<T> buffers_[2];
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::size_t made_ = 0, taken_ = 0; ///< batches, both under the mutex
  std::jthread producer_;            ///< last: it ends before what it uses
};

} // namespace rnet::train
