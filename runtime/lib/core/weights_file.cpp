// Reading weights files. The format: 8 bytes of length (little endian), that much JSON, then the
// tensors' bytes. Compiles without exceptions, for nodes that have none. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
#include "rnet/core/weights_file.h"

#include "rnet/core/element.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace rnet {
namespace {

constexpr std::uint64_t kMaxHeader = 100'000'000; // as in the reference implementation

using nlohmann::json;

/// "[250, 23]".
std::string describe(std::span<const std::size_t> shape) {
  std::string text = "[";
  for (std::size_t size : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

/// Notices a tensor that is named twice, which the JSON parser would take without a word.
class DuplicateKeys {
public:
  bool operator()(int depth, json::parse_event_t event, json &parsed) {
    if (event == json::parse_event_t::key && depth == 1)
      found_ = !keys_.insert(parsed.get<std::string>()).second || found_;
    return true;
  }
  bool found() const { return found_; }

private:
  std::set<std::string> keys_;
  bool found_ = false;
};

/// A member of an object; null where there is none.
const json &member(const json &object, const char *name) {
  static const json none;
  const auto found = object.find(name); // the end where it is no object
  return found == object.end() ? none : *found;
}

/// One tensor's record in the header; empty, or what is wrong with it.
std::string parse_entry(const json &record, std::uint64_t data_size, TensorEntry &entry) {
  const json &dtype = member(record, "dtype");
  if (!dtype.is_string())
    return "has no dtype";
  const auto &type = dtype.get_ref<const std::string &>();
  if (type != "F32" && type != "F64")
    return "has element type " + type + ", expected F32 or F64";
  entry.type = type == "F32" ? ElementType::f32 : ElementType::f64;
  std::uint64_t bytes = type == "F32" ? 4 : 8;
  const json &shape = member(record, "shape");
  if (!shape.is_array())
    return "has no shape";
  for (const json &size : shape) {
    if (!size.is_number_unsigned())
      return "has a shape that is not made of whole numbers";
    const auto value = size.get<std::uint64_t>();
    if (value != 0 && bytes > data_size / value + 1)
      return "has a shape larger than the file";
    bytes *= value;
    entry.shape.push_back(value);
  }
  const json &offsets = member(record, "data_offsets");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    return "has no data_offsets";
  entry.begin = offsets[0].get<std::uint64_t>();
  entry.end = offsets[1].get<std::uint64_t>();
  if (entry.begin > entry.end || entry.end > data_size)
    return "lies outside the file";
  if (entry.end - entry.begin != bytes)
    return "has " + std::to_string(entry.end - entry.begin) + " bytes, but its shape needs " +
           std::to_string(bytes);
  return "";
}

} // namespace

Expected<WeightsFile> WeightsFile::open(const std::string &path) {
  WeightsFile file;
  file.path_ = path;
  auto refuse = [&](const std::string &why) {
    return Status::error("weights file '" + path + "' " + why);
  };
  file.descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file.descriptor_ < 0)
    return Status::error("cannot open weights file '" + path + "': " + std::strerror(errno));
  struct stat info;
  if (::fstat(file.descriptor_, &info) != 0 || !S_ISREG(info.st_mode))
    return refuse("is not a regular file");
  file.size_ = static_cast<std::uint64_t>(info.st_size);
  std::uint64_t length = 0;
  if (file.size_ < 8 || !file.read_bytes(&length, 8, 0))
    return refuse("is truncated: " + std::to_string(file.size_) + " bytes");
  if (length > kMaxHeader || length > file.size_ - 8)
    return refuse("is truncated or is no safetensors file: its header claims " +
                  std::to_string(length) + " of " + std::to_string(file.size_) + " bytes");
  std::string text(length, '\0');
  if (!file.read_bytes(text.data(), length, 8))
    return refuse("cannot be read");
  file.data_begin_ = 8 + length;
  const std::uint64_t data_size = file.size_ - file.data_begin_;

  DuplicateKeys duplicates;
  const json header = json::parse(text, std::ref(duplicates), /*allow_exceptions=*/false);
  if (header.is_discarded())
    return refuse("is damaged or is no safetensors file: its header is no JSON");
  if (!header.is_object())
    return refuse("is no safetensors file: its header is not an object");
  if (duplicates.found())
    return refuse("names a tensor twice");
  for (const auto &[name, record] : header.items()) {
    if (name == "__metadata__") {
      if (!record.is_object())
        return refuse("is damaged: its metadata are not an object");
      for (const auto &[key, value] : record.items()) {
        if (!value.is_string())
          return refuse("is damaged: its metadata '" + key + "' is no string");
        file.metadata_[key] = value.get<std::string>();
      }
      continue;
    }
    TensorEntry entry{};
    if (std::string why = parse_entry(record, data_size, entry); !why.empty())
      return refuse("is damaged: tensor '" + name + "' " + why);
    entry.begin += file.data_begin_;
    entry.end += file.data_begin_;
    file.tensors_.emplace(name, std::move(entry));
  }

  // Tensors cover the data without gaps or overlaps, as the format demands.
  std::vector<const TensorEntry *> order;
  for (const auto &[name, entry] : file.tensors_)
    order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const TensorEntry *a, const TensorEntry *b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t at = file.data_begin_;
  for (const TensorEntry *entry : order) {
    if (entry->begin != at)
      return refuse("is damaged: tensors overlap or leave gaps");
    at = entry->end;
  }
  if (at != file.size_)
    return refuse("has " + std::to_string(file.size_ - at) + " bytes that no tensor uses");
  return file;
}

WeightsFile::WeightsFile(WeightsFile &&other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)),
      data_begin_(other.data_begin_), size_(other.size_), tensors_(std::move(other.tensors_)),
      metadata_(std::move(other.metadata_)) {}

