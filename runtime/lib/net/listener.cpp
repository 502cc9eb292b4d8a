// Where a node listens. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "listener.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace rnet::net {
namespace {

/// Descriptors that are left to the process: its own connections, files that it reads again.
std::size_t reserve(std::size_t limit) { return std::min<std::size_t>(limit / 4, 1024); }

/// A listening socket, or -1 and errno.
int listen_at(int family, const sockaddr *address, socklen_t size) {
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0)
    return -1;
  const int on = 1, off = 0;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off); // [::] is everywhere
  if (::bind(descriptor, address, size) == 0 && ::listen(descriptor, SOMAXCONN) == 0)
    return descriptor;
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return -1;
}

} // namespace

Expected<std::unique_ptr<Listener>> Listener::open(const std::string &address) {
  const auto failed = [&](const std::string &why) {
    return Status::error("cannot listen on '" + address + "': " + why);
  };
  std::unique_ptr<Listener> listener(new Listener);
  int error = 0;
  if (address.rfind("unix:", 0) == 0) {
    sockaddr_un name{AF_UNIX, {}};
    const std::string path = address.substr(5);
    if (path.empty() || path.size() >= sizeof name.sun_path)
      return failed("its path needs 1 to " + std::to_string(sizeof name.sun_path - 1) + " bytes");
    std::strcpy(name.sun_path, path.c_str());
    struct stat old{};
    if (::lstat(path.c_str(), &old) == 0 && S_ISSOCK(old.st_mode))
      ::unlink(path.c_str()); // of a process that is gone
    listener->sockets_.push_back(
        listen_at(AF_UNIX, reinterpret_cast<const sockaddr *>(&name), sizeof name));
    error = errno;
    if (listener->sockets_[0] >= 0)
      listener->path_ = path;
  } else {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos)
      return failed("expected unix:PATH, HOST:PORT or [IPv6]:PORT");
    std::string host = address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
      host = host.substr(1, host.size() - 2);
    addrinfo hints{}, *found = nullptr;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    if (const int code =
            ::getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found))
      return failed(::gai_strerror(code));
    for (const addrinfo *at = found; at; at = at->ai_next) {
      const int socket = listen_at(at->ai_family, at->ai_addr, at->ai_addrlen);
      if (socket >= 0)
        listener->sockets_.push_back(socket);
      else
        error = errno;
    }
    ::freeaddrinfo(found);
  }
  std::erase(listener->sockets_, -1);
  if (listener->sockets_.empty())
    return failed(std::string(std::strerror(error)) +
                  (error == EADDRINUSE ? ": is another node there?" : ""));
  listener->wake_ = ::eventfd(0, EFD_CLOEXEC);
  return listener;
}

Listener::~Listener() {
  if (thread_.joinable()) {
    ::eventfd_write(wake_, 1);
    thread_.join();
  }
  for (int socket : sockets_)
    ::close(socket);
  if (!path_.empty())
    ::unlink(path_.c_str());
  ::close(wake_);
}

void Listener::attach(grpc::ServerBuilder &builder,
                      std::shared_ptr<grpc::ServerCredentials> credentials) {
  acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      std::move(credentials));
}

void Listener::start() {
  thread_ = std::thread([this] { work(); });
}

void Listener::accept(int socket) {
  const int connection = ::accept4(socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (connection < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
      std::this_thread::sleep_for(std::chrono::milliseconds(10)); // it stays readable
    return;
  }
  // Descriptors have the lowest free numbers: this one's says how many are in use.
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto files = static_cast<std::size_t>(limit.rlim_cur);
  if (static_cast<std::size_t>(connection) + reserve(files) >= files) {
    ::close(connection);
    return;
  }
  const int on = 1;
  ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
  parameters.fd = connection;
  acceptor_->HandleNewConnection(&parameters);
}

void Listener::work() {
  std::vector<pollfd> waiting{{wake_, POLLIN, 0}};
  for (int socket : sockets_)
    waiting.push_back({socket, POLLIN, 0});
  while (!waiting[0].revents) {
    if (::poll(waiting.data(), waiting.size(), -1) <= 0)
      continue;
    for (const pollfd &ready : waiting)
      if (ready.fd != wake_ && ready.revents)
        accept(ready.fd);
  }
}

} // namespace rnet::net
