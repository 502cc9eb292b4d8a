// Labelled rows, whatever they come from.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/data/dataset.h"

#include "readers.h"

#include "rnet/core/sha256.h"

#include <cmath>
#include <filesystem>

namespace rnet {
namespace data {

std::string describe(std::span<const std::size_t> shape) {
  std::string text = "[";
  for (std::size_t size : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

std::vector<std::string> label_names(const NetworkDescription &network) {
  return {std::string(network.outputs[0].name), "y", "label", "labels"};
}

Status check_label(double value, std::size_t classes, const std::string &where) {
  if (value != std::floor(value) || value < 0 || value >= static_cast<double>(classes)) {
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.')
      text.pop_back();
    return Status::error(where + " is " + text + "; expected a class from 0 to " +
                         std::to_string(classes - 1));
  }
  return {};
}

static std::string hash_values(const Dataset &dataset) {
  Sha256 hash;
  auto number = [&](std::uint64_t value) { hash.update(&value, sizeof value); };
  auto list = [&](const auto &values) {
    hash.update(values.data(), values.size() * sizeof values[0]);
  };
  number(dataset.rows);
  number(dataset.inputs.size());
  for (std::size_t k = 0; k < dataset.inputs.size(); ++k) {
    std::vector<float> row(dataset.inputs[k].width);
    number(dataset.rows * row.size());
    for (std::size_t r = 0; r < dataset.rows; ++r) {
      dataset.copy_row(k, r, row.data());
      list(row);
    }
  }
  list(dataset.labels);
  list(dataset.split);
  list(dataset.groups);
  return hash.hex();
}

static Expected<Dataset> read(const std::string &path, const NetworkDescription &network,
                              const Selection &selection, bool need_labels) {
  std::error_code ignored; // what cannot be looked at is no folder
  const bool folder = std::filesystem::is_directory(path, ignored), bin = path.ends_with(".bin");
  if (folder || bin) {
    if (!selection.inputs.empty() || !selection.label.empty() || !selection.group.empty())
      return Status::error("'" + path + "' holds images, one input and the label of each: " +
                           "parts can be selected only from .npz and .csv");
    if (folder && !is_cifar_folder(path))
      return read_image_folder(path, network, selection.resize, need_labels);
  }
  if (selection.resize)
    return Status::error("'" + path + "' is no folder of images, which --resize is for");
  if (folder)
    return read_cifar_folder(path, network);
  if (bin)
    return read_cifar_file(path, network);
  if (path.ends_with(".csv")) {
    auto arrays = read_csv(path, network, selection, need_labels);
    return arrays.ok() ? read_arrays(*arrays, network, selection, need_labels)
                       : Expected<Dataset>(arrays.status());
  }
  if (path.ends_with(".npz")) {
    auto arrays = read_npz(path);
    return arrays.ok() ? read_arrays({path, 0, std::move(*arrays)}, network, selection, need_labels)
                       : Expected<Dataset>(arrays.status());
  }
  return Status::error("'" + path + "' is neither .npz, .csv, .bin nor a folder");
}

} // namespace data

Expected<Dataset> read_dataset(const std::string &path, const NetworkDescription &network,
                               const Selection &selection, bool need_labels) {
  Expected<Dataset> dataset = data::read(path, network, selection, need_labels);
  if (dataset.ok() && dataset->rows == 0)
    return Status::error("'" + path + "' has no rows");
  if (dataset.ok())
    dataset->hash = data::hash_values(*dataset);
  return dataset;
}

void Dataset::append(const Dataset &other) {
  auto add = [](auto &to, const auto &from) { to.insert(to.end(), from.begin(), from.end()); };
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    // Bytes and floats together are floats.
    if (inputs[k].values.index() != other.inputs[k].values.index())
      if (const auto *bytes = std::get_if<std::vector<std::uint8_t>>(&inputs[k].values))
        inputs[k].values = std::vector<float>(bytes->begin(), bytes->end());
    std::visit(add, inputs[k].values, other.inputs[k].values);
  }
  add(labels, other.labels);
  add(split, other.split);
  add(groups, other.groups);
  rows += other.rows;
}

std::vector<std::int64_t>
count_classes(const Dataset &dataset, const std::vector<std::int64_t> &rows, std::size_t classes) {
  std::vector<std::int64_t> counts(classes);
  for (std::int64_t row : rows)
    ++counts[static_cast<std::size_t>(dataset.labels[static_cast<std::size_t>(row)])];
  return counts;
}

} // namespace rnet
