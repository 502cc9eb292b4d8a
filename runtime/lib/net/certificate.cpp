// The three files that prove an identity. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "certificate.h"

#include "rnet/core/atomic_file.h"
#include "rnet/net/openssl.h"

#include <memory>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <vector>

namespace rnet::net {
namespace {

using openssl::Bio, openssl::Certificate, openssl::Key, openssl::Owned;
void free_stack(STACK_OF(X509) * stack) { sk_X509_free(stack); } // not what is in it

Status damaged(const std::string &path, const char *what) {
  return Status::error("'" + path + "' holds no " + what + " (PEM)");
}

/// All in a file, in order; one at least.
Expected<std::vector<Certificate>> read_certificates(const std::string &path) {
  const auto text = read_file(path, 1 << 20);
  if (!text.ok())
    return text.status();
  const Bio bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  std::vector<Certificate> all;
  while (X509 *one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    all.emplace_back(one);
  if (all.empty())
    return damaged(path, "certificate");
  return all;
}

Expected<Key> read_key(const std::string &path) {
  const auto text = read_file(path, 1 << 20);
  if (!text.ok())
    return text.status();
  const Bio bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  char none[] = ""; // never ask for a password
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, none));
  if (!key)
    return damaged(path, "private key");
  return key;
}

std::string date(const ASN1_TIME *time) {
  const Bio bio(BIO_new(BIO_s_mem()));
  ASN1_TIME_print_ex(bio.get(), time, ASN1_DTFLGS_ISO8601);
  char *text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

/// What is wrong with the first of these certificates, the others of which lead to an authority;
/// empty: nothing.
std::string verify(const std::vector<Certificate> &chain,
                   const std::vector<Certificate> &authorities) {
  const Owned<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  for (const Certificate &authority : authorities)
    X509_STORE_add_cert(store.get(), authority.get());
  const Owned<STACK_OF(X509), free_stack> between(sk_X509_new_null());
  for (std::size_t k = 1; k < chain.size(); ++k)
    sk_X509_push(between.get(), chain[k].get());
  X509 *const certificate = chain[0].get();
  const Owned<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), certificate, between.get());
  if (X509_verify_cert(context.get()) == 1)
    return "";
  const int error = X509_STORE_CTX_get_error(context.get());
  const X509 *const at = X509_STORE_CTX_get_current_cert(context.get());
  const std::string whose = at == certificate ? "" : "rests on another certificate that ";
  if (error == X509_V_ERR_CERT_HAS_EXPIRED)
    return whose + "expired on " + date(X509_get0_notAfter(at));
  if (error == X509_V_ERR_CERT_NOT_YET_VALID)
    return whose + "does not count before " + date(X509_get0_notBefore(at));
  return std::string("is none of that authority's: ") + X509_verify_cert_error_string(error);
}

} // namespace

bool in_date(std::string_view certificate) {
  const Bio bio(BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size())));
  const Certificate read(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  return read && X509_cmp_current_time(X509_get0_notBefore(read.get())) < 0 &&
         X509_cmp_current_time(X509_get0_notAfter(read.get())) > 0;
}

Expected<std::string> CertificateFiles::check() const {
  const auto authorities = read_certificates(authority);
  if (!authorities.ok())
    return authorities.status();
  const auto chain = read_certificates(certificate);
  if (!chain.ok())
    return chain.status();
  const auto secret = read_key(key);
  if (!secret.ok())
    return secret.status();
  X509 *const own = chain->front().get();
  const bool fits = X509_check_private_key(own, secret->get()) == 1;
  const std::string wrong = verify(*chain, *authorities);
  ERR_clear_error(); // what is wrong is said below, and no later failure's business
  if (!fits)
    return Status::error("'" + key + "' is not the key of '" + certificate + "'");
  if (!wrong.empty())
    return Status::error("'" + certificate + "' " + wrong + " (authority: '" + authority + "')");

  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> names(
      static_cast<GENERAL_NAMES *>(X509_get_ext_d2i(own, NID_subject_alt_name, nullptr, nullptr)));
  std::string uri;
  int count = 0;
  for (int k = 0; k < sk_GENERAL_NAME_num(names.get()); ++k) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names.get(), k);
    if (name->type != GEN_URI)
      continue;
    ++count;
    const ASN1_IA5STRING *text = name->d.uniformResourceIdentifier;
    uri.assign(reinterpret_cast<const char *>(ASN1_STRING_get0_data(text)),
               static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  if (count != 1)
    return Status::error("'" + certificate + "' is for " + std::to_string(count) +
                         " URIs; expected one, spiffe://NETWORK/node/NAME or "
                         "spiffe://NETWORK/client/NAME");
  return uri;
}

} // namespace rnet::net
