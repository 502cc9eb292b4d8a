// What strangers may take of a node. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <grpcpp/grpcpp.h>

namespace rnet::net {

/// For the server of a node: who connects and then says nothing, opens streams without end, or
/// sends what unpacks to far more, cannot use it up. Raises the process's limit of open files.
void limit_connections(grpc::ServerBuilder &builder);

} // namespace rnet::net
