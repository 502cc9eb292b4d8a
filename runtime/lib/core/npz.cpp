// NumPy archives, by libzip.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/npz.h"

#include "rnet/core/atomic_file.h"

#include <zip.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

namespace rnet {
namespace {

constexpr std::size_t kMaxBytes = std::size_t(16) << 30;

struct CloseZip {
  void operator()(zip_t *archive) const { zip_discard(archive); }
};
struct CloseEntry {
  void operator()(zip_file_t *entry) const { zip_fclose(entry); }
};

/// What follows `'key':` in a dictionary; empty where it has no such key.
std::string_view value_of(std::string_view text, std::string_view key) {
  const std::size_t at = text.find("'" + std::string(key) + "'");
  if (at == text.npos)
    return {};
  text.remove_prefix(at + key.size() + 2);
  text.remove_prefix(std::min(text.find_first_not_of(" :"), text.size()));
  return text;
}

/// Reads a whole number off the front of `text`.
bool take_number(std::string_view &text, std::size_t &number) {
  const auto [next, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(next - text.data()));
  return error == std::errc();
}

/// The type, such as '<f4'. Returns why it is refused, empty on success.
std::string parse_type(std::string_view text, NpyArray &array) {
  const char *const refusal = "has a type that is not a plain number or text";
  if (text.size() < 4 || text[0] != '\'' || std::string_view("<>|=").find(text[1]) == text.npos)
    return refusal;
  if (text[1] == '>')
    return "is big endian; expected little endian";
  array.kind = text[2];
  text.remove_prefix(3);
  if (!take_number(text, array.bytes) || text.empty() || text[0] != '\'' ||
      array.bytes > kMaxBytes / 4)
    return refusal;
  const bool is_text = array.kind == 'S' || array.kind == 'U';
  if (!is_text && std::string_view("biuf").find(array.kind) == std::string_view::npos)
    return std::string("has elements of kind '") + array.kind + "'; expected numbers or text";
  if (array.kind == 'U')
    array.bytes *= 4;
  if (!is_text && array.bytes != 1 && array.bytes != 2 && array.bytes != 4 && array.bytes != 8)
    return "has numbers of " + std::to_string(array.bytes) + " bytes; expected 1, 2, 4 or 8";
  if (array.kind == 'f' && array.bytes < 4)
    return "has half-precision numbers; expected f4 or f8";
  return "";
}

/// The shape, such as (10, 23) or (5,).
std::string parse_shape(std::string_view text, NpyArray &array) {
  const std::size_t end = text.find(')');
  if (text.empty() || text[0] != '(' || end == text.npos)
    return "has no shape";
  text = text.substr(1, end - 1);
  std::size_t total = array.bytes;
  while (text.remove_prefix(std::min(text.find_first_not_of(", "), text.size())), !text.empty()) {
    const bool digit = text[0] >= '0' && text[0] <= '9';
    std::size_t size = 0;
    if (!digit)
      return "has no shape";
    if (!take_number(text, size) || (size != 0 && total > kMaxBytes / size))
      return "is too large";
    total *= size;
    array.shape.push_back(size);
  }
  return "";
}

/// The header of a .npy: a Python dictionary of three known keys.
std::string parse_header(std::string_view text, NpyArray &array) {
  if (std::string why = parse_type(value_of(text, "descr"), array); !why.empty())
    return why;
  if (!value_of(text, "fortran_order").starts_with("False"))
    return "is in Fortran order; expected C order";
  return parse_shape(value_of(text, "shape"), array);
}

std::string parse_npy(const std::string &bytes, NpyArray &array) {
  if (bytes.size() < 10 || bytes.compare(0, 6, "\x93NUMPY") != 0)
    return "is no .npy array";
  const auto byte = [&](std::size_t k) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[k]));
  };
  std::size_t header = byte(8) | byte(9) << 8, begin = 10;
  if (byte(6) >= 2) {
    if (bytes.size() < 12)
      return "is truncated";
    header |= byte(10) << 16 | byte(11) << 24;
    begin = 12;
  }
  if (header > bytes.size() - begin)
    return "is truncated";
  if (std::string why = parse_header(std::string_view(bytes).substr(begin, header), array);
      !why.empty())
    return why;
  const std::size_t wanted = array.size() * array.bytes, found = bytes.size() - begin - header;
  if (found != wanted)
    return "has " + std::to_string(found) + " bytes of data, but its shape needs " +
           std::to_string(wanted);
  array.data = bytes.substr(begin + header);
  return "";
}

