// SPDX-License-Identifier: Apache-2.0
//
// A key and a self-signed certificate for "localhost" in two PEM files, for tests.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "http/options.h"

namespace lares::http {

class TestCertificate {
 public:
  explicit TestCertificate(const std::string& name)
      : prefix_((std::filesystem::temp_directory_path() / ("lares-" + name + "-" + std::to_string(getpid())))
                    .string()) {
    Write();
  }
  ~TestCertificate() {
    std::filesystem::remove(files().certificate);
    std::filesystem::remove(files().key);
  }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  TlsFiles files() const { return {.certificate = prefix_ + ".crt", .key = prefix_ + ".key"}; }

  // Makes a new pair in the same files.
  void Write() const {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), nullptr);
    Save(files().certificate, [&](std::FILE* file) { PEM_write_X509(file, certificate.get()); });
    Save(files().key, [&](std::FILE* file) {
      PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

 private:
  template <class WriteTo>
  static void Save(const std::string& path, WriteTo write) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "w"), std::fclose);
    write(file.get());
  }

  const std::string prefix_;
};

}  // namespace lares::http
