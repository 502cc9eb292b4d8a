// Where a node has its weights from: one file, or a folder in which each is a generation.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "generations.h"
#include "log.h"
#include "traffic.h"

#include <sys/stat.h>

#include <array>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace rnet::net {

/// Looks into a folder of `*.safetensors`, accuracy tables beside them and `traffic.json` four
/// times a second, and makes the node's generations what it holds: loads what has come, once it
/// changes no more, and lets go what has gone, but the last. A file that is refused changes
/// nothing. Says what it does.
class WeightsFolder {
public:
  /// `answers`: the node holds the output or an exit, and reads accuracy tables. `traffic` is a
  /// door's, null where there is none. `changed` is called after each change of the generations.
  WeightsFolder(std::string path, bool answers, Generations &generations, Traffic *traffic,
                const Log &log, std::function<void()> changed);
  ~WeightsFolder();

  /// Looks for the first time; an error where nothing can be loaded. Then watches. Where the path
  /// is that of a file, it is the one generation for ever, `accuracy` its table ("": none).
  Status open(const std::string &accuracy);

private:
  /// Two files' identity, size and time of change; zeros where there is none.
  using Stamp = std::array<std::uint64_t, 10>;
  static Stamp stamp(const std::string &path, const std::string &beside);
  struct File {
    Stamp seen{};                           ///< when it was last looked at
    Stamp done{};                           ///< when it was last loaded or refused
    Stamp waits{};                          ///< when it was said that there is no room
    std::optional<GenerationId> generation; ///< the last that was taken from it
  };

  /// `at_once`: without waiting until files do not change any more. An error where the folder
  /// cannot be read.
  Status look(bool at_once);
  void take(const std::string &path, File &file);
  void read_traffic(bool at_once);
  void tell();
  void refuse(const Status &why);

  const std::string path_;
  const bool answers_;
  Generations &generations_;
  Traffic *const traffic_;
  const Log &log_;
  const std::function<void()> changed_;
  std::map<std::string, File> files_; ///< by path
  File traffic_file_;
  Status refused_; ///< the first refusal
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace rnet::net
