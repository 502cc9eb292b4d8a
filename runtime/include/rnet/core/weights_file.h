// Weights files: one safetensors file a network.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ownership and threads: a WeightsFile keeps the file open, replaced or not; all its members are
// const and may be called from any thread. Writing is atomic: a reader sees
// the old file or the new one.
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/status.h"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rnet {

enum class ElementType { f32, f64 };

/// Where a tensor lies in a weights file.
struct TensorEntry {
  ElementType type;
  std::vector<std::size_t> shape;
  std::uint64_t begin, end; ///< bytes, counted from the start of the file
};

class WeightsFile {
public:
  /// Reads and checks the header: lengths, JSON, names, types, offsets. No tensor is read yet.
  static Expected<WeightsFile> open(const std::string &path);

  WeightsFile(WeightsFile &&) noexcept;
  WeightsFile &operator=(WeightsFile &&) noexcept;
  ~WeightsFile();

  const std::string &path() const { return path_; }
  /// By name; null where there is none.
  const TensorEntry *find(std::string_view name) const;
  const std::map<std::string, TensorEntry, std::less<>> &tensors() const { return tensors_; }
  /// Metadata by key; empty where there is none.
  std::string metadata(std::string_view key) const;
  const std::map<std::string, std::string, std::less<>> &metadata() const { return metadata_; }

  /// Copies a tensor of this shape, converting f64 to f32 or back where needed.
  Status read(std::string_view name, std::span<const std::size_t> shape, std::span<float> to) const;
  Status read(std::string_view name, std::span<const std::size_t> shape,
              std::span<double> to) const;
  template <std::size_t N, class T>
  Status read(std::string_view name, const std::size_t (&shape)[N], T &to) const {
    return read(name, std::span<const std::size_t>(shape), std::span(to));
  }

  /// Compares the data with the SHA-256 in the metadata.
  Status verify() const;
  /// SHA-256 of the data as the metadata has it: what accuracy tables and checkpoints are bound to.
  std::string data_hash() const { return metadata("rnet.data_sha256"); }

  /// Refuses a file of another network: parameters that differ, and, where `topology` is asked for,
  /// another topology or scheme.
  Status check(const NetworkDescription &network, bool topology) const;

private:
  WeightsFile() = default;
  bool read_bytes(void *to, std::size_t count, std::uint64_t at) const;
  template <class T>
  Status read_as(std::string_view, std::span<const std::size_t>, std::span<T>) const;

  std::string path_;
  int descriptor_ = -1;
  std::uint64_t data_begin_ = 0, size_ = 0;
  std::map<std::string, TensorEntry, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> metadata_;
};

/// A tensor to write. Exactly one of the spans is used.
struct TensorToWrite {
  std::string name;
  std::vector<std::size_t> shape;
  std::span<const float> f32 = {};
  std::span<const double> f64 = {};
};

/// Writes a weights file atomically. Tensors keep their order, metadata are sorted,
/// `rnet.data_sha256` is added: the same contents are the same bytes.
Status write_weights(const std::string &path, std::span<const TensorToWrite> tensors,
                     std::map<std::string, std::string> metadata);

} // namespace rnet