WeightsFile &WeightsFile::operator=(WeightsFile &&other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(data_begin_, other.data_begin_);
  std::swap(size_, other.size_);
  std::swap(tensors_, other.tensors_);
  std::swap(metadata_, other.metadata_);
  return *this;
}

WeightsFile::~WeightsFile() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

bool WeightsFile::read_bytes(void *to, std::size_t count, std::uint64_t at) const {
  auto *bytes = static_cast<char *>(to);
  while (count > 0) {
    const ssize_t got = ::pread(descriptor_, bytes, count, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    bytes += got;
    at += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

const TensorEntry *WeightsFile::find(std::string_view name) const {
  auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

std::string WeightsFile::metadata(std::string_view key) const {
  auto found = metadata_.find(key);
  return found == metadata_.end() ? std::string() : found->second;
}

template <class T>
Status WeightsFile::read_as(std::string_view name, std::span<const std::size_t> shape,
                            std::span<T> to) const {
  const TensorEntry *entry = find(name);
  const std::string subject = "weights file '" + path_ + "'";
  if (!entry)
    return Status::error(subject + " has no tensor '" + std::string(name) + "'");
  if (!std::equal(shape.begin(), shape.end(), entry->shape.begin(), entry->shape.end()))
    return Status::error(subject + " has '" + std::string(name) + "' with shape " +
                         describe(entry->shape) + ", expected " + describe(shape));
  // Not mapped: a file that is cut short meanwhile must not end the process.
  const auto convert = [&]<class Element>(std::array<Element, 8192> elements) {
    for (std::size_t k = 0; k < to.size();) {
      const std::size_t count = std::min(elements.size(), to.size() - k);
      if (!read_bytes(elements.data(), count * sizeof(Element), entry->begin + k * sizeof(Element)))
        return false;
      for (std::size_t each = 0; each < count; ++each)
        to[k++] = static_cast<T>(elements[each]);
    }
    return true;
  };
  const bool whole = entry->type == ElementType::f32 ? convert(std::array<float, 8192>())
                                                     : convert(std::array<double, 8192>());
  return whole ? Status() : Status::error(subject + " cannot be read: it may have been truncated");
}

Status WeightsFile::read(std::string_view name, std::span<const std::size_t> shape,
                         std::span<float> to) const {
  return read_as(name, shape, to);
}
Status WeightsFile::read(std::string_view name, std::span<const std::size_t> shape,
                         std::span<double> to) const {
  return read_as(name, shape, to);
}

Status WeightsFile::check(const NetworkDescription &network, bool topology) const {
  const std::string subject = "weights file '" + path_ + "' ";
  const std::string name = metadata("rnet.network");
  if (name.empty())
    return Status::error(subject + "was not written by rnet: it names no network");
  if (metadata("rnet.parameters") != network.parameters_fingerprint) {
    // Where scales are all that it lacks, there is something to do.
    std::vector<std::string_view> missing;
    for (const ParameterDescription &parameter : network.parameters)
      if (const TensorEntry *entry = find(parameter.name);
          !entry || !std::ranges::equal(entry->shape, parameter.shape))
        missing.push_back(parameter.name);
    if (!missing.empty() && std::ranges::all_of(missing, Scale::is_name))
      return Scale().load(*this, missing.front());
    return Status::error(subject + "is for other parameters: it holds network '" + name +
                         "', scheme " + metadata("rnet.scheme") + "; this program is network '" +
                         std::string(network.name) + "', scheme " + std::string(network.scheme));
  }
  if (topology && metadata("rnet.topology") != network.topology_fingerprint)
    return Status::error(subject + "was trained for scheme " + metadata("rnet.scheme") +
                         ", another topology or other element types; this program is scheme " +
                         std::string(network.scheme));
  return {};
}

} // namespace rnet
