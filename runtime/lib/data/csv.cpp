// CSV, by libcsv: its columns as arrays.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "readers.h"

#include "selector.h"

#include "rnet/core/atomic_file.h"

#include <csv.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace rnet::data {
namespace {

bool parse_number(std::string_view text, double &value) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '+'))
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  const auto [next, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && next == text.data() + text.size() && !text.empty();
}

/// Takes cells as libcsv finds them. Numbers but for the first line, which may hold names.
class Table {
public:
  explicit Table(std::string path) : path_(std::move(path)) {}

  void add_cell(std::string_view text) {
    ++column_;
    if (line_ == 1)
      names.emplace_back(text);
    else
      add_number(text);
  }

  void end_line() {
    if (line_ == 1) {
      double unused;
      named = std::any_of(names.begin(), names.end(),
                          [&](const std::string &name) { return !parse_number(name, unused); });
      if (!named) {
        column_ = 0;
        for (const std::string &name : names) {
          ++column_;
          add_number(name);
        }
      }
    }
    if (column_ != names.size())
      fail("has " + std::to_string(column_) + " columns; expected " + std::to_string(names.size()));
    if (line_ > 1 || !named)
      ++rows;
    ++line_;
    column_ = 0;
  }

  /// Columns as an array: [rows], or [rows, columns] for all that `take` takes.
  NpyArray column(std::size_t column) const { return array({column}, {rows}); }
  NpyArray all_but(const std::vector<std::size_t> &left_out) const {
    std::vector<std::size_t> columns;
    for (std::size_t k = 0; k < names.size(); ++k)
      if (std::find(left_out.begin(), left_out.end(), k) == left_out.end())
        columns.push_back(k);
    return array(columns, {rows, columns.size()});
  }

  std::vector<std::string> names; ///< the first line
  bool named = false;             ///< false: it holds numbers
  std::size_t rows = 0;
  Status status;

private:
  void add_number(std::string_view text) {
    double value;
    if (!parse_number(text, value) || !std::isfinite(value))
      fail("column " + std::to_string(column_) + ": '" + std::string(text.substr(0, 40)) +
               "' is no finite number",
           ", ");
    values_.push_back(value);
  }
  void fail(const std::string &why, const char *join = " ") {
    if (status.ok())
      status = Status::error("'" + path_ + "': line " + std::to_string(line_) + join + why);
  }
  NpyArray array(const std::vector<std::size_t> &columns, std::vector<std::size_t> shape) const {
    std::vector<double> values;
    values.reserve(rows * columns.size());
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t column : columns)
        values.push_back(values_[row * names.size() + column]);
    return make_array(std::span<const double>(values), std::move(shape));
  }

  std::string path_;
  std::vector<double> values_; ///< [rows][names]
  std::size_t line_ = 1, column_ = 0;
};

/// The name of the array that a selector means; what is no selector is refused when it is used.
std::string array_name(const std::string &selector) {
  auto parsed = Selector::parse(selector);
  return parsed.ok() ? parsed->array : "";
}

} // namespace

Expected<Arrays> read_csv(const std::string &path, const NetworkDescription &network,
                          const Selection &selection, bool need_labels) {
  auto text = read_file(path, std::size_t(16) << 30);
  if (!text.ok())
    return text.status();
  Table table(path);
  csv_parser parser;
  csv_init(&parser, CSV_STRICT);
  auto cell = [](void *bytes, std::size_t count, void *table) {
    static_cast<Table *>(table)->add_cell({static_cast<const char *>(bytes), count});
  };
  auto end = [](int, void *table) { static_cast<Table *>(table)->end_line(); };
  const bool parsed =
      csv_parse(&parser, text->data(), text->size(), cell, end, &table) == text->size();
  csv_fini(&parser, cell, end, &table);
  const std::string problem = parsed ? "" : csv_strerror(csv_error(&parser));
  csv_free(&parser);
  if (!parsed)
    return Status::error("'" + path + "' is no CSV: " + problem);
  if (table.names.empty())
    return Status::error("'" + path + "' is empty");
  if (!table.status.ok())
    return table.status;
  if (table.rows == 0)
    return Status::error("'" + path + "' has a header and no rows");

  Arrays file{path, table.named ? std::size_t(2) : 1, {}};
  std::vector<std::size_t> apart; // columns that are not in x
  auto find = [&](const std::string &name) {
    for (std::size_t k = 0; k < table.names.size(); ++k)
      if (table.names[k] == name)
        return std::optional(k);
    return std::optional<std::size_t>();
  };
  if (table.named) {
    std::vector<std::string> labels{array_name(selection.label)};
    if (selection.label.empty())
      labels = label_names(network);
    for (const std::string &name : labels)
      if (auto column = find(name)) {
        apart.push_back(*column);
        break;
      }
    for (const std::string &name : {std::string("split"), array_name(selection.group)})
      if (auto column = find(name))
        apart.push_back(*column);
    for (std::size_t k = 0; k < table.names.size(); ++k)
      file.arrays.insert_or_assign(table.names[k], table.column(k));
  } else if (need_labels || (network.inputs.size() == 1 && selection.inputs.empty() &&
                             table.names.size() == network.inputs[0].width + 1)) {
    apart.push_back(table.names.size() - 1);
    file.arrays["y"] = table.column(table.names.size() - 1);
  }
  file.arrays.insert_or_assign("x", table.all_but(apart));
  return file;
}

} // namespace rnet::data
