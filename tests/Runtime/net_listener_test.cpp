// Where a node listens. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "listener.h"
#include "node.grpc.pb.h"
#include "server_limits.h"
#include "test_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <map>

namespace rnet::net {
namespace {

TEST(ListenerTest, SaysWhyItCannotListen) {
  const test::Folder folder;
  for (const auto &[address, why] : std::map<std::string, std::string>{
           {"unix:" + std::string(200, 'x'), "its path needs 1 to 107 bytes"},
           {"unix:", "its path needs"},
           {"unix:" + folder.file("none/socket"), "No such file"},
           {"127.0.0.1", "expected unix:PATH, HOST:PORT"},
           {"127.0.0.1:http", "not known"},
           {"192.0.2.1:7000", "Cannot assign requested address"}}) {
    const auto listener = Listener::open(address);
    ASSERT_FALSE(listener.ok()) << address;
    EXPECT_NE(listener.message().find("cannot listen on '" + address + "'"), std::string::npos);
    EXPECT_NE(listener.message().find(why), std::string::npos) << listener.message();
  }
}

int connect_to(const std::string &path) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{AF_UNIX, {}};
  std::strcpy(address.sun_path, path.c_str());
  EXPECT_EQ(::connect(descriptor, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  return descriptor;
}

TEST(ListenerTest, HearsAgainAfterTooManyConnections) {
  const test::Folder folder;
  const std::string path = folder.file("node");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  auto listener = Listener::open("unix:" + path);
  ASSERT_TRUE(listener.ok()) << listener.message();
  proto::Node::CallbackService service;
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  limit_connections(builder);
  (*listener)->attach(builder, grpc::InsecureServerCredentials());
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  (*listener)->start();

  std::vector<int> crowd;
  for (int k = 0; k < 100; ++k)
    crowd.push_back(connect_to(path));
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(crowd.back()) + 20; // some more than are open now
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  // Both ends are in this process: it is soon full, and turns away whoever comes.
  const int late = connect_to(path);
  char byte = 0;
  EXPECT_EQ(::read(late, &byte, 1), 0);
  for (int one : crowd)
    ::close(one);
  ::close(late);
  ::setrlimit(RLIMIT_NOFILE, &before);

  const auto stub =
      proto::Node::NewStub(grpc::CreateChannel("unix:" + path, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  proto::StatusReply reply;
  EXPECT_EQ(stub->Status(&context, {}, &reply).error_code(), grpc::StatusCode::UNIMPLEMENTED);
  server->Shutdown(std::chrono::system_clock::now());
}

} // namespace
} // namespace rnet::net
