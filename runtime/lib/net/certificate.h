// The three files that prove an identity. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/status.h"

#include <string>

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

} // namespace rnet::net
