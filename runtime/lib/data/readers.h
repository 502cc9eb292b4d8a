// The readers behind read_dataset. Each fills all of a Dataset but the hash.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/npz.h"
#include "rnet/data/dataset.h"

#include <map>
#include <span>
#include <string>

namespace rnet::data {

/// Names under which a label is looked for, in this order.
std::vector<std::string> label_names(const NetworkDescription &network);
/// Refuses what is no class; `where` says which value it is.
Status check_label(double value, std::size_t classes, const std::string &where);
/// "[3, 32]"
std::string describe(std::span<const std::size_t> shape);

/// Arrays of a file: of a .npz, or the columns of a CSV and `x`, the table without the label.
struct Arrays {
  std::string path;
  std::size_t first_line = 0; ///< of a CSV, where row 0 is; 0: a .npz
  std::map<std::string, NpyArray> arrays;

  /// How messages call an array, with the file in front.
  std::string subject(const std::string &name) const;
  /// "row 3", or "line 5" of a CSV.
  std::string place(std::size_t row) const;
  /// "array" or "column".
  const char *kind() const { return first_line ? "column" : "array"; }
  /// "a, b, c"
  std::string names() const;
};

Expected<Arrays> read_csv(const std::string &path, const NetworkDescription &network,
                          const Selection &selection, bool need_labels);
Expected<Dataset> read_arrays(const Arrays &file, const NetworkDescription &network,
                              const Selection &selection, bool need_labels);

Expected<Dataset> read_cifar_file(const std::string &path, const NetworkDescription &network);
bool is_cifar_folder(const std::string &path);
Expected<Dataset> read_cifar_folder(const std::string &path, const NetworkDescription &network);

Expected<Dataset> read_image_folder(const std::string &path, const NetworkDescription &network,
                                    bool resize, bool need_labels);

} // namespace rnet::data
