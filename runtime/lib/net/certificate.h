// The three files that prove an identity. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/status.h"

#include <string>
#include <string_view>

namespace rnet::net {

struct CertificateFiles {
  explicit CertificateFiles(const std::string &directory)
      : authority(directory + "/ca.pem"), certificate(directory + "/cert.pem"),
        key(directory + "/key.pem") {}

  /// The one URI that the certificate is for. An error where there is not just one, where a file is
  /// missing or damaged, where certificate and key do not go together, and where the authority
  /// would not be believed that the certificate is good now.
  Expected<std::string> check() const;

  const std::string authority, certificate, key;
};

/// Whether a certificate (PEM) is good now, as its dates go.
bool in_date(std::string_view certificate);

} // namespace rnet::net
