// What a node says on standard error.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "log.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <poll.h>
#include <unistd.h>

namespace rnet::net {

/// "2026-11-28T12:00:00.123Z"
static std::string now() {
  using namespace std::chrono;
  const auto since = system_clock::now().time_since_epoch();
  const std::time_t seconds = duration_cast<std::chrono::seconds>(since).count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char date[32], text[40];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text, sizeof text, "%s.%03dZ", date,
                static_cast<int>(duration_cast<milliseconds>(since).count() % 1000));
  return text;
}

void Log::say(std::string_view event, std::string_view words,
              const std::vector<std::pair<std::string_view, std::string>> &fields) const {
  std::string line;
  if (format_ == Format::plain) {
    line = "node " + node_ + " " + std::string(words);
  } else {
    nlohmann::ordered_json json = {{"time", now()}, {"node", node_}, {"event", event}};
    for (const auto &[name, value] : fields)
      json[std::string(name)] = value;
    line = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  line += '\n';
  pollfd out{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT) || (out.revents & POLLERR))
    return;
  // In one piece: other processes write to the same terminal.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

} // namespace rnet::net
