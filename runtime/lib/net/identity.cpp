// Mutual TLS over gRPC, and who may do what.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "identity.h"

#include "certificate.h"

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace rnet::net {

namespace tls = grpc::experimental;

//===-- Identities ----------------------------------------------------------------------------===//

static std::string_view word(Identity::Role role) {
  return role == Identity::Role::node ? "/node/" : "/client/";
}

std::optional<Identity> Identity::parse(std::string_view uri) {
  constexpr std::string_view scheme = "spiffe://";
  for (Role role : {Role::node, Role::client}) {
    const std::size_t at = uri.rfind(word(role));
    if (uri.rfind(scheme, 0) != 0 || at == std::string_view::npos || at <= scheme.size())
      continue;
    const std::string_view name = uri.substr(at + word(role).size());
    if (!name.empty() && name.find('/') == std::string_view::npos)
      return Identity{std::string(uri.substr(0, at)), role, std::string(name)};
  }
  return std::nullopt;
}

std::string Identity::uri() const { return network + std::string(word(role)) + name; }

//===-- Keys ----------------------------------------------------------------------------------===//

struct Credentials::Keys {
  Identity identity;
  /// Reads the files again every second; one for all connections.
  std::shared_ptr<tls::CertificateProviderInterface> provider;
};

Expected<Credentials> Credentials::open(const std::string &directory) {
  const CertificateFiles files(directory);
  const auto uri = files.check();
  if (!uri.ok())
    return uri.status();
  auto identity = Identity::parse(*uri);
  if (!identity)
    return Status::error("'" + files.certificate + "' is for '" + *uri +
                         "'; expected spiffe://NETWORK/node/NAME or spiffe://NETWORK/client/NAME");
  Credentials credentials;
  credentials.keys_ = std::make_shared<const Keys>(
      Keys{std::move(*identity), std::make_shared<tls::FileWatcherCertificateProvider>(
                                     files.key, files.certificate, files.authority, 1)});
  return credentials;
}

const Identity *Credentials::identity() const { return keys_ ? &keys_->identity : nullptr; }

//===-- Handshakes ----------------------------------------------------------------------------===//

namespace {

/// TLS itself sees to it that the peer's certificate comes from the authority, and is in date. This
/// sees to whose it is.
class PeerVerifier final : public tls::ExternalCertificateVerifier {
public:
  /// Any of this network, or no other than `expected`.
  PeerVerifier(std::string network, std::optional<Identity> expected)
      : network_(std::move(network)), expected_(std::move(expected)) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest *request, std::function<void(grpc::Status)>,
              grpc::Status *status) override {
    const std::vector<grpc::string_ref> names = request->uri_names();
    const auto peer =
        names.size() == 1 ? Identity::parse({names[0].data(), names[0].size()}) : std::nullopt;
    const grpc::string_ref certificate = request->peer_cert();
    if (!peer || peer->network != network_ || (expected_ && *peer != *expected_))
      *status = {grpc::StatusCode::UNAUTHENTICATED,
                 "the peer is " + (peer ? "'" + peer->uri() + "'" : "nobody") + ", expected " +
                     (expected_ ? "'" + expected_->uri() + "'" : "one of '" + network_ + "'")};
    else if (!in_date({certificate.data(), certificate.size()})) // TLS does not look at it when it
      *status = {grpc::StatusCode::UNAUTHENTICATED,              // resumes a session
                 "the certificate of '" + peer->uri() + "' has expired"};
    return true; // done, whatever the status
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest *) override {}

private:
  std::string network_;
  std::optional<Identity> expected_;
};

std::optional<Identity> identity_of(const grpc::AuthContext &caller) {
  const auto ids = caller.FindPropertyValues("peer_spiffe_id");
  return ids.size() == 1 ? Identity::parse({ids[0].data(), ids[0].size()}) : std::nullopt;
}

/// Refuses calls before a handler sees them, those of services to come as well.
class Authorizer final : public grpc::AuthMetadataProcessor {
public:
  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata &metadata, grpc::AuthContext *caller, OutputMetadata *,
                       OutputMetadata *) override {
    const auto method = metadata.find(":path");
    const auto identity = identity_of(*caller);
    if (identity && method != metadata.end() &&
        may_call(identity->role, {method->second.data(), method->second.size()}))
      return grpc::Status::OK;
    return {grpc::StatusCode::PERMISSION_DENIED,
            (identity ? "'" + identity->uri() + "'" : "nobody") + " may not do this"};
  }
};

