// What a weights file says about its data.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/split_metadata.h"

#include <nlohmann/json.hpp>

#include <numeric>

namespace rnet {

using nlohmann::ordered_json;

Expected<SplitMetadata> SplitMetadata::read(const WeightsFile &weights) {
  SplitMetadata split;
  try {
    const ordered_json json = ordered_json::parse(weights.metadata("rnet.split"));
    split.kind = json.at("kind").get<std::string>();
    split.seed = json.at("seed").get<std::uint64_t>();
    split.test_hash = json.at("test_sha256").get<std::string>();
    split.class_counts = json.at("train_class_counts").get<std::vector<std::int64_t>>();
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
      {"kind", kind},
      {"seed", seed},
      {"test_sha256", test_hash},
      {"train_class_counts",
       class_counts}}.dump();
}

Status SplitMetadata::check_test_data(const Dataset &dataset) const {
  const std::string &expected = kind == "files" ? test_hash : dataset_hash;
  if (expected.empty())
    return Status::error(
        "these weights were trained without test rows; --all counts every row of the file");
  if (dataset.hash != expected)
    return Status::error("these are not the data that the weights were trained on (hash " +
                         dataset.hash.substr(0, 12) + ", expected " + expected.substr(0, 12) +
                         "), so which rows training saw is unknown; --all counts every row");
  return {};
}

std::vector<std::int64_t> SplitMetadata::test_rows(const Dataset &dataset) const {
  if (kind != "files")
    return make_split(dataset, seed).test;
  std::vector<std::int64_t> rows(dataset.rows);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

} // namespace rnet
