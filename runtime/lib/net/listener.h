// Where a node listens. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/status.h"

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace rnet::net {

/// Accepts connections for a gRPC server. gRPC 1.51 closes its own listening socket for good the
/// first time that accept finds no free descriptor: anybody could make a node deaf by connecting
/// often. This one leaves some descriptors to the process, and turns connections away meanwhile.
class Listener {
public:
  /// Listens on unix:PATH, HOST:PORT or [IPv6]:PORT: on all that HOST stands for.
  static Expected<std::unique_ptr<Listener>> open(const std::string &address);
  ~Listener();

  /// Before the server is built. It does not accept connections yet.
  void attach(grpc::ServerBuilder &builder, std::shared_ptr<grpc::ServerCredentials> credentials);
  /// Once it is built; until the object goes. A server that has gone closes what still comes.
  void start();

private:
  Listener() = default;
  void accept(int socket);
  void work();

  std::vector<int> sockets_;
  std::string path_; ///< of a unix socket
  int wake_ = -1;    ///< readable when the thread shall end
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::thread thread_;
};

} // namespace rnet::net
