// Writing weights files, and checking the hash of their data.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/weights_file.h"

#include "rnet/core/atomic_file.h"
#include "rnet/core/sha256.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace rnet {

Status WeightsFile::verify() const {
  const std::string expected = data_hash();
  if (expected.empty())
    return Status::error("weights file '" + path_ + "' has no hash of its data");
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  for (std::uint64_t at = data_begin_; at < size_;) {
    const std::size_t count = std::min<std::uint64_t>(buffer.size(), size_ - at);
    if (!read_bytes(buffer.data(), count, at))
      return Status::error("weights file '" + path_ +
                           "' cannot be read: it may have been truncated");
    hash.update(buffer.data(), count);
    at += count;
  }
  if (hash.hex() != expected)
    return Status::error("weights file '" + path_ +
                         "' is damaged: its data do not match their hash");
  return {};
}

Status write_weights(const std::string &path, std::span<const TensorToWrite> tensors,
                     std::map<std::string, std::string> metadata) {
  nlohmann::ordered_json header;
  header["__metadata__"] = nullptr;
  std::vector<std::string_view> pieces{"", ""};
  Sha256 hash;
  std::uint64_t at = 0;
  for (const TensorToWrite &tensor : tensors) {
    const bool is_float = !tensor.f32.empty() || tensor.f64.empty();
    const std::string_view bytes =
        is_float ? std::string_view(reinterpret_cast<const char *>(tensor.f32.data()),
                                    tensor.f32.size_bytes())
                 : std::string_view(reinterpret_cast<const char *>(tensor.f64.data()),
                                    tensor.f64.size_bytes());
    hash.update(bytes.data(), bytes.size());
    header[tensor.name] = {{"dtype", is_float ? "F32" : "F64"},
                           {"shape", tensor.shape},
                           {"data_offsets", {at, at + bytes.size()}}};
    at += bytes.size();
    pieces.push_back(bytes);
  }
  metadata["format"] = "pt"; // what other readers of safetensors expect
  metadata["rnet.data_sha256"] = hash.hex();
  header["__metadata__"] = metadata;
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' '); // tensors start on a multiple of eight
  const std::uint64_t length = text.size();
  pieces[0] = std::string_view(reinterpret_cast<const char *>(&length), 8);
  pieces[1] = text;
  return write_file(path, pieces);
}

} // namespace rnet
