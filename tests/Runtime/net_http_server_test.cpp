// The HTTP server and clients that mean no good.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test_files.h"

#include "http_server.h"

#include <arpa/inet.h>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace rnet::net {
namespace {

constexpr std::size_t kLargest = 1000;

/// Says what it was asked.
void echo(HttpRequest request, const std::function<void(HttpResponse)> &done) {
  done({200, "text/plain", request.method + " " + request.target + " " + request.body});
}

class HttpServerTest : public testing::Test {
protected:
  void SetUp() override {
    auto opened = HttpServer::open("127.0.0.1:0", kLargest, echo);
    ASSERT_TRUE(opened.ok()) << opened.message();
    server = std::move(*opened);
    port = static_cast<std::uint16_t>(std::stoi(server->address().substr(10)));
  }
  int connect() const {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
    const timeval patience{20, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return socket;
  }
  /// All that comes until the server closes.
  static std::string read_all(int socket) {
    std::string all;
    char bytes[4096];
    for (ssize_t count; (count = ::recv(socket, bytes, sizeof bytes, 0)) > 0;)
      all.append(bytes, static_cast<std::size_t>(count));
    ::close(socket);
    return all;
  }
  std::string ask(const std::string &text) const {
    const int socket = connect();
    EXPECT_EQ(::send(socket, text.data(), text.size(), MSG_NOSIGNAL), ssize_t(text.size()));
    return read_all(socket);
  }
  static bool has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
  }

  std::unique_ptr<HttpServer> server;
  std::uint16_t port = 0;
};

TEST_F(HttpServerTest, KeepsConnectionsAlive) {
  const std::string answers = ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
                                  "GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(answers, "GET /a ")) << answers;
  EXPECT_TRUE(has(answers, "GET /b ")) << answers;
}
TEST_F(HttpServerTest, ReadsBodiesOfAKnownLengthAndInChunks) {
  EXPECT_TRUE(has(ask("POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"),
                  "POST / abc"));
  EXPECT_TRUE(has(ask("POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"),
                  "POST / abc"));
}
TEST_F(HttpServerTest, TellsAClientThatWaitsToSendItsBody) {
  const std::string answers = ask("POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 3\r\n"
                                  "Expect: 100-continue\r\n\r\nabc");
  EXPECT_TRUE(has(answers, "HTTP/1.1 100 Continue\r\n")) << answers;
  EXPECT_TRUE(has(answers, "POST / abc")) << answers;
}
TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  const std::string answer = ask("HEAD /a HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(answer, "Content-Length: 7\r\n")) << answer;
  EXPECT_EQ(answer.substr(answer.size() - 4), "\r\n\r\n");
}
TEST_F(HttpServerTest, RefusesABodyThatIsTooLargeBeforeItComes) {
  for (const char *size : {"1001", "18446744073709551615"})
    EXPECT_TRUE(has(ask("POST / HTTP/1.1\r\nContent-Length: " + std::string(size) + "\r\n\r\n"),
                    "HTTP/1.1 413 "))
        << size;
}
TEST_F(HttpServerTest, LetsARefusedClientFinishAndReadTheAnswer) {
  const std::string answer =
      ask("POST / HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n" + std::string(4'000'000, 'x'));
  EXPECT_TRUE(has(answer, "HTTP/1.1 413 ")) << answer;
  EXPECT_TRUE(has(answer, R"({"error":"the body has more than 1000 bytes"})")) << answer;
}
TEST_F(HttpServerTest, RefusesChunksThatAreTooManyOrTooLarge) {
  std::string chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int k = 0; k < 11; ++k)
    chunks += "64\r\n" + std::string(100, 'x') + "\r\n";
  EXPECT_TRUE(has(ask(chunks), "HTTP/1.1 413 "));
  EXPECT_TRUE(has(ask("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n"),
                  "HTTP/1.1 4"));
}
TEST_F(HttpServerTest, RefusesAHeaderThatIsTooLarge) {
  EXPECT_TRUE(
      has(ask("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"), "HTTP/1.1 431 "));
}
TEST_F(HttpServerTest, RefusesWhatIsNoHttp) {
  for (const char *text :
       {"\x16\x03\x01\x02\x01\x01\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"})
    EXPECT_TRUE(has(ask(text), "HTTP/1.1 400 ")) << text;
}
TEST_F(HttpServerTest, AnswersOthersWhileManyConnectionsAreIdleOrHalfway) {
  std::vector<int> sockets;
  for (int k = 0; k < 100; ++k) {
    sockets.push_back(connect());
    const std::string start = k % 2 ? "POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\nx" : "GE";
    ::send(sockets.back(), start.data(), start.size(), MSG_NOSIGNAL);
  }
  EXPECT_TRUE(has(ask("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n"), "GET /a "));
  for (int socket : sockets)
    ::close(socket);
}
TEST_F(HttpServerTest, RefusesConnectionsBeyondItsBound) {
  std::vector<int> sockets;
  for (std::size_t k = 0; k < HttpServer::kMaxConnections; ++k) {
    sockets.push_back(connect());
    // Taken, once it has answered.
    const std::string text = "HEAD / HTTP/1.1\r\n\r\n";
    char byte = 0;
    ::send(sockets.back(), text.data(), text.size(), MSG_NOSIGNAL);
    ASSERT_EQ(::recv(sockets.back(), &byte, 1, 0), 1);
  }
  EXPECT_TRUE(has(ask("GET /a HTTP/1.1\r\n\r\n"), "HTTP/1.1 503 "));
  for (int socket : sockets)
    ::close(socket);
  // They are given back.
  std::string answer;
  for (int attempt = 0; attempt < 100 && !has(answer, "GET /a "); ++attempt)
    answer = ask("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(answer, "GET /a ")) << answer;
}

TEST(HttpServerAddressTest, IsAUnixSocketThatIsGoneAfterwards) {
  const test::Folder folder;
  const std::string path = folder.file("http");
  // One that a killed process left behind does no harm.
  const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{AF_UNIX, {}};
  std::strcpy(address.sun_path, path.c_str());
  ASSERT_EQ(::bind(stale, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  ::close(stale);
  {
    auto server = HttpServer::open("unix:" + path, kLargest, echo);
    ASSERT_TRUE(server.ok()) << server.message();
    auto second = HttpServer::open("unix:" + path, kLargest, echo);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.message(), "cannot listen on 'unix:" + path + "': Address already in use");
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}
TEST(HttpServerAddressTest, MustMakeSense) {
  for (const char *address : {"127.0.0.1", "127.0.0.1:x", "unix:", "", ":", "127.0.0.1:99999"}) {
    auto server = HttpServer::open(address, kLargest, echo);
    EXPECT_FALSE(server.ok()) << address;
  }
}

} // namespace
} // namespace rnet::net
