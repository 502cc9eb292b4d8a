// Who somebody is, and what he may do. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "foreign_log.h"
#include "identity.h"
#include "test_files.h"
#include "toy_network.h"

#include <gtest/gtest.h>

namespace rnet::net {
namespace {

TEST(IdentityTest, IsWhatTheUriSays) {
  const auto node = Identity::parse("spiffe://health/node/iot");
  ASSERT_TRUE(node);
  EXPECT_EQ(*node, (Identity{"spiffe://health", Identity::Role::node, "iot"}));
  const auto client = Identity::parse("spiffe://example.org/ward/7/client/nurse");
  ASSERT_TRUE(client);
  EXPECT_EQ(*client, (Identity{"spiffe://example.org/ward/7", Identity::Role::client, "nurse"}));
  for (const Identity &identity : {*node, *client})
    EXPECT_EQ(Identity::parse(identity.uri()), identity);
}

TEST(IdentityTest, IsNothingElse) {
  for (const char *uri :
       {"", "iot", "spiffe://", "spiffe:///node/iot", "spiffe://health", "spiffe://health/iot",
        "spiffe://health/node/", "spiffe://health/node/iot/", "spiffe://health/node/a/b",
        "https://health/node/iot", "xspiffe://health/node/iot", "spiffe://health/nodes/iot"})
    EXPECT_FALSE(Identity::parse(uri)) << uri;
}

TEST(IdentityTest, NodesDeliverAndClientsDoTheRest) {
  for (const char *method : {"/rnet.net.proto.Node/Deliver", "/rnet.net.proto.Node/Heartbeat",
                             "/rnet.net.proto.Node/Listen"}) {
    EXPECT_TRUE(may_call(Identity::Role::node, method)) << method;
    EXPECT_FALSE(may_call(Identity::Role::client, method)) << method;
  }
  for (const char *method : {"/rnet.net.proto.Node/Submit", "/rnet.net.proto.Node/Collect",
                             "/rnet.net.proto.Node/Status", "/another.Service/Deliver",
                             "/rnet.net.proto.Node/DeliverAll", "", "/"}) {
    EXPECT_FALSE(may_call(Identity::Role::node, method)) << method;
    EXPECT_TRUE(may_call(Identity::Role::client, method)) << method;
  }
}

TEST(IdentityTest, PlainTextStaysOnThisMachine) {
  for (const char *address :
       {"unix:/run/rnet/iot", "127.0.0.1:7000", "localhost:7000", "[::1]:7000"})
    EXPECT_TRUE(check_address(address, {}).ok()) << address;
  for (const char *address : {"0.0.0.0:7000", "[::]:7000", "10.0.0.1:7000", "edge:7000", "7000", "",
                              "127.0.0.1.example.org:7000", "localhost.example.org:7000"})
    EXPECT_FALSE(check_address(address, {}).ok()) << address;
}

TEST(IdentityTest, NeedsFilesThatAreThere) {
  const test::Folder folder;
  const auto none = Credentials::open(folder.file("nowhere"));
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.message().find("ca.pem"), std::string::npos) << none.message();
  for (const char *file : {"ca.pem", "cert.pem", "key.pem"})
    folder.write(file, "no PEM\n");
  const auto empty = Credentials::open(folder.file(""));
  ASSERT_FALSE(empty.ok());
  EXPECT_NE(empty.message().find("holds no certificate"), std::string::npos) << empty.message();
}

TEST(ForeignLogTest, IsPrintable) {
  EXPECT_EQ(printable("peer \xa9\x1b[2J said\n"), "peer \\xa9\\x1b[2J said\\x0a");
  EXPECT_EQ(printable(std::string(1000, 'x')), std::string(400, 'x') + "...");
}

} // namespace
} // namespace rnet::net
