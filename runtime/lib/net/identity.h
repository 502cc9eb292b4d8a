// Mutual TLS over gRPC, and who may do what: in plain text everybody everything, since only local
// sockets are plain; else nodes may deliver, beat and listen, as themselves, and clients do the
// rest. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"
#include "rnet/net/credentials.h"

#include <grpcpp/grpcpp.h>

namespace rnet::net {

/// For a channel to `node`: it must prove that it is that node of one's own network.
std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const Credentials &credentials,
                                                              const std::string &node);

/// For a server of a node. Peers without an identity of the same network do not come past the
/// handshake; calls that their role does not allow are refused before any handler sees them.
std::shared_ptr<grpc::ServerCredentials> server_credentials(const Credentials &credentials);

/// Whether somebody with this role may call a method, "/PACKAGE.SERVICE/METHOD".
bool may_call(Identity::Role role, std::string_view method);

/// Whether a caller may say that it is `node`.
bool speaks_for(const Credentials &credentials, const grpc::AuthContext &caller,
                std::string_view node);

/// Keys of node `node`, or none where `directory` is empty. An error where they are another's.
Expected<Credentials> prove(const std::string &directory, const NetworkDescription &network,
                            std::size_t node);

/// Keys of a client of the same network as `node`, for its doors; none where that has none. An
/// error where they are missing, or others.
Expected<Credentials> prove_client(const std::string &directory, const Credentials &node);

/// Whether an address is a unix socket or on loopback.
bool is_local(const std::string &address);

/// An error where an address is not local, and there are no keys.
Status check_address(const std::string &address, const Credentials &credentials);

} // namespace rnet::net
