// SPDX-License-Identifier: Apache-2.0
#include "http/tls_context.h"

#include <string>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace lares::http {
namespace {

std::string LastSslError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

// Clients that offer protocols get HTTP/1.1; who offers only others is refused by no answer (RFC 7301).
int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                   unsigned int offered_length, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_length, kOurs, sizeof kOurs - 1, offered, offered_length);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

base::Result<std::shared_ptr<SSL_CTX>> MakeContext(const TlsFiles& files) {
  const auto failed = [](const std::string& what) {
    return base::Fail(
        base::Error(base::Code::kInvalidArgument, what + ": " + LastSslError()).WithReason("bad_tls"));
  };
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return failed("TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(),
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // RELEASE_BUFFERS: an idle stream costs 20 KB instead of 70. PARTIAL_WRITE and MOVING_BUFFER: a write may
  // take a part, and the rest may come from another address.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context.get(), ChooseProtocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    return failed("TLS certificate " + files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return failed("TLS key " + files.key + " cannot be used with certificate " + files.certificate);
  }
  return context;
}

}  // namespace

void SslFree::operator()(ssl_st* ssl) const { SSL_free(ssl); }

base::Result<std::unique_ptr<TlsContext>> TlsContext::Load(const TlsFiles& files) {
  std::unique_ptr<TlsContext> tls(new TlsContext(files));
  if (auto loaded = tls->Reload(); !loaded) return base::Fail(loaded.error());
  return tls;
}

base::Status TlsContext::Reload() {
  auto fresh = MakeContext(files_);
  if (!fresh) return base::Fail(std::move(fresh.error()));
  const std::lock_guard lock(mutex_);
  context_ = std::move(*fresh);
  return {};
}

SslPtr TlsContext::NewConnection(int fd) const {
  std::shared_ptr<SSL_CTX> context;
  {
    const std::lock_guard lock(mutex_);
    context = context_;
  }
  SslPtr ssl(SSL_new(context.get()));  // keeps its own reference to the context
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) return nullptr;
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace lares::http
