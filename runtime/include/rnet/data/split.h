// How rows are dealt to training, validation and test, and how a weights file remembers it, so that
// rows of training never score. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/weights_file.h"
#include "rnet/data/dataset.h"

#include <map>
#include <string>
#include <vector>

namespace rnet {

/// Row indices of each part, in ascending order.
struct Split {
  std::vector<std::int64_t> train, validation, test;
};

/// Who says which part a row is in: chance, the order of rows, the data's own array, or the user,
/// who gave a file for each part.
enum class SplitKind { random, contiguous, array, files };

/// `random` and `contiguous` deal out groups of rows (a dataset without groups: rows): the first
/// eight tenths (rounded down) train, the next tenth validates, the rest tests. `random` puts the
/// groups in the order of Random(seed, Stream::split).permutation first. `array` follows
/// Dataset::split, which must be there; `files` has nothing to split.
Split make_split(const Dataset &dataset, SplitKind kind, std::uint64_t seed = 0);

/// What a weights file says about the data that it was trained on.
struct SplitMetadata {
  SplitKind kind = SplitKind::random;
  std::uint64_t seed = 0;
  Selection selection;                    ///< how the data were read
  std::string dataset_hash;               ///< of --data, or of the --train file
  std::string test_hash;                  ///< of the --test file; empty without one
  std::vector<std::int64_t> class_counts; ///< of the training rows

  static Expected<SplitMetadata> read(const WeightsFile &weights);
  void write(std::map<std::string, std::string> &metadata) const;

  /// The same rows train, validate and test. A seed counts only where chance deals them out.
  bool same_parts(const SplitMetadata &other) const {
    return kind == other.kind && (kind != SplitKind::random || seed == other.seed) &&
           dataset_hash == other.dataset_hash && test_hash == other.test_hash &&
           selection.group == other.selection.group;
  }
  /// Refuses data other than those that were split.
  Status check_test_data(const Dataset &dataset) const;
  /// The rows that may score, of the dataset that was split, or of the test file.
  std::vector<std::int64_t> test_rows(const Dataset &dataset) const;
  /// The rows that validated, of the dataset that was split; not of `files`.
  std::vector<std::int64_t> validation_rows(const Dataset &dataset) const;
};

} // namespace rnet
