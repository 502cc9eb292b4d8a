// A small HTTP/1.1 server.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "http_server.h"

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include <atomic>
#include <charconv>
#include <filesystem>
#include <optional>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace rnet::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Error = boost::system::error_code;
using Stream = beast::basic_stream<asio::generic::stream_protocol>;
template <class T> using Awaitable = asio::awaitable<T>;

constexpr std::size_t kThreads = 2;
constexpr std::size_t kLargestHeader = 16 << 10;
constexpr auto kIdle = std::chrono::seconds(60);     ///< between requests, and for a header
constexpr auto kTransfer = std::chrono::seconds(30); ///< of a body, or an answer
constexpr auto kLinger = std::chrono::seconds(1);    ///< for what a refused client still sends

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

} // namespace

struct HttpServer::State {
  asio::io_context context;
  std::string address, path; ///< path of the socket, if it is a Unix one
  std::size_t largest_body = 0;
  Handler handler;
  std::atomic<std::size_t> connections = 0, answering = 0;
  std::vector<std::thread> threads;

  Awaitable<HttpResponse> answer(HttpRequest request);
  Awaitable<void> refuse(Stream &stream, HttpResponse response);
  Awaitable<void> serve(Stream stream);
  template <class Acceptor> Awaitable<void> accept(Acceptor acceptor);
  template <class Protocol> Status listen(const typename Protocol::endpoint &endpoint);
};

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto &[key, value] : headers)
    if (beast::iequals(key, name))
      return value;
  return {};
}

