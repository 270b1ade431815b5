// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "http/api/test_server.h"
#include "http/certificate_test.h"
#include "http/test_client.h"

namespace lares::http::api {
namespace {

// A blocking TLS client that trusts anybody.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, int max_version = TLS1_3_VERSION)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        ssl_(nullptr, SSL_free) {
    SSL_CTX_set_max_proto_version(context_.get(), max_version);
    SSL_CTX_set_security_level(context_.get(), 0);  // so that old versions can be offered at all
    ssl_.reset(SSL_new(context_.get()));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
    SSL_set_fd(ssl_.get(), fd_);
    connected_ = SSL_connect(ssl_.get()) == 1;
  }
  ~TlsClient() { close(fd_); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool connected() const { return connected_; }
  void Send(const std::string& bytes) { SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); }
  // Reads until `what` is in it; everything so far.
  std::string ReadUntil(const std::string& what) {
    std::string all;
    char buffer[4096];
    while (all.find(what) == std::string::npos) {
      const int got = SSL_read(ssl_.get(), buffer, sizeof buffer);
      if (got <= 0) break;
      all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
  }
  std::string Serial() const {
    const std::unique_ptr<X509, decltype(&X509_free)> peer(SSL_get1_peer_certificate(ssl_.get()), X509_free);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    X509_digest(peer.get(), EVP_sha256(), digest, &size);
    return {reinterpret_cast<char*>(digest), size};
  }

 private:
  const int fd_;
  bool connected_ = false;
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

Options WithTls(const TestCertificate& certificate) {
  Options options;
  options.tls = certificate.files();
  return options;
}

TEST(Tls, ServesAndStreams) {
  const TestCertificate certificate("serves");
  TestServer lares(WithTls(certificate));
  ASSERT_TRUE(lares.started) << lares.started.error().message();
  EXPECT_TRUE(lares.server.url().starts_with("https://"));
  TlsClient client(lares.port());
  ASSERT_TRUE(client.connected());
  for (int i = 0; i < 3; ++i) {
    const std::string body = R"({"prompt":"a","stream":true})";
    client.Send("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_NE(client.ReadUntil("[DONE]\n\n\r\n0\r\n\r\n").find("Hel"), std::string::npos);
  }
}

TEST(Tls, LargeBodiesBothWays) {
  const TestCertificate certificate("large");
  TestServer lares(WithTls(certificate));
  lares.engine->words = {std::string(3'000'000, 'y')};
  TlsClient client(lares.port());
  const std::string body = R"({"prompt":")" + std::string(3'000'000, 'x') + R"("})";
  client.Send("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_GT(client.ReadUntil("\"total_tokens\"").size(), 3'000'000U);
}

TEST(Tls, OldVersionsAreRefused) {
  const TestCertificate certificate("old");
  TestServer lares(WithTls(certificate));
  EXPECT_FALSE(TlsClient(lares.port(), TLS1_1_VERSION).connected());
  EXPECT_TRUE(TlsClient(lares.port(), TLS1_2_VERSION).connected());
}

TEST(Tls, ADisconnectCancels) {
  const TestCertificate certificate("cancel");
  TestServer lares(WithTls(certificate));
  lares.engine->Hold();
  std::string id;
  {
    TlsClient client(lares.port());
    const std::string body = R"({"prompt":"a","stream":true})";
    client.Send("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    id = lares.engine->WaitForRequest().id;
  }
  lares.engine->WaitForCancel(id);
}

TEST(Tls, PlainHttpIsNoHandshake) {
  const TestCertificate certificate("plain");
  TestServer lares(WithTls(certificate));
  TestClient client(lares.port());
  client.Get("/livez");
  EXPECT_EQ(client.Read().status, 0);
}

TEST(Tls, ANewCertificateIsTakenAndABrokenOneIsNot) {
  const TestCertificate certificate("reload");
  TestServer lares(WithTls(certificate));
  const std::string before = TlsClient(lares.port()).Serial();
  certificate.Write();
  EXPECT_TRUE(lares.server.ReloadTls());
  const std::string after = TlsClient(lares.port()).Serial();
  EXPECT_NE(after, before);
  std::ofstream(certificate.files().certificate) << "nothing";
  const auto reloaded = lares.server.ReloadTls();
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().message().find(certificate.files().certificate), std::string::npos);
  EXPECT_EQ(TlsClient(lares.port()).Serial(), after);
}

TEST(Tls, AWrongFileIsNamedAtTheStart) {
  const TestCertificate one("one"), other("other");
  Options options;
  options.tls = {.certificate = "/nowhere.crt", .key = one.files().key};
  const TestServer missing(options);
  ASSERT_FALSE(missing.started);
  EXPECT_NE(missing.started.error().message().find("/nowhere.crt"), std::string::npos);
  options.tls = {.certificate = one.files().certificate, .key = other.files().key};
  const TestServer mixed(options);
  ASSERT_FALSE(mixed.started);
  EXPECT_NE(mixed.started.error().message().find(other.files().key), std::string::npos)
      << mixed.started.error().message();
}

}  // namespace
}  // namespace lares::http::api
