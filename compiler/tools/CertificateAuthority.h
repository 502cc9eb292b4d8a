// An authority that issues the certificates of a network: X.509, ECDSA on P-256.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/status.h"

#include <memory>
#include <string>
#include <vector>

namespace rnet::tools {

/// A certificate and its private key, both PEM.
struct KeyPair {
  std::string certificate, key;
};

class CertificateAuthority {
public:
  /// A new one for `domain`, the part of a SPIFFE identity behind spiffe://. Lasts ten years.
  static Expected<CertificateAuthority> create(const std::string &domain);
  static Expected<CertificateAuthority> load(const KeyPair &pair);
  CertificateAuthority(CertificateAuthority &&);
  ~CertificateAuthority();

  struct Request {
    std::string uri;                ///< the identity, the only URI
    std::string name;               ///< for people
    std::vector<std::string> hosts; ///< names and IP addresses of a server; none: a client's
  };
  /// A new key and its certificate, good from now for so many days. An error where the authority
  /// itself does not last as long.
  Expected<KeyPair> issue(const Request &request, int days) const;

  Expected<KeyPair> save() const;

private:
  struct State;
  explicit CertificateAuthority(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace rnet::tools
