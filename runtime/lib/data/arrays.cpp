// Datasets out of named arrays.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "readers.h"

#include "selector.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace rnet::data {
namespace {

bool is_text(const NpyArray &array) { return array.kind == 'S' || array.kind == 'U'; }

/// The selector for an input: the user's, or its name, or `x` for the only one.
Expected<Selector> find_input(const Arrays &file, const NetworkDescription &network,
                              std::size_t input, const Selection &selection) {
  const std::string name(network.inputs[input].name);
  for (const std::string &words : selection.inputs)
    if (words.compare(0, name.size() + 1, name + "=") == 0)
      return Selector::parse(words.substr(name.size() + 1));
  const bool only = network.inputs.size() == 1;
  // In a table, the input's name may well be that of one of its columns.
  if (file.arrays.count(name) && !(only && file.first_line))
    return Selector{name, true, false, 0, {}};
  if (only && file.arrays.count("x"))
    return Selector{"x", true, false, 0, {}};
  return Status::error("'" + file.path + "' has no " + file.kind() + " '" + name + "'" +
                       (only ? " or 'x'" : "") + "; it has " + file.names() +
                       (only ? "" : ": say --input " + name + "=ARRAY[:, BEGIN:END]"));
}

struct Selected {
  const Arrays &file;
  const NpyArray &array;
  SelectedRows rows;
  std::string subject;
};

Expected<Selected> select(const Arrays &file, const Selector &selector) {
  auto found = file.arrays.find(selector.array);
  if (found == file.arrays.end())
    return Status::error("'" + file.path + "' has no " + file.kind() + " '" + selector.array +
                         "'; it has " + file.names());
  const std::string subject = file.subject(selector.array);
  auto rows = select(found->second, selector, subject);
  if (!rows.ok())
    return rows.status();
  return Selected{file, found->second, std::move(*rows), subject};
}

Status read_input(const Selected &selected, const InputDescription &input, Dataset &dataset) {
  const auto &[file, array, rows, subject] = selected;
  if (is_text(array))
    return Status::error(subject + " holds text; expected numbers");
  const bool scalar = rows.shape.empty() && input.width == 1;
  if (!scalar &&
      !std::equal(input.shape.begin(), input.shape.end(), rows.shape.begin(), rows.shape.end())) {
    std::vector<std::size_t> found = rows.shape;
    found.insert(found.begin(), rows.rows);
    std::string expected = "[rows";
    for (std::size_t size : input.shape)
      expected += ", " + std::to_string(size);
    return Status::error(
        subject + " has shape " + describe(array.shape) +
        (found == array.shape ? "" : ", of which " + describe(found) + " is selected") +
        "; input '" + std::string(input.name) + "' needs " + expected + "]");
  }
  if (dataset.inputs.empty())
    dataset.rows = rows.rows;
  if (rows.rows != dataset.rows)
    return Status::error(subject + " has " + std::to_string(rows.rows) +
                         " rows; the first input has " + std::to_string(dataset.rows));
  InputValues to{input.width, {}};
  if ((array.kind == 'u' || array.kind == 'b') && array.bytes == 1) {
    std::vector<std::uint8_t> values(rows.rows * input.width);
    for (std::size_t row = 0; row < rows.rows; ++row)
      std::copy_n(array.data.data() + rows.at(row, 0), input.width,
                  values.data() + row * input.width);
    to.values = std::move(values);
  } else {
    std::vector<float> values;
    values.reserve(rows.rows * input.width);
    for (std::size_t row = 0; row < rows.rows; ++row)
      for (std::size_t k = 0; k < input.width; ++k) {
        values.push_back(static_cast<float>(array.number(rows.at(row, k))));
        if (!std::isfinite(values.back()))
          return Status::error(subject + " has a value that is not finite in " + file.place(row) +
                               ", element " + std::to_string(k));
      }
    to.values = std::move(values);
  }
  dataset.inputs.push_back(std::move(to));
  return {};
}

/// Refuses what has not one value for each row.
Status check_one_a_row(const Selected &selected, const char *what, const Dataset &dataset) {
  if (selected.rows.width != 1 || selected.rows.rows != dataset.rows)
    return Status::error(selected.subject + " has shape " + describe(selected.array.shape) +
                         "; expected one " + what + " for each of " + std::to_string(dataset.rows) +
                         " rows");
  return {};
}

Status read_labels(const Selected &selected, std::size_t classes, Dataset &dataset) {
  const auto &[file, array, rows, subject] = selected;
  if (is_text(array))
    return Status::error(subject + " holds text; expected class numbers");
  if (Status status = check_one_a_row(selected, "label", dataset); !status.ok())
    return status;
  for (std::size_t row = 0; row < dataset.rows; ++row) {
    const double value = array.number(rows.at(row, 0));
    if (Status status = check_label(value, classes, subject + " in " + file.place(row));
        !status.ok())
      return status;
    dataset.labels.push_back(static_cast<std::int32_t>(value));
  }
  return {};
}

Status read_split(const Selected &selected, Dataset &dataset) {
  const auto &[file, array, rows, subject] = selected;
  if (Status status = check_one_a_row(selected, "part", dataset); !status.ok())
    return status;
  for (std::size_t row = 0; row < dataset.rows; ++row) {
    std::optional<std::uint8_t> part;
    if (is_text(array)) {
      const std::string text = array.text(rows.at(row, 0));
      if (text.starts_with("train"))
        part = 0;
      else if (text.starts_with("val"))
        part = 1;
      else if (text == "test")
        part = 2;
    } else if (const double value = array.number(rows.at(row, 0));
               value == 0 || value == 1 || value == 2) {
      part = static_cast<std::uint8_t>(value);
    }
    if (!part)
      return Status::error(subject + " has an unknown part in " + file.place(row) +
                           "; expected 0, 1, 2 or train, validation, test");
    dataset.split.push_back(*part);
  }
  return {};
}

/// The place of each value among the different ones, in ascending order.
template <class T> std::vector<std::int64_t> rank(const std::vector<T> &values) {
  std::vector<T> order = values;
  std::sort(order.begin(), order.end());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  std::vector<std::int64_t> ranks;
  for (const T &value : values)
    ranks.push_back(std::lower_bound(order.begin(), order.end(), value) - order.begin());
  return ranks;
}

Status read_groups(const Selected &selected, Dataset &dataset) {
  const auto &[file, array, rows, subject] = selected;
  if (Status status = check_one_a_row(selected, "group", dataset); !status.ok())
    return status;
  std::vector<std::string> texts;
  std::vector<double> numbers;
  for (std::size_t row = 0; row < dataset.rows; ++row) {
    const std::size_t at = rows.at(row, 0);
    if (is_text(array))
      texts.push_back(array.text(at));
    else if (numbers.push_back(array.number(at)); !std::isfinite(numbers.back()))
      return Status::error(subject + " has a value that is not finite in " + file.place(row));
  }
  dataset.groups = is_text(array) ? rank(texts) : rank(numbers);
  return {};
}

/// Refuses --input for what is no input, and two for the same one.
Status check_names(const NetworkDescription &network, const Selection &selection) {
  std::vector<std::string> named;
  for (const std::string &words : selection.inputs) {
    const std::size_t equals = words.find('=');
    if (equals == words.npos)
      return Status::error("--input '" + words +
                           "' does not say of which input; expected "
                           "NAME=ARRAY[:, BEGIN:END]");
    const std::string name = words.substr(0, equals);
    std::string known;
    bool found = false;
    for (const InputDescription &input : network.inputs) {
      known += (known.empty() ? "" : ", ") + std::string(input.name);
      found = found || input.name == name;
    }
    if (!found)
      return Status::error("--input '" + words + "': network '" + std::string(network.name) +
                           "' has no input '" + name + "'; it has " + known);
    if (std::find(named.begin(), named.end(), name) != named.end())
      return Status::error("--input says twice what '" + name + "' is");
    named.push_back(name);
  }
  return {};
}

} // namespace

