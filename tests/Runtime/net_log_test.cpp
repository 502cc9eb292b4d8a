// What a node says, and that it never waits for a reader.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace rnet::net {
namespace {

/// Standard error goes into a pipe while the object lives.
class Captured {
public:
  Captured() {
    EXPECT_EQ(::pipe2(pipe_, O_NONBLOCK), 0);
    ::fcntl(pipe_[1], F_SETFL, 0); // who writes would wait
    ::dup2(pipe_[1], STDERR_FILENO);
  }
  ~Captured() {
    ::dup2(before_, STDERR_FILENO);
    for (int descriptor : {before_, pipe_[0], pipe_[1]})
      ::close(descriptor);
  }
  std::string read() const {
    char bytes[4096];
    const ssize_t count = ::read(pipe_[0], bytes, sizeof bytes);
    return {bytes, static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }
  void fill() const {
    ::fcntl(pipe_[1], F_SETFL, O_NONBLOCK);
    while (::write(pipe_[1], "x", 1) == 1)
      ;
    ::fcntl(pipe_[1], F_SETFL, 0);
  }
  void close_reader() { ::close(std::exchange(pipe_[0], -1)); }

private:
  int before_ = ::dup(STDERR_FILENO), pipe_[2] = {-1, -1};
};

TEST(LogTest, SpeaksToPeople) {
  const Captured captured;
  Log(Log::Format::plain, "fog1").say("peer_down", "has lost edge", {{"peer", "edge"}});
  EXPECT_EQ(captured.read(), "node fog1 has lost edge\n");
}
TEST(LogTest, SpeaksToMachines) {
  const Captured captured;
  Log(Log::Format::json, "fog1").say("peer_refused", "refuses", {{"peer", "\"\n\xff"}});
  const std::string line = captured.read();
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  nlohmann::json said = nlohmann::json::parse(line);
  EXPECT_EQ(said["time"].get<std::string>().size(), 24u);
  said.erase("time");
  EXPECT_EQ(said, (nlohmann::json{
                      {"node", "fog1"}, {"event", "peer_refused"}, {"peer", "\"\n\xef\xbf\xbd"}}));
}
TEST(LogTest, DoesNotWaitForAReader) {
  const Captured captured;
  captured.fill();
  Log(Log::Format::plain, "fog1").say("stop", "stops"); // or it would hang
}
TEST(LogTest, SurvivesItsReader) {
  Captured captured;
  captured.close_reader();
  Log(Log::Format::plain, "fog1").say("stop", "stops"); // or a signal would end it
}

} // namespace
} // namespace rnet::net
