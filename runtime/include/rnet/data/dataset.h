// Labelled rows, and the files that they are read from (docs/data.md).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ownership and threads: a Dataset owns its values and does not change after reading; any thread
// may read it.
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/status.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace rnet {

/// One input of all rows, [rows][width], in raw units. Bytes stay bytes: images take a quarter of
/// the memory. All else is f32.
struct InputValues {
  std::size_t width = 0;
  std::variant<std::vector<float>, std::vector<std::uint8_t>> values;
};

struct Dataset {
  std::size_t rows = 0;
  std::vector<InputValues> inputs;  ///< one for each network input
  std::vector<std::int32_t> labels; ///< class of each row
  std::vector<std::uint8_t>
      split; ///< 0 train, 1 validation, 2 test; empty where the data have none
  std::vector<std::int64_t> groups; ///< which rows a split must not part: 0, 1... in the order of
                                    ///< the group's values; empty where each row may go alone
  std::string hash; ///< SHA-256 of all the above (of bytes as f32), whatever the file's format

  /// Copies a row of an input.
  template <class T> void copy_row(std::size_t input, std::size_t row, T *to) const {
    const std::size_t width = inputs[input].width;
    std::visit([&](const auto &values) { std::copy_n(values.data() + row * width, width, to); },
               inputs[input].values);
  }

  /// Adds the rows of another dataset of the same network; the hash stays.
  void append(const Dataset &other);
};

/// What in a file is which input, where names alone do not say it. A SELECTOR is ARRAY, ARRAY[:, K]
/// or ARRAY[:, A:B]: axis 1 at K, or from A up to B, either of which may be missing. Kept as the
/// user wrote it, so that it can be recorded with the weights.
struct Selection {
  std::vector<std::string> inputs; ///< "NAME=SELECTOR", for some or all inputs
  std::string label;               ///< a SELECTOR; empty: by name
  std::string group;               ///< a SELECTOR: rows with equal values are a group
  bool resize = false;             ///< images of other sizes are resized instead of refused
};

/// Reads what the network needs from
///   .npz    an array for each input (by its name, or `x` where there is one input), one for the
///           labels (by the output's name, or `y`, `label`, `labels`), and maybe `split`
///   .csv    the same of columns; `x` is all columns but those for label, split and group; without
///           column names the last column is the label
///   .bin    rows of CIFAR-10
///   a folder, of CIFAR-10 (data_batch_5 validates), or of FOLDER/CLASS/*.png and *.jpg
/// Errors name the file, the array, line or row, what was found and expected.
Expected<Dataset> read_dataset(const std::string &path, const NetworkDescription &network,
                               const Selection &selection = {}, bool need_labels = true);

/// How often each class stands among these rows.
std::vector<std::int64_t> count_classes(const Dataset &dataset,
                                        const std::vector<std::int64_t> &rows, std::size_t classes);

} // namespace rnet