std::string Arrays::subject(const std::string &name) const {
  if (!first_line)
    return "'" + path + "': array '" + name + "'";
  return "'" + path +
         "': " + (name == "x" ? "x (the columns but the label)" : "column '" + name + "'");
}

std::string Arrays::place(std::size_t row) const {
  return first_line ? "line " + std::to_string(first_line + row) : "row " + std::to_string(row);
}

std::string Arrays::names() const {
  std::string list;
  for (const auto &[name, array] : arrays)
    list += (list.empty() ? "" : ", ") + name;
  return list;
}

Expected<Dataset> read_arrays(const Arrays &file, const NetworkDescription &network,
                              const Selection &selection, bool need_labels) {
  if (Status status = check_names(network, selection); !status.ok())
    return status;
  Dataset dataset;
  /// Hands what a selector means to a reader.
  auto take = [&](const Expected<Selector> &selector, const auto &read) -> Status {
    if (!selector.ok())
      return selector.status();
    auto selected = select(file, *selector);
    return selected.ok() ? read(*selected) : selected.status();
  };
  for (std::size_t k = 0; k < network.inputs.size(); ++k)
    if (Status status =
            take(find_input(file, network, k, selection),
                 [&](const Selected &it) { return read_input(it, network.inputs[k], dataset); });
        !status.ok())
      return status;

  std::vector<std::string> labels{selection.label};
  if (selection.label.empty()) {
    labels = label_names(network);
    std::erase_if(labels, [&](const std::string &name) { return !file.arrays.count(name); });
  }
  if (!labels.empty()) {
    if (Status status = take(
            Selector::parse(labels[0]),
            [&](const Selected &it) { return read_labels(it, network.outputs[0].width, dataset); });
        !status.ok())
      return status;
  } else if (need_labels) {
    return Status::error("'" + file.path + "' has no labels: no " + file.kind() + " '" +
                         std::string(network.outputs[0].name) + "', 'y' or 'label'; it has " +
                         file.names());
  }
  if (file.arrays.count("split"))
    if (Status status = take(Selector::parse("split"),
                             [&](const Selected &it) { return read_split(it, dataset); });
        !status.ok())
      return status;
  if (!selection.group.empty())
    if (Status status = take(Selector::parse(selection.group),
                             [&](const Selected &it) { return read_groups(it, dataset); });
        !status.ok())
      return status;
  return dataset;
}

} // namespace rnet::data
