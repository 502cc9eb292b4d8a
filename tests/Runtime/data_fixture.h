// A network described for the readers of datasets, and a folder for their files.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/npz.h"
#include "rnet/data/dataset.h"

#include "test_files.h"

#include <deque>

namespace rnet::test {

class Data : public testing::Test {
protected:
  /// Inputs by name and shape, and one output `activity`.
  void describe(const std::vector<std::pair<const char *, std::vector<std::size_t>>> &named,
                std::size_t classes, std::vector<std::string_view> class_names = {}) {
    inputs.clear();
    for (const auto &[name, shape] : named) {
      std::size_t width = 1;
      for (std::size_t size : shape)
        width *= size;
      inputs.push_back({name, 0, width, shapes.emplace_back(shape)});
    }
    names = std::move(class_names);
    outputs = {{"activity", 0, 0, classes, names}};
    network.name = "toy";
    network.inputs = inputs;
    network.outputs = outputs;
  }

  Expected<Dataset> npz(const std::map<std::string, NpyArray> &arrays,
                        const Selection &selection = {}, bool need_labels = true) {
    EXPECT_TRUE(write_npz(folder.file("d.npz"), arrays).ok());
    return read_dataset(folder.file("d.npz"), network, selection, need_labels);
  }
  Expected<Dataset> csv(const std::string &text, const Selection &selection = {},
                        bool need_labels = true) {
    return read_dataset(folder.write("d.csv", text), network, selection, need_labels);
  }

  /// All rows of an input, as floats.
  static std::vector<float> values(const Dataset &dataset, std::size_t input = 0) {
    const std::size_t width = dataset.inputs[input].width;
    std::vector<float> all(dataset.rows * width);
    for (std::size_t row = 0; row < dataset.rows; ++row)
      dataset.copy_row(input, row, all.data() + row * width);
    return all;
  }
  static bool has_bytes(const Dataset &dataset, std::size_t input = 0) {
    return std::holds_alternative<std::vector<std::uint8_t>>(dataset.inputs[input].values);
  }

  template <class T>
  static NpyArray array(std::vector<T> elements, std::vector<std::size_t> shape) {
    return make_array(std::span<const T>(elements), std::move(shape));
  }

  Folder folder;
  NetworkDescription network{};

private:
  std::deque<std::vector<std::size_t>> shapes;
  std::vector<InputDescription> inputs;
  std::vector<std::string_view> names;
  std::vector<OutputDescription> outputs;
};

} // namespace rnet::test