HttpResponse http_error(unsigned status, std::string_view why) {
  // What a client sent, and a message repeats, may be no UTF-8.
  return {
      status,
      "application/json",
      nlohmann::json{{"error", why}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
      {}};
}

namespace {

http::response<http::string_body> encode(HttpResponse response, unsigned version, bool keep_alive) {
  http::response<http::string_body> message(static_cast<http::status>(response.status), version);
  message.set(http::field::server, "rnet");
  message.set(http::field::content_type, response.type);
  for (const auto &[name, value] : response.headers)
    message.set(name, value);
  message.keep_alive(keep_alive);
  message.body() = std::move(response.body);
  message.prepare_payload();
  return message;
}

HttpResponse describe(const Error &error, std::size_t largest_body) {
  if (error == http::error::body_limit)
    return http_error(413, "the body has more than " + std::to_string(largest_body) + " bytes");
  if (error == http::error::header_limit)
    return http_error(431, "the header has more than " + std::to_string(kLargestHeader) + " bytes");
  return http_error(400, "no HTTP: " + error.message());
}

/// Whether a client that sent this can still be told.
bool is_telling(const Error &error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

} // namespace

Awaitable<HttpResponse> HttpServer::State::answer(HttpRequest request) {
  auto start = [this](auto done, HttpRequest given) {
    auto shared = std::make_shared<decltype(done)>(std::move(done));
    auto executor = asio::get_associated_executor(*shared);
    auto work = asio::make_work_guard(executor);
    handler(std::move(given), [shared, executor, work](HttpResponse response) {
      asio::post(executor, [shared, response = std::move(response)]() mutable {
        std::move (*shared)(std::move(response));
      });
    });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(HttpResponse)>(
      start, asio::use_awaitable, std::move(request));
}

/// Answers a request that was not read to its end, and closes: but first takes what still comes,
/// or the client would never see the answer.
Awaitable<void> HttpServer::State::refuse(Stream &stream, HttpResponse response) {
  auto message = encode(std::move(response), 11, false);
  stream.expires_after(kTransfer);
  auto [failed, written] = co_await http::async_write(stream, message, kResult);
  Error ignored;
  stream.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  std::vector<char> bytes(64 << 10);
  stream.expires_after(kLinger);
  while (!failed) {
    auto [error, count] = co_await stream.async_read_some(asio::buffer(bytes), kResult);
    failed = error;
  }
}

Awaitable<void> HttpServer::State::serve(Stream stream) {
  beast::flat_buffer buffer;
  for (bool keep_alive = true; keep_alive;) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(kLargestHeader);
    parser.body_limit(largest_body);
    stream.expires_after(kIdle);
    auto [failed, header] = co_await http::async_read_header(stream, buffer, parser, kResult);
    if (!failed && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      http::response<http::empty_body> go(http::status::continue_, parser.get().version());
      stream.expires_after(kTransfer);
      auto [error, written] = co_await http::async_write(stream, go, kResult);
      failed = error;
    }
    if (!failed) {
      stream.expires_after(kTransfer);
      auto [error, body] = co_await http::async_read(stream, buffer, parser, kResult);
      failed = error;
    }
    if (is_telling(failed))
      co_await refuse(stream, describe(failed, largest_body));
    if (failed)
      break;
    auto message = parser.release();
    keep_alive = message.keep_alive();
    const bool head = message.method() == http::verb::head;
    HttpRequest request{head ? "GET" : std::string(message.method_string()),
                        std::string(message.target()),
                        std::move(message.body()),
                        {}};
    for (const auto &field : message)
      request.headers.emplace_back(field.name_string(), field.value());
    ++answering;
    stream.expires_never();
    HttpResponse response = co_await answer(std::move(request));
    auto encoded = encode(std::move(response), message.version(), keep_alive);
    if (head)
      encoded.body().clear(); // its length stays in the header
    stream.expires_after(kTransfer);
    auto [unsent, written] = co_await http::async_write(stream, encoded, kResult);
    --answering;
    if (unsent)
      break;
  }
  Error ignored;
  stream.socket().shutdown(asio::socket_base::shutdown_both, ignored);
}

template <class Acceptor> Awaitable<void> HttpServer::State::accept(Acceptor acceptor) {
  for (;;) {
    auto [failed, socket] = co_await acceptor.async_accept(asio::make_strand(context), kResult);
    if (failed == asio::error::operation_aborted)
      co_return;
    if (failed) { // no more files, say
      asio::steady_timer pause(context, std::chrono::milliseconds(100));
      co_await pause.async_wait(kResult);
      continue;
    }
    Error ignored;
    if constexpr (std::is_same_v<Acceptor, asio::ip::tcp::acceptor>)
      socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    const auto executor = socket.get_executor();
    Stream stream{asio::generic::stream_protocol::socket(std::move(socket))};
    if (++connections > kMaxConnections) {
      asio::co_spawn(
          executor,
          [this, stream = std::move(stream)]() mutable -> Awaitable<void> {
            co_await refuse(stream, http_error(503, "too many connections"));
          },
          [this](std::exception_ptr) { --connections; });
      continue;
    }
    asio::co_spawn(executor, serve(std::move(stream)),
                   [this](std::exception_ptr) { --connections; });
  }
}

template <class Protocol>
Status HttpServer::State::listen(const typename Protocol::endpoint &endpoint) {
  Error error;
  typename Protocol::acceptor acceptor(context);
  acceptor.open(endpoint.protocol(), error);
  if constexpr (std::is_same_v<Protocol, asio::ip::tcp>)
    if (!error)
      acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error)
    acceptor.bind(endpoint, error);
  if (!error)
    acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return Status::error("cannot listen on '" + address + "': " + error.message());
  if constexpr (std::is_same_v<Protocol, asio::ip::tcp>)
    address = address.substr(0, address.rfind(':') + 1) +
              std::to_string(acceptor.local_endpoint().port());
  asio::co_spawn(context, accept(std::move(acceptor)), asio::detached);
  return {};
}

/// A process that was killed leaves its socket behind.
static void remove_stale(const std::string &path) {
  asio::io_context context;
  asio::local::stream_protocol::socket socket(context);
  Error error;
  socket.connect(path, error);
  if (error == asio::error::connection_refused)
    ::unlink(path.c_str());
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  state_->context.stop();
  for (std::thread &thread : state_->threads)
    thread.join();
  if (!state_->path.empty())
    ::unlink(state_->path.c_str());
}

const std::string &HttpServer::address() const { return state_->address; }
bool HttpServer::idle() const { return state_->answering == 0; }

Expected<std::unique_ptr<HttpServer>> HttpServer::open(const std::string &address,
                                                       std::size_t largest_body, Handler handler) {
  auto state = std::make_unique<State>();
  state->address = address;
  state->largest_body = largest_body;
  state->handler = std::move(handler);
  Status status;
  if (address.rfind("unix:", 0) == 0) {
    const std::string path = address.substr(5);
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path))
      return Status::error("'" + path + "' is no path of a socket: it has " +
                           std::to_string(path.size()) + " characters, expected 1 to " +
                           std::to_string(sizeof(sockaddr_un::sun_path) - 1));
    remove_stale(path);
    status = state->listen<asio::local::stream_protocol>(path);
    if (status.ok())
      state->path = path;
  } else {
    const std::size_t colon = address.rfind(':');
    std::string host = address.substr(0, colon);
    const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
      host = host.substr(1, host.size() - 2);
    std::uint16_t number = 0; // the resolver would take any
    const auto [end, wrong] = std::from_chars(port.data(), port.data() + port.size(), number);
    Error error;
    asio::ip::tcp::resolver resolver(state->context);
    const auto found = resolver.resolve(
        host, port, asio::ip::resolver_base::passive | asio::ip::resolver_base::numeric_service,
        error);
    if (error || wrong != std::errc() || end != port.data() + port.size())
      return Status::error("'" + address + "' is no address: expected HOST:PORT or unix:PATH");
    status = state->listen<asio::ip::tcp>(found.begin()->endpoint());
  }
  if (!status.ok())
    return status;
  for (std::size_t k = 0; k < kThreads; ++k)
    state->threads.emplace_back([context = &state->context] { context->run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

} // namespace rnet::net