template <class T> double element(const std::string &data, std::size_t k) {
  T value;
  std::memcpy(&value, data.data() + k * sizeof value, sizeof value);
  return static_cast<double>(value);
}

template <class T>
NpyArray make(char kind, std::span<const T> values, std::vector<std::size_t> shape) {
  return {kind, sizeof(T), std::move(shape),
          std::string(reinterpret_cast<const char *>(values.data()), values.size_bytes())};
}

std::string spell_npy(const NpyArray &array) {
  const char order = array.kind == 'S' || array.bytes == 1 ? '|' : '<';
  std::string shape;
  for (std::size_t size : array.shape)
    shape += std::to_string(size) + ", ";
  if (array.shape.size() > 1)
    shape.resize(shape.size() - 2);
  else if (!shape.empty())
    shape.pop_back();
  std::string header = std::string("{'descr': '") + order + array.kind +
                       std::to_string(array.kind == 'U' ? array.bytes / 4 : array.bytes) +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(header.size() & 255);
  text += static_cast<char>(header.size() >> 8);
  return text + header + array.data;
}

} // namespace

std::size_t NpyArray::size() const {
  std::size_t count = 1;
  for (std::size_t size : shape)
    count *= size;
  return count;
}

double NpyArray::number(std::size_t k) const {
  switch (kind) {
  case 'f':
    return bytes == 4 ? element<float>(data, k) : element<double>(data, k);
  case 'i':
    return bytes == 1   ? element<std::int8_t>(data, k)
           : bytes == 2 ? element<std::int16_t>(data, k)
           : bytes == 4 ? element<std::int32_t>(data, k)
                        : element<std::int64_t>(data, k);
  default:
    return bytes == 1   ? element<std::uint8_t>(data, k)
           : bytes == 2 ? element<std::uint16_t>(data, k)
           : bytes == 4 ? element<std::uint32_t>(data, k)
                        : element<std::uint64_t>(data, k);
  }
}

std::string NpyArray::text(std::size_t k) const {
  std::string value;
  const std::size_t step = kind == 'U' ? 4 : 1;
  for (std::size_t at = 0; at < bytes; at += step)
    if (char c = data[k * bytes + at])
      value += c;
  return value;
}

Expected<std::map<std::string, NpyArray>> read_npz(const std::string &path) {
  int code = 0;
  std::unique_ptr<zip_t, CloseZip> archive(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    Status status =
        Status::error("cannot read '" + path + "' as .npz: " + zip_error_strerror(&error));
    zip_error_fini(&error);
    return status;
  }
  std::map<std::string, NpyArray> arrays;
  std::size_t total = 0;
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t k = 0; k < count; ++k) {
    zip_stat_t info;
    if (zip_stat_index(archive.get(), static_cast<zip_uint64_t>(k), 0, &info) != 0)
      return Status::error("'" + path + "' is damaged");
    std::string name = info.name;
    if (name.size() < 4 || name.compare(name.size() - 4, 4, ".npy") != 0)
      continue;
    name.resize(name.size() - 4);
    auto refuse = [&](const std::string &why) {
      return Status::error("'" + path + "': array '" + name + "' " + why);
    };
    if (info.size > kMaxBytes - total)
      return refuse("is too large");
    total += info.size;
    std::unique_ptr<zip_file_t, CloseEntry> entry(
        zip_fopen_index(archive.get(), static_cast<zip_uint64_t>(k), 0));
    std::string bytes;
    bool good = entry != nullptr;
    // Piece by piece, so that a lying size costs nothing.
    for (char buffer[65536]; good && bytes.size() <= info.size;) {
      const zip_int64_t got = zip_fread(entry.get(), buffer, sizeof buffer);
      if (got < 0)
        good = false;
      if (got <= 0)
        break;
      bytes.append(buffer, static_cast<std::size_t>(got));
    }
    if (!good || bytes.size() != info.size)
      return refuse("is damaged");
    NpyArray array;
    if (std::string why = parse_npy(bytes, array); !why.empty())
      return refuse(why);
    arrays.emplace(std::move(name), std::move(array));
  }
  if (arrays.empty())
    return Status::error("'" + path + "' holds no .npy arrays");
  return arrays;
}

