// SHA-256, by OpenSSL.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/sha256.h"

#include <openssl/evp.h>

namespace rnet {

struct Sha256::State {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr);
}
Sha256::~Sha256() = default;

void Sha256::update(const void *bytes, std::size_t count) {
  EVP_DigestUpdate(state_->context, bytes, count);
}

std::string Sha256::hex() {
  unsigned char digest[32];
  unsigned size = 0;
  EVP_DigestFinal_ex(state_->context, digest, &size);
  std::string text;
  for (unsigned char byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

} // namespace rnet
