// The rows of a training run.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "training_data.h"

#include <numeric>

namespace rnet::train {
namespace {

Status read_one_file(const NetworkDescription &network, const TrainingOptions &options,
                     TrainingData &data) {
  auto dataset = read_dataset(options.data, network);
  if (!dataset.ok())
    return dataset.status();
  data.dataset = std::move(*dataset);
  data.split = make_split(data.dataset, options.split_seed);
  data.metadata.kind = data.dataset.split.empty() ? "random" : "array";
  data.metadata.seed = options.split_seed;
  data.metadata.dataset_hash = data.dataset.hash;
  return {};
}

/// Row numbers from..from + count - 1.
std::vector<std::int64_t> consecutive(std::size_t from, std::size_t count) {
  std::vector<std::int64_t> rows(count);
  std::iota(rows.begin(), rows.end(), static_cast<std::int64_t>(from));
  return rows;
}

void append(Dataset &dataset, const Dataset &more) {
  for (std::size_t k = 0; k < dataset.inputs.size(); ++k)
    dataset.inputs[k].insert(dataset.inputs[k].end(), more.inputs[k].begin(), more.inputs[k].end());
  dataset.labels.insert(dataset.labels.end(), more.labels.begin(), more.labels.end());
  dataset.rows += more.rows;
}

Status read_files(const NetworkDescription &network, const TrainingOptions &options,
                  TrainingData &data) {
  auto train = read_dataset(options.train, network);
  if (!train.ok())
    return train.status();
  data.dataset = std::move(*train);
  data.metadata.kind = "files";
  data.metadata.dataset_hash = data.dataset.hash;
  data.split.train = consecutive(0, data.dataset.rows);
  if (!options.validation.empty()) {
    auto validation = read_dataset(options.validation, network);
    if (!validation.ok())
      return validation.status();
    data.split.validation = consecutive(data.dataset.rows, validation->rows);
    append(data.dataset, *validation);
  }
  if (!options.test.empty()) {
    auto test = read_dataset(options.test, network);
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

} // namespace rnet::train
