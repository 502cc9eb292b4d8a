// CIFAR-10, as its authors' binary files have it (Krizhevsky 2009): rows of one byte of label and
// 3 x 32 x 32 bytes, a plane each of red, green and blue.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "readers.h"

#include "rnet/core/atomic_file.h"

#include <filesystem>

namespace rnet::data {
namespace {

constexpr std::size_t kSide = 32, kPixels = kSide * kSide, kBytes = 1 + 3 * kPixels;
constexpr std::size_t kShape[] = {kSide, kSide, 3};
constexpr std::size_t kRows = 60000; // of the whole set

/// The files of the folder, and the part that each is.
constexpr std::pair<const char *, std::uint8_t> kFiles[] = {
    {"data_batch_1.bin", 0}, {"data_batch_2.bin", 0}, {"data_batch_3.bin", 0},
    {"data_batch_4.bin", 0}, {"data_batch_5.bin", 1}, {"test_batch.bin", 2}};

Status check_network(const std::string &path, const NetworkDescription &network) {
  const InputDescription &input = network.inputs[0];
  const bool fits =
      std::equal(input.shape.begin(), input.shape.end(), std::begin(kShape), std::end(kShape));
  if (network.inputs.size() == 1 && fits)
    return {};
  return Status::error(
      "'" + path + "' is of CIFAR-10, one input of shape " + describe(kShape) + "; network '" +
      std::string(network.name) + "' has " +
      (network.inputs.size() == 1
           ? "input '" + std::string(input.name) + "' of shape " + describe(input.shape)
           : std::to_string(network.inputs.size()) + " inputs"));
}

/// Adds the rows of a file.
Status read_rows(const std::string &path, std::size_t classes, Dataset &dataset) {
  auto bytes = read_file(path);
  if (!bytes.ok())
    return bytes.status();
  if (bytes->size() % kBytes != 0)
    return Status::error("'" + path + "' has " + std::to_string(bytes->size()) +
                         " bytes; expected a multiple of " + std::to_string(kBytes) +
                         ", the size of a CIFAR-10 row: it may have been truncated");
  const std::size_t rows = bytes->size() / kBytes;
  auto &values = std::get<std::vector<std::uint8_t>>(dataset.inputs[0].values);
  values.resize((dataset.rows + rows) * 3 * kPixels);
  std::uint8_t *to = values.data() + dataset.rows * 3 * kPixels;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto *from = reinterpret_cast<const std::uint8_t *>(bytes->data()) + row * kBytes;
    if (Status status =
            check_label(*from, classes, "'" + path + "': the label of row " + std::to_string(row));
        !status.ok())
      return status;
    dataset.labels.push_back(*from++);
    for (std::size_t pixel = 0; pixel < kPixels; ++pixel)
      for (std::size_t channel = 0; channel < 3; ++channel)
        *to++ = from[channel * kPixels + pixel];
  }
  dataset.rows += rows;
  return {};
}

Dataset make_empty() {
  Dataset dataset;
  dataset.inputs.push_back({3 * kPixels, std::vector<std::uint8_t>()});
  return dataset;
}

} // namespace

Expected<Dataset> read_cifar_file(const std::string &path, const NetworkDescription &network) {
  if (Status status = check_network(path, network); !status.ok())
    return status;
  Dataset dataset = make_empty();
  if (Status status = read_rows(path, network.outputs[0].width, dataset); !status.ok())
    return status;
  return dataset;
}

bool is_cifar_folder(const std::string &path) {
  std::error_code ignored;
  for (const auto &[name, part] : kFiles)
    if (std::filesystem::exists(std::filesystem::path(path) / name, ignored))
      return true;
  return false;
}

Expected<Dataset> read_cifar_folder(const std::string &path, const NetworkDescription &network) {
  if (Status status = check_network(path, network); !status.ok())
    return status;
  Dataset dataset = make_empty();
  std::get<std::vector<std::uint8_t>>(dataset.inputs[0].values).reserve(kRows * 3 * kPixels);
  for (const auto &[name, part] : kFiles) {
    if (Status status = read_rows((std::filesystem::path(path) / name).string(),
                                  network.outputs[0].width, dataset);
        !status.ok())
      return status;
    dataset.split.resize(dataset.rows, part);
  }
  return dataset;
}

} // namespace rnet::data
