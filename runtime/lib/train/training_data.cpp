// The rows of a training run.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "training_data.h"

#include <algorithm>
#include <numeric>

namespace rnet::train {
namespace {

Status read_one_file(const NetworkDescription &network, const TrainingOptions &options,
                     TrainingData &data) {
  auto dataset = read_dataset(options.data, network, options.selection);
  if (!dataset.ok())
    return dataset.status();
  data.dataset = std::move(*dataset);
  const bool has_split = !data.dataset.split.empty() && options.selection.group.empty();
  data.metadata.kind = options.split.value_or(has_split ? SplitKind::array : SplitKind::random);
  data.metadata.seed = options.split_seed;
  data.metadata.selection = options.selection;
  data.metadata.dataset_hash = data.dataset.hash;
  data.split = make_split(data.dataset, data.metadata.kind, data.metadata.seed);
  return {};
}

/// Row numbers from..from + count - 1.
std::vector<std::int64_t> consecutive(std::size_t from, std::size_t count) {
  std::vector<std::int64_t> rows(count);
  std::iota(rows.begin(), rows.end(), static_cast<std::int64_t>(from));
  return rows;
}

Status read_files(const NetworkDescription &network, const TrainingOptions &options,
                  TrainingData &data) {
  auto train = read_dataset(options.train, network, options.selection);
  if (!train.ok())
    return train.status();
  data.dataset = std::move(*train);
  data.metadata.kind = SplitKind::files;
  data.metadata.selection = options.selection;
  data.metadata.dataset_hash = data.dataset.hash;
  data.split.train = consecutive(0, data.dataset.rows);
  if (!options.validation.empty()) {
    auto validation = read_dataset(options.validation, network, options.selection);
    if (!validation.ok())
      return validation.status();
    data.split.validation = consecutive(data.dataset.rows, validation->rows);
    data.dataset.append(*validation);
  }
  if (!options.test.empty()) {
    auto test = read_dataset(options.test, network, options.selection);
    if (!test.ok())
      return test.status();
    data.metadata.test_hash = test->hash;
  }
  return {};
}

} // namespace

Expected<TrainingData> read_training_data(const NetworkDescription &network,
                                          const TrainingOptions &options) {
  TrainingData data;
  const bool one_file = options.train.empty();
  if (Status status =
          one_file ? read_one_file(network, options, data) : read_files(network, options, data);
      !status.ok())
    return status;
  if (data.split.train.empty())
    return Status::error("there are no training rows in '" +
                         (one_file ? options.data : options.train) + "'");
  data.metadata.class_counts =
      count_classes(data.dataset, data.split.train, network.outputs[0].width);
  return data;
}

std::vector<float> balance_classes(const std::vector<std::int64_t> &counts) {
  const auto rows =
      static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t(0)));
  const auto present = static_cast<double>(counts.size()) -
                       static_cast<double>(std::count(counts.begin(), counts.end(), 0));
  std::vector<float> weights;
  for (std::int64_t count : counts)
    weights.push_back(count ? static_cast<float>(rows / (present * static_cast<double>(count)))
                            : 0);
  return weights;
}

} // namespace rnet::train
