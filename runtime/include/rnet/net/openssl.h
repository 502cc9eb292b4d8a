// Owners of OpenSSL's objects. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace rnet::net::openssl {

template <auto free> struct Free {
  template <class T> void operator()(T *value) const { free(value); }
};
/// Calls `free` at the end of its life.
template <class T, auto free> using Owned = std::unique_ptr<T, Free<free>>;
using Bio = Owned<BIO, BIO_free_all>;
using Certificate = Owned<X509, X509_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;

} // namespace rnet::net::openssl
