// Splits, and what a weights file says of them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/data/split.h"

#include "rnet/core/random.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cassert>
#include <numeric>

namespace rnet {

using nlohmann::ordered_json;

/// In the order of SplitKind.
static constexpr std::string_view kKinds[] = {"random", "contiguous", "array", "files"};

Split make_split(const Dataset &dataset, SplitKind kind, std::uint64_t seed) {
  std::vector<std::uint8_t> parts = dataset.split; // of each row
  if (kind == SplitKind::random || kind == SplitKind::contiguous) {
    const std::size_t groups =
        dataset.groups.empty()
            ? dataset.rows
            : static_cast<std::size_t>(
                  *std::max_element(dataset.groups.begin(), dataset.groups.end()) + 1);
    std::vector<std::int64_t> order(groups);
    std::iota(order.begin(), order.end(), 0);
    if (kind == SplitKind::random)
      order = Random(seed, Stream::split).permutation(groups);
    const std::size_t train = groups * 8 / 10, validation = groups / 10;
    std::vector<std::uint8_t> part_of(groups);
    for (std::size_t k = 0; k < groups; ++k)
      part_of[static_cast<std::size_t>(order[k])] = k < train ? 0 : k < train + validation ? 1 : 2;
    parts.resize(dataset.rows);
    for (std::size_t row = 0; row < dataset.rows; ++row)
      parts[row] =
          part_of[dataset.groups.empty() ? row : static_cast<std::size_t>(dataset.groups[row])];
  }
  assert(parts.size() == dataset.rows);
  Split split;
  for (std::size_t row = 0; row < dataset.rows; ++row) {
    auto &part = parts[row] == 0 ? split.train : parts[row] == 1 ? split.validation : split.test;
    part.push_back(static_cast<std::int64_t>(row));
  }
  return split;
}

Expected<SplitMetadata> SplitMetadata::read(const WeightsFile &weights) {
  SplitMetadata split;
  try {
    const ordered_json json = ordered_json::parse(weights.metadata("rnet.split"));
    const auto kind = std::find(std::begin(kKinds), std::end(kKinds),
                                json.at("kind").get_ref<const std::string &>());
    if (kind == std::end(kKinds))
      return Status::error("weights file '" + weights.path() +
                           "' has data that were split in an unknown way");
    split.kind = static_cast<SplitKind>(kind - std::begin(kKinds));
    split.seed = json.at("seed").get<std::uint64_t>();
    split.test_hash = json.at("test_sha256").get<std::string>();
    split.class_counts = json.at("train_class_counts").get<std::vector<std::int64_t>>();
    split.selection = {json.at("inputs").get<std::vector<std::string>>(),
                       json.at("label").get<std::string>(), json.at("by").get<std::string>(),
                       json.at("resize").get<bool>()};
  } catch (const ordered_json::exception &) {
    return Status::error("weights file '" + weights.path() +
                         "' does not say how its data were split");
  }
  split.dataset_hash = weights.metadata("rnet.dataset_sha256");
  return split;
}

void SplitMetadata::write(std::map<std::string, std::string> &metadata) const {
  metadata["rnet.dataset_sha256"] = dataset_hash;
  metadata["rnet.split"] = ordered_json{
      {"kind", kKinds[static_cast<std::size_t>(kind)]},
      {"seed", seed},
      {"by", selection.group},
      {"inputs", selection.inputs},
      {"label", selection.label},
      {"resize", selection.resize},
      {"test_sha256", test_hash},
      {"train_class_counts",
       class_counts}}.dump();
}

Status SplitMetadata::check_test_data(const Dataset &dataset) const {
  const std::string &expected = kind == SplitKind::files ? test_hash : dataset_hash;
  if (expected.empty())
    return Status::error(
        "these weights were trained without test rows; --all counts every row of the file");
  if (dataset.hash != expected)
    return Status::error("these are not the data that the weights were trained on (hash " +
                         dataset.hash.substr(0, 12) + ", expected " + expected.substr(0, 12) +
                         "), so which rows training saw is unknown; --all counts every row");
  if (kind == SplitKind::array && dataset.split.empty())
    return Status::error("these weights were trained on data that say how they are split, which "
                         "these do not");
  return {};
}

std::vector<std::int64_t> SplitMetadata::test_rows(const Dataset &dataset) const {
  if (kind != SplitKind::files)
    return make_split(dataset, kind, seed).test;
  std::vector<std::int64_t> rows(dataset.rows);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

std::vector<std::int64_t> SplitMetadata::validation_rows(const Dataset &dataset) const {
  return make_split(dataset, kind, seed).validation;
}

} // namespace rnet
