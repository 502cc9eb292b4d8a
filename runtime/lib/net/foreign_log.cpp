// What gRPC and protobuf have to say. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "foreign_log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <mutex>

namespace rnet::net {
namespace {

constexpr std::size_t kLongest = 400;
constexpr int kLines = 10; ///< in a period
constexpr auto kPeriod = std::chrono::seconds(10);

void say(const char *who, std::string_view what) {
  static std::mutex mutex; // they have one log, for all threads
  static std::chrono::steady_clock::time_point begin;
  static int lines = 0;
  std::lock_guard lock(mutex);
  if (const auto now = std::chrono::steady_clock::now(); now - begin > kPeriod) {
    if (lines > kLines)
      std::cerr << std::to_string(lines - kLines) + " more messages like these\n";
    begin = now;
    lines = 0;
  }
  if (++lines <= kLines)
    std::cerr << std::string(who) + ": " + printable(what) + "\n";
}

} // namespace

std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, kLongest))
    if (c >= ' ' && c <= '~') {
      result += c;
    } else {
      char escaped[5];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
      result += escaped;
    }
  return text.size() > kLongest ? result + "..." : result;
}

void limit_foreign_log() {
  gpr_set_log_function([](gpr_log_func_args *said) { say("gRPC", said->message); });
  google::protobuf::SetLogHandler([](google::protobuf::LogLevel, const char *, int,
                                     const std::string &message) { say("protobuf", message); });
}

} // namespace rnet::net
