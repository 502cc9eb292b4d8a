// A small HTTP/1.1 server. Knows nothing of what it serves.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// On Boost.Beast rather than a library with a thread for each connection: connections that are kept
// alive, and requests that wait for an answer, cost no thread, and a body's bound holds before the
// first byte of it is read.
#pragma once

#include "rnet/core/status.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rnet::net {

struct HttpRequest {
  std::string method, target; ///< as they were sent; but HEAD is served, and seen here, as GET
  std::string body;
  /// By name, in any case; empty where there is none.
  std::string_view header(std::string_view name) const;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct HttpResponse {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// {"error": why}
HttpResponse http_error(unsigned status, std::string_view why);

class HttpServer {
public:
  static constexpr std::size_t kMaxConnections = 256;

  /// Calls its second argument once, from any thread; must not block.
  using Handler = std::function<void(HttpRequest, std::function<void(HttpResponse)>)>;

  /// `address` is unix:PATH or HOST:PORT, where port 0 is any that is free. Bodies of more than
  /// `largest_body` bytes are refused.
  static Expected<std::unique_ptr<HttpServer>> open(const std::string &address,
                                                    std::size_t largest_body, Handler handler);
  /// Every request that the handler took must have been answered.
  ~HttpServer();

  /// With the port that it has.
  const std::string &address() const;
  /// No request is being answered.
  bool idle() const;

private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace rnet::net