void prepare(tls::TlsCredentialsOptions &options, const Credentials::Keys &keys,
             std::optional<Identity> expected) {
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_check_call_host(false); // identities count, not host names
  options.set_certificate_verifier(tls::ExternalCertificateVerifier::Create<PeerVerifier>(
      keys.identity.network, std::move(expected)));
}

} // namespace

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const Credentials &credentials,
                                                              const std::string &node) {
  const Credentials::Keys *keys = credentials.keys();
  if (!keys)
    return grpc::InsecureChannelCredentials();
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(keys->provider);
  prepare(options, *keys, Identity{keys->identity.network, Identity::Role::node, node});
  return tls::TlsCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const Credentials &credentials) {
  const Credentials::Keys *keys = credentials.keys();
  if (!keys)
    return grpc::InsecureServerCredentials();
  tls::TlsServerCredentialsOptions options(keys->provider);
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  prepare(options, *keys, std::nullopt);
  auto server = tls::TlsServerCredentials(options);
  server->SetAuthMetadataProcessor(std::make_shared<Authorizer>());
  return server;
}

//===-- Who may do what -----------------------------------------------------------------------===//

bool may_call(Identity::Role role, std::string_view method) {
  const bool between_nodes = method == "/rnet.net.proto.Node/Deliver" ||
                             method == "/rnet.net.proto.Node/Heartbeat" ||
                             method == "/rnet.net.proto.Node/Listen";
  return between_nodes == (role == Identity::Role::node);
}

bool speaks_for(const Credentials &credentials, const grpc::AuthContext &caller,
                std::string_view node) {
  const Identity *self = credentials.identity();
  return !self ||
         identity_of(caller) == Identity{self->network, Identity::Role::node, std::string(node)};
}

Expected<Credentials> prove(const std::string &directory, const NetworkDescription &network,
                            std::size_t node) {
  if (directory.empty())
    return Credentials();
  auto credentials = Credentials::open(directory);
  if (!credentials.ok())
    return credentials;
  const Identity &self = *credentials->identity();
  const std::string name(network.nodes[node].name);
  if (self.role != Identity::Role::node || self.name != name)
    return Status::error("'" + directory + "' holds the keys of '" + self.uri() +
                         "'; expected those of node '" + name + "'");
  return credentials;
}

Expected<Credentials> prove_client(const std::string &directory, const Credentials &node) {
  if (!node.identity())
    return directory.empty() ? Expected<Credentials>(Credentials())
                             : Status::error("--client-identity needs --identity");
  if (directory.empty())
    return Status::error("doors of a node with --identity ask the other nodes as a client: "
                         "--client-identity is missing");
  auto credentials = Credentials::open(directory);
  if (!credentials.ok())
    return credentials;
  const Identity &self = *credentials->identity();
  if (self.role != Identity::Role::client || self.network != node.identity()->network)
    return Status::error("'" + directory + "' holds the keys of '" + self.uri() +
                         "'; expected those of a client of '" + node.identity()->network + "'");
  return credentials;
}

bool is_local(const std::string &address) {
  for (const char *local : {"unix:", "127.0.0.1:", "localhost:", "[::1]:"})
    if (address.rfind(local, 0) == 0)
      return true;
  return false;
}

Status check_address(const std::string &address, const Credentials &credentials) {
  if (credentials.identity() || is_local(address))
    return {};
  return Status::error("'" + address +
                       "' is no local address: without --identity nodes talk over unix: sockets "
                       "and loopback only");
}

} // namespace rnet::net
