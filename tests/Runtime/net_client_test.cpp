// A client and nodes that do not answer. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test_files.h"

#include "rnet/net/client.h"

#include <cstring>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace rnet::net {
namespace {

TEST(ClientTest, GivesASlowNodeTimeToShakeHands) {
  const test::Folder folder;
  const std::string path = folder.file("node");
  // Its socket is there, but it has not come to answer.
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_un address{AF_UNIX, {}};
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::strcpy(address.sun_path, path.c_str());
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 100), 0);
  {
    Client client({{"node", "unix:" + path}}, {}, {"node"});
    for (int attempt = 0; attempt < 5; ++attempt)
      EXPECT_FALSE(client.status("node")); // after 200 ms
  }
  // One connection waited for it all the while; given up and made anew it would never come to be.
  int connections = 0;
  for (int socket; (socket = ::accept(listener, nullptr, nullptr)) >= 0; ++connections)
    ::close(socket);
  EXPECT_EQ(connections, 1);
  ::close(listener);
}

} // namespace
} // namespace rnet::net
