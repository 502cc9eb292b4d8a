// Labelled rows, from .npz and CSV files, and how they are split.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rnet {

/// Rows in raw units. Immutable after reading.
struct Dataset {
  std::size_t rows = 0;
  std::vector<std::vector<float>> inputs; ///< one for each network input: [rows][width]
  std::vector<std::int32_t> labels;       ///< class of each row
  std::vector<std::uint8_t> split; ///< 0 train, 1 validation, 2 test; empty where the file has none
  std::string hash;                ///< SHA-256 of inputs and labels, whatever the file's format
};

/// Reads what the network needs. A .npz has an array for each input (by its name, or `x` where
/// there is one input), one for the labels (by the output's name, or `y`, `label`, `labels`), and
/// maybe `split`. A CSV has the elements of the one input in order and the label in the column of
/// the output's name, `y`, `label` or `labels`, or the last one where there is no header. Errors
/// name the file, the array or line, what was found and expected.
Expected<Dataset> read_dataset(const std::string &path, const NetworkDescription &network,
                               bool need_labels = true);

/// Row indices of each part.
struct Split {
  std::vector<std::int64_t> train, validation, test;
};

/// 80/10/10: the first eight tenths (rounded down) of Random(seed,
/// Stream::split).permutation(rows), the next tenth, the rest; each in ascending order. A dataset
/// with a split array is split as that says.
Split make_split(const Dataset &dataset, std::uint64_t seed);

/// How often each class stands among these rows.
std::vector<std::int64_t> count_classes(const Dataset &dataset,
                                        const std::vector<std::int64_t> &rows, std::size_t classes);

} // namespace rnet
