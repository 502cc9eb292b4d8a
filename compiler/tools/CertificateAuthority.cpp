// An authority that issues the certificates of a network.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CertificateAuthority.h"

#include "rnet/net/openssl.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace rnet::tools {
namespace {

using net::openssl::Bio, net::openssl::Certificate, net::openssl::Key, net::openssl::Owned;

constexpr long kDay = 24 * 60 * 60;
constexpr int kAuthorityDays = 3650;
/// Certificates count from a little earlier on: clocks differ.
constexpr long kSkew = 5 * 60;

Status failed(const std::string &what) {
  const std::string why = ERR_error_string(ERR_get_error(), nullptr);
  ERR_clear_error();
  return Status::error("cannot " + what + ": " + why);
}

std::string text(BIO *bio) {
  char *begin = nullptr;
  const long size = BIO_get_mem_data(bio, &begin);
  return {begin, static_cast<std::size_t>(size)};
}

Expected<KeyPair> write(X509 *certificate, EVP_PKEY *key) {
  const Bio first(BIO_new(BIO_s_mem())), second(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(first.get(), certificate) != 1 ||
      PEM_write_bio_PrivateKey(second.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return failed("write a certificate");
  return KeyPair{text(first.get()), text(second.get())};
}

bool addExtension(X509 *certificate, X509 *issuer, int kind, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// Names are values, not text that OpenSSL would take apart.
bool addNames(X509 *certificate, const std::string &uri, const std::vector<std::string> &hosts) {
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> names(GENERAL_NAMES_new());
  auto add = [&](int kind, ASN1_STRING *value) {
    GENERAL_NAME *name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, kind, value);
    return value && sk_GENERAL_NAME_push(names.get(), name) > 0;
  };
  auto addText = [&](int kind, const std::string &text) {
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();
    return ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) == 1 &&
           add(kind, value);
  };
  bool good = addText(GEN_URI, uri);
  for (const std::string &host : hosts)
    if (ASN1_OCTET_STRING *address = a2i_IPADDRESS(host.c_str()))
      good = add(GEN_IPADD, address) && good;
    else
      good = addText(GEN_DNS, host) && good;
  ERR_clear_error(); // a name is no address, which is no failure
  return good && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1;
}

/// Everything but who it is for: a fresh number, the dates, the subject.
bool prepare(X509 *certificate, EVP_PKEY *key, const std::string &name, int days) {
  unsigned char number[16];
  if (RAND_bytes(number, sizeof number) != 1)
    return false;
  number[0] = (number[0] & 0x7f) | 0x40; // positive, of full length
  const Owned<BIGNUM, BN_free> serial(BN_bin2bn(number, sizeof number, nullptr));
  const std::string shortened = name.substr(0, 64); // more is not allowed
  return X509_set_version(certificate, X509_VERSION_3) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -kSkew) &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), days * kDay) &&
         X509_set_pubkey(certificate, key) == 1 &&
         X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char *>(shortened.c_str()), -1,
                                    -1, 0) == 1;
}

} // namespace

struct CertificateAuthority::State {
  Certificate certificate;
  Key key;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<State> state)
    : state(std::move(state)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority &&) = default;
CertificateAuthority::~CertificateAuthority() = default;

Expected<CertificateAuthority> CertificateAuthority::create(const std::string &domain) {
  auto state = std::make_unique<State>(State{Certificate(X509_new()), Key(EVP_EC_gen("P-256"))});
  X509 *const own = state->certificate.get();
  if (!state->key || !prepare(own, state->key.get(), domain + " authority", kAuthorityDays) ||
      X509_set_issuer_name(own, X509_get_subject_name(own)) != 1 ||
      !addExtension(own, own, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !addExtension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !addExtension(own, own, NID_subject_key_identifier, "hash") ||
      !addNames(own, "spiffe://" + domain, {}) ||
      X509_sign(own, state->key.get(), EVP_sha256()) == 0)
    return failed("make an authority");
  return CertificateAuthority(std::move(state));
}

Expected<CertificateAuthority> CertificateAuthority::load(const KeyPair &pair) {
  auto state = std::make_unique<State>();
  auto open = [](const std::string &text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  };
  char none[] = ""; // never ask for a password
  state->certificate.reset(
      PEM_read_bio_X509(open(pair.certificate).get(), nullptr, nullptr, nullptr));
  state->key.reset(PEM_read_bio_PrivateKey(open(pair.key).get(), nullptr, nullptr, none));
  if (!state->certificate || !state->key ||
      X509_check_private_key(state->certificate.get(), state->key.get()) != 1)
    return failed("read an authority's certificate and key");
  return CertificateAuthority(std::move(state));
}

Expected<KeyPair> CertificateAuthority::issue(const Request &request, int days) const {
  X509 *const issuer = state->certificate.get();
  const Certificate made(X509_new());
  const Key key(EVP_EC_gen("P-256"));
  if (!key || !prepare(made.get(), key.get(), request.name, days))
    return failed("make a key");
  if (ASN1_TIME_compare(X509_get0_notAfter(made.get()), X509_get0_notAfter(issuer)) > 0)
    return Status::error("the authority does not last for " + std::to_string(days) +
                         " days more: make a new one");
  if (X509_set_issuer_name(made.get(), X509_get_subject_name(issuer)) != 1 ||
      !addExtension(made.get(), issuer, NID_basic_constraints, "critical,CA:FALSE") ||
      !addExtension(made.get(), issuer, NID_key_usage, "critical,digitalSignature") ||
      !addExtension(made.get(), issuer, NID_ext_key_usage,
                    request.hosts.empty() ? "clientAuth" : "serverAuth,clientAuth") ||
      !addExtension(made.get(), issuer, NID_authority_key_identifier, "keyid:always") ||
      !addNames(made.get(), request.uri, request.hosts) ||
      X509_sign(made.get(), state->key.get(), EVP_sha256()) == 0)
    return failed("issue a certificate for '" + request.uri + "'");
  return write(made.get(), key.get());
}

Expected<KeyPair> CertificateAuthority::save() const {
  return write(state->certificate.get(), state->key.get());
}

} // namespace rnet::tools