NpyArray make_array(std::span<const float> values, std::vector<std::size_t> shape) {
  return make('f', values, std::move(shape));
}
NpyArray make_array(std::span<const double> values, std::vector<std::size_t> shape) {
  return make('f', values, std::move(shape));
}
NpyArray make_array(std::span<const std::int64_t> values, std::vector<std::size_t> shape) {
  return make('i', values, std::move(shape));
}
NpyArray make_array(std::span<const std::int32_t> values, std::vector<std::size_t> shape) {
  return make('i', values, std::move(shape));
}
NpyArray make_array(std::span<const std::uint8_t> values, std::vector<std::size_t> shape) {
  return make('u', values, std::move(shape));
}
NpyArray make_array(std::span<const std::string> values) {
  std::size_t width = 1;
  for (const std::string &value : values)
    width = std::max(width, value.size());
  NpyArray array{'U', width * 4, {values.size()}, std::string(values.size() * width * 4, '\0')};
  for (std::size_t k = 0; k < values.size(); ++k)
    for (std::size_t c = 0; c < values[k].size(); ++c)
      array.data[(k * width + c) * 4] = values[k][c];
  return array;
}

Status write_npz(const std::string &path, const std::map<std::string, NpyArray> &arrays) {
  auto failed = [&](const std::string &why) {
    return Status::error("cannot write '" + path + "': " + why);
  };
  // libzip builds the archive in memory; write_file makes it appear whole.
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *buffer = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_t *archive = buffer ? zip_open_from_source(buffer, ZIP_TRUNCATE, &error) : nullptr;
  if (!archive)
    return failed(zip_error_strerror(&error));
  zip_source_keep(buffer);
  std::vector<std::string> texts;
  texts.reserve(arrays.size());
  for (const auto &[name, array] : arrays) {
    texts.push_back(spell_npy(array));
    zip_source_t *source = zip_source_buffer(archive, texts.back().data(), texts.back().size(), 0);
    const zip_int64_t index =
        zip_file_add(archive, (name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      Status status = failed(zip_strerror(archive));
      zip_source_free(source);
      zip_discard(archive);
      zip_source_free(buffer);
      return status;
    }
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
    // A fixed date (1 January 1980): the same arrays give the same bytes.
    zip_file_set_dostime(archive, static_cast<zip_uint64_t>(index), 0, 0x21, 0);
  }
  if (zip_close(archive) != 0) {
    Status status = failed(zip_strerror(archive));
    zip_discard(archive);
    zip_source_free(buffer);
    return status;
  }
  std::string bytes;
  zip_stat_t info;
  if (zip_source_stat(buffer, &info) == 0 && zip_source_open(buffer) == 0) {
    bytes.resize(info.size);
    if (zip_source_read(buffer, bytes.data(), bytes.size()) !=
        static_cast<zip_int64_t>(bytes.size()))
      bytes.clear();
    zip_source_close(buffer);
  }
  zip_source_free(buffer);
  if (bytes.empty())
    return failed("the archive could not be built");
  return write_file(path, bytes);
}

} // namespace rnet
