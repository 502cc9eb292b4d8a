// Labelled rows, from .npz and CSV files.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/dataset.h"

#include "rnet/core/atomic_file.h"
#include "rnet/core/npz.h"
#include "rnet/core/random.h"
#include "rnet/core/sha256.h"

#include <csv.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace rnet {
namespace {

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

void finish(Dataset &dataset) {
  Sha256 hash;
  auto number = [&](std::uint64_t value) { hash.update(&value, sizeof value); };
  number(dataset.rows);
  number(dataset.inputs.size());
  for (const auto &input : dataset.inputs) {
    number(input.size());
    hash.update(input.data(), input.size() * sizeof(float));
  }
  hash.update(dataset.labels.data(), dataset.labels.size() * sizeof(std::int32_t));
  hash.update(dataset.split.data(), dataset.split.size());
  dataset.hash = hash.hex();
}

//===-- .npz ----------------------------------------------------------------------------------===//

Status read_input(const std::string &path, const NpyArray &array, const std::string &name,
                  const InputDescription &input, Dataset &dataset) {
  const std::string subject = "'" + path + "': array '" + name + "' ";
  if (array.kind == 'S' || array.kind == 'U')
    return Status::error(subject + "holds text; expected numbers");
  const bool fits = array.shape.size() == input.shape.size() + 1 &&
                    std::equal(input.shape.begin(), input.shape.end(), array.shape.begin() + 1);
  if (!fits) {
    std::string expected = "[rows";
    for (std::size_t size : input.shape)
      expected += ", " + std::to_string(size);
    return Status::error(subject + "has shape " + describe(array.shape) + "; input '" +
                         std::string(input.name) + "' needs " + expected + "]");
  }
  if (dataset.inputs.empty())
    dataset.rows = array.shape[0];
  if (array.shape[0] != dataset.rows)
    return Status::error(subject + "has " + std::to_string(array.shape[0]) +
                         " rows; the first input has " + std::to_string(dataset.rows));
  std::vector<float> values(array.size());
  for (std::size_t k = 0; k < values.size(); ++k) {
    values[k] = static_cast<float>(array.number(k));
    if (!std::isfinite(values[k]))
      return Status::error(subject + "has a value that is not finite in row " +
                           std::to_string(k / input.width) + ", element " +
                           std::to_string(k % input.width));
  }
  dataset.inputs.push_back(std::move(values));
  return {};
}

Status read_split(const std::string &path, const NpyArray &array, Dataset &dataset) {
  if (array.size() != dataset.rows)
    return Status::error("'" + path + "': array 'split' has " + std::to_string(array.size()) +
                         " elements; there are " + std::to_string(dataset.rows) + " rows");
  for (std::size_t row = 0; row < dataset.rows; ++row) {
    std::optional<std::uint8_t> part;
    if (array.kind == 'U' || array.kind == 'S') {
      const std::string text = array.text(row);
      if (text.rfind("train", 0) == 0)
        part = 0;
      else if (text.rfind("val", 0) == 0)
        part = 1;
      else if (text == "test")
        part = 2;
    } else if (const double value = array.number(row); value == 0 || value == 1 || value == 2) {
      part = static_cast<std::uint8_t>(value);
    }
    if (!part)
      return Status::error("'" + path + "': array 'split' has an unknown part in row " +
                           std::to_string(row) + "; expected 0, 1, 2 or train, validation, test");
    dataset.split.push_back(*part);
  }
  return {};
}

Expected<Dataset> read_npz_dataset(const std::string &path, const NetworkDescription &network,
                                   bool need_labels) {
  auto arrays = read_npz(path);
  if (!arrays.ok())
    return arrays.status();
  std::string present;
  for (const auto &[name, array] : *arrays)
    present += (present.empty() ? "" : ", ") + name;
  Dataset dataset;
  for (const InputDescription &input : network.inputs) {
    auto found = arrays->find(std::string(input.name));
    if (found == arrays->end() && network.inputs.size() == 1)
      found = arrays->find("x");
    if (found == arrays->end())
      return Status::error("'" + path + "' has no array '" + std::string(input.name) + "'" +
                           (network.inputs.size() == 1 ? " or 'x'" : "") + "; it has " + present);
    if (Status status = read_input(path, found->second, found->first, input, dataset); !status.ok())
      return status;
  }
  for (const std::string &name : label_names(network)) {
    auto found = arrays->find(name);
    if (found == arrays->end())
      continue;
    const NpyArray &array = found->second;
    const std::string subject = "'" + path + "': array '" + name + "' ";
    if (array.kind == 'S' || array.kind == 'U')
      return Status::error(subject + "holds text; expected class numbers");
    if (array.size() != dataset.rows)
      return Status::error(subject + "has shape " + describe(array.shape) +
                           "; expected one label for each of " + std::to_string(dataset.rows) +
                           " rows");
    for (std::size_t row = 0; row < dataset.rows; ++row) {
      if (Status status = check_label(array.number(row), network.outputs[0].width,
                                      subject + "in row " + std::to_string(row));
          !status.ok())
        return status;
      dataset.labels.push_back(static_cast<std::int32_t>(array.number(row)));
    }
    break;
  }
  if (need_labels && dataset.labels.size() != dataset.rows)
    return Status::error("'" + path + "' has no labels: no array '" +
                         std::string(network.outputs[0].name) + "', 'y' or 'label'; it has " +
                         present);
  if (auto found = arrays->find("split"); found != arrays->end())
    if (Status status = read_split(path, found->second, dataset); !status.ok())
      return status;
  return dataset;
}

//===-- CSV -----------------------------------------------------------------------------------===//

struct CsvRows {
  std::vector<std::vector<std::string>> lines;
  std::vector<std::string> line;
};

Expected<Dataset> read_csv_dataset(const std::string &path, const NetworkDescription &network,
                                   bool need_labels) {
  if (network.inputs.size() != 1)
    return Status::error("'" + path + "' is CSV, which holds one input; network '" +
                         std::string(network.name) + "' has " +
                         std::to_string(network.inputs.size()) + ": use .npz");
  auto text = read_file(path, std::size_t(16) << 30);
  if (!text.ok())
    return text.status();
  CsvRows rows;
  csv_parser parser;
  csv_init(&parser, CSV_STRICT);
  auto field = [](void *bytes, std::size_t count, void *data) {
    static_cast<CsvRows *>(data)->line.emplace_back(static_cast<const char *>(bytes), count);
  };
  auto end = [](int, void *data) {
    auto *rows = static_cast<CsvRows *>(data);
    rows->lines.push_back(std::move(rows->line));
    rows->line.clear();
  };
  const bool parsed =
      csv_parse(&parser, text->data(), text->size(), field, end, &rows) == text->size();
  csv_fini(&parser, field, end, &rows);
  const std::string problem = parsed ? "" : csv_strerror(csv_error(&parser));
  csv_free(&parser);
  if (!parsed)
    return Status::error("'" + path + "' is no CSV: " + problem);
  if (rows.lines.empty())
    return Status::error("'" + path + "' is empty");

  auto parse = [](const std::string &text, double &value) {
    const char *begin = text.data(), *end = begin + text.size();
    while (begin != end && (*begin == ' ' || *begin == '+'))
      ++begin;
    while (begin != end && end[-1] == ' ')
      --end;
    auto result = std::from_chars(begin, end, value);
    return result.ec == std::errc() && result.ptr == end && begin != end;
  };
  const InputDescription &input = network.inputs[0];
  const std::vector<std::string> &head = rows.lines[0];
  double unused;
  const bool header = std::any_of(head.begin(), head.end(),
                                  [&](const std::string &cell) { return !parse(cell, unused); });
  std::optional<std::size_t> label;
  if (header) {
    for (const std::string &name : label_names(network))
      for (std::size_t column = 0; column < head.size() && !label; ++column)
        if (head[column] == name)
          label = column;
  } else if (head.size() == input.width + 1) {
    label = head.size() - 1;
  }
  const std::size_t columns = input.width + (label ? 1 : 0);
  if (head.size() != columns || (need_labels && !label))
    return Status::error(
        "'" + path + "' has " + std::to_string(head.size()) + " columns" +
        (header && !label ? ", none of them called '" + std::string(network.outputs[0].name) +
                                "', 'y' or 'label'"
                          : "") +
        "; input '" + std::string(input.name) + "' needs " + std::to_string(input.width) +
        (need_labels ? ", and one is for the label" : ""));
  Dataset dataset;
  dataset.inputs.resize(1);
  for (std::size_t line = header ? 1 : 0; line < rows.lines.size(); ++line) {
    const auto &cells = rows.lines[line];
    const std::string where = "'" + path + "': line " + std::to_string(line + 1);
    if (cells.size() != columns)
      return Status::error(where + " has " + std::to_string(cells.size()) + " columns; expected " +
                           std::to_string(columns));
    for (std::size_t column = 0; column < columns; ++column) {
      double value;
      if (!parse(cells[column], value) || !std::isfinite(value))
        return Status::error(where + ", column " + std::to_string(column + 1) + ": '" +
                             cells[column].substr(0, 40) + "' is no finite number");
      if (label == column) {
        if (Status status = check_label(value, network.outputs[0].width, where + ": the label");
            !status.ok())
          return status;
        dataset.labels.push_back(static_cast<std::int32_t>(value));
      } else {
        dataset.inputs[0].push_back(static_cast<float>(value));
      }
    }
    ++dataset.rows;
  }
  if (dataset.rows == 0)
    return Status::error("'" + path + "' has a header and no rows");
  return dataset;
}

bool ends_with(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

} // namespace

Expected<Dataset> read_dataset(const std::string &path, const NetworkDescription &network,
                               bool need_labels) {
  if (!ends_with(path, ".npz") && !ends_with(path, ".csv"))
    return Status::error("'" + path + "' is neither .npz nor .csv");
  Expected<Dataset> dataset = ends_with(path, ".csv")
                                  ? read_csv_dataset(path, network, need_labels)
                                  : read_npz_dataset(path, network, need_labels);
  if (dataset.ok() && dataset->rows == 0)
    return Status::error("'" + path + "' has no rows");
  if (dataset.ok())
    finish(*dataset);
  return dataset;
}

Split make_split(const Dataset &dataset, std::uint64_t seed) {
  Split split;
  if (!dataset.split.empty()) {
    for (std::size_t row = 0; row < dataset.rows; ++row) {
      auto &part = dataset.split[row] == 0   ? split.train
                   : dataset.split[row] == 1 ? split.validation
                                             : split.test;
      part.push_back(static_cast<std::int64_t>(row));
    }
    return split;
  }
  const std::vector<std::int64_t> order = Random(seed, Stream::split).permutation(dataset.rows);
  const std::size_t train = dataset.rows * 8 / 10, validation = dataset.rows / 10;
  split.train.assign(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(train));
  split.validation.assign(order.begin() + static_cast<std::ptrdiff_t>(train),
                          order.begin() + static_cast<std::ptrdiff_t>(train + validation));
  split.test.assign(order.begin() + static_cast<std::ptrdiff_t>(train + validation), order.end());
  for (auto *part : {&split.train, &split.validation, &split.test})
    std::sort(part->begin(), part->end());
  return split;
}

std::vector<std::int64_t>
count_classes(const Dataset &dataset, const std::vector<std::int64_t> &rows, std::size_t classes) {
  std::vector<std::int64_t> counts(classes);
  for (std::int64_t row : rows)
    ++counts[static_cast<std::size_t>(dataset.labels[static_cast<std::size_t>(row)])];
  return counts;
}

} // namespace rnet
