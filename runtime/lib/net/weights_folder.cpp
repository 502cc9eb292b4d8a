// Where a node has its weights from.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "weights_folder.h"

#include "rnet/core/atomic_file.h"
#include "rnet/core/weights_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace rnet::net {

namespace fs = std::filesystem;

static constexpr auto kLook = std::chrono::milliseconds(250);

WeightsFolder::WeightsFolder(std::string path, bool answers, Generations &generations,
                             Traffic *traffic, const Log &log, std::function<void()> changed)
    : path_(std::move(path)), answers_(answers), generations_(generations), traffic_(traffic),
      log_(log), changed_(std::move(changed)) {}

WeightsFolder::~WeightsFolder() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

Status WeightsFolder::open(const std::string &accuracy) {
  std::error_code none;
  if (!fs::is_directory(path_, none)) {
    const Status status = generations_.add(path_, accuracy);
    if (status.ok())
      tell();
    return status;
  }
  if (!accuracy.empty())
    return Status::error("'" + path_ +
                         "' is a folder of weights: its tables of accuracies stand in it, beside "
                         "their weights; --accuracy says another");
  if (Status status = look(/*at_once=*/true); !status.ok())
    return status;
  if (generations_.held().empty())
    return refused_.ok() ? Status::error("'" + path_ + "' holds no weights: expected *.safetensors")
                         : refused_;
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kLook, [&] { return stopping_; }))
      (void)look(/*at_once=*/false); // a folder that cannot be read now says nothing new
  });
  return {};
}

WeightsFolder::Stamp WeightsFolder::stamp(const std::string &path, const std::string &beside) {
  Stamp stamp{};
  std::size_t at = 0;
  for (const std::string &each : {path, beside}) {
    struct stat info{};
    if (!each.empty() && ::stat(each.c_str(), &info) == 0)
      for (std::uint64_t part :
           {std::uint64_t(info.st_dev), std::uint64_t(info.st_ino), std::uint64_t(info.st_size),
            std::uint64_t(info.st_mtim.tv_sec), std::uint64_t(info.st_mtim.tv_nsec)})
        stamp[at++] = part;
    at = stamp.size() / 2;
  }
  return stamp;
}

Status WeightsFolder::look(bool at_once) {
  std::map<std::string, File> files;
  std::error_code error;
  for (fs::directory_iterator entry(path_, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path &path = entry->path();
    if (path.extension() == ".safetensors" && path.filename().string()[0] != '.')
      files[path.string()] = files_[path.string()];
  }
  if (error)
    return Status::error("cannot read folder '" + path_ + "': " + error.message());
  files_ = std::move(files);

  const std::vector<GenerationId> before = generations_.held();
  std::vector<GenerationId> wanted;
  for (const auto &[path, file] : files_)
    if (file.generation)
      wanted.push_back(*file.generation);
  if (!wanted.empty())
    generations_.keep(wanted);
  for (const std::vector<GenerationId> held = generations_.held(); GenerationId id : before)
    if (std::ranges::find(held, id) == held.end())
      log_.say("generation_leaves",
               "lets generation " + name_of_generation(id) + " go: its file has gone",
               {{"generation", name_of_generation(id)}});
  const bool gone = generations_.sweep();

  for (auto &[path, file] : files_) {
    const Stamp now = stamp(path, answers_ ? AccuracyTable::path_for(path) : "");
    if (std::exchange(file.seen, now) == now || at_once)
      if (now != file.done)
        take(path, file);
  }
  if (gone || generations_.held() != before)
    tell();
  if (traffic_)
    read_traffic(at_once);
  return {};
}

void WeightsFolder::take(const std::string &path, File &file) {
  const auto opened = WeightsFile::open(path);
  if (!opened.ok()) {
    file.done = file.seen;
    return refuse(opened.status());
  }
  const auto id = generation_of_name(opened->data_hash().substr(0, 16));
  if (id && generations_.find(*id)) { // by another name, or it has come back
    file.generation = id;
    file.done = file.seen;
    return;
  }
  if (generations_.full()) {
    if (std::exchange(file.waits, file.seen) != file.seen)
      log_.say("generation_waits",
               "lets '" + path + "' wait: a node holds " + std::to_string(Generations::kMost) +
                   " generations",
               {{"path", path}});
    return;
  }
  file.done = file.seen;
  const std::string table = answers_ ? AccuracyTable::path_for(path) : "";
  std::error_code none;
  const bool has_table = !table.empty() && fs::exists(table, none);
  if (const Status status = generations_.add(path, has_table ? table : ""); !status.ok())
    return refuse(status);
  file.generation = id;
  log_.say("generation_loaded", "holds generation " + name_of_generation(*id),
           {{"generation", name_of_generation(*id)}, {"path", path}});
}

void WeightsFolder::read_traffic(bool at_once) {
  const std::string path = (fs::path(path_) / "traffic.json").string();
  const Stamp now = stamp(path, "");
  if ((std::exchange(traffic_file_.seen, now) != now && !at_once) || now == traffic_file_.done)
    return;
  traffic_file_.done = now;
  if (now == Stamp{})
    return traffic_->wish(std::nullopt);
  const auto text = read_file(path);
  if (!text.ok())
    return refuse(text.status());
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (json.is_object() && json.contains("generation") && json["generation"].is_string() &&
      json.contains("share") && json["share"].is_number()) {
    const auto generation = generation_of_name(json["generation"].get<std::string>());
    const double share = json["share"].get<double>();
    if (generation && share >= 0 && share <= 1)
      return traffic_->wish(Wish{*generation, share});
  }
  refuse(Status::error("'" + path + "' is damaged: expected {\"generation\": 16 hexadecimal " +
                       "digits, \"share\": a number from 0 to 1}"));
}

void WeightsFolder::tell() {
  changed_();
  if (traffic_)
    traffic_->hold(generations_.held());
}

void WeightsFolder::refuse(const Status &why) {
  if (refused_.ok())
    refused_ = why;
  log_.say("generation_refused", "goes on as before: " + why.message(),
           {{"message", why.message()}});
}

} // namespace rnet::net
