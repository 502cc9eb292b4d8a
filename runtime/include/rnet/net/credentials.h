// What a node or a client of a network proves itself with: keys for mutual TLS, or nothing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ownership and threads: values that share what they hold; every member may be called from any
// thread.
#pragma once

#include "rnet/core/status.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rnet::net {

/// Who somebody is, as the URI in a certificate says: NETWORK/node/NAME or NETWORK/client/NAME,
/// where NETWORK is spiffe://DOMAIN and what may follow it.
struct Identity {
  enum class Role { node, client };
  std::string network;
  Role role = Role::client;
  std::string name;

  /// Nothing where `uri` is no such identity.
  static std::optional<Identity> parse(std::string_view uri);
  std::string uri() const;
  bool operator==(const Identity &) const = default;
};

class Credentials {
public:
  /// None: plain text, and whoever reaches the socket is trusted.
  Credentials() = default;
  /// Those in ca.pem, cert.pem and key.pem of a folder. Later changes of these files count from the
  /// next connection on. Errors say which file is missing, damaged, expired, or does not go with
  /// the others.
  static Expected<Credentials> open(const std::string &directory);

  /// One's own identity; null in plain text.
  const Identity *identity() const;

  struct Keys;
  const Keys *keys() const { return keys_.get(); }

private:
  std::shared_ptr<const Keys> keys_;
};

} // namespace rnet::net
