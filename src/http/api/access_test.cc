// SPDX-License-Identifier: Apache-2.0
//
// Who may come in: keys, permissions, names, pages.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/api/test_server.h"
#include "http/test_client.h"

namespace lares::http::api {
namespace {

using nlohmann::json;

service::ApiKey Key(const char* id, const char* key, core::PermissionSet permissions) {
  return {.digest = service::DigestOfKey(key),
          .principal = {.id = id, .tenant = "research", .permissions = permissions}};
}

std::vector<service::ApiKey> Keys() {
  return {Key("root", "key-root", core::kAllPermissions),
          Key("reader", "key-reader", static_cast<core::PermissionSet>(core::Permission::kReadModels))};
}

TestAnswer Get(TestServer& lares, const std::string& path, const std::string& headers) {
  TestClient client(lares.port());
  client.Get(path, headers);
  return client.Read();
}

TEST(Access, AKeyIsNeededAndCounts) {
  TestServer lares({}, Keys());
  const TestAnswer nobody = Get(lares, "/v1/models", "");
  EXPECT_EQ(nobody.status, 401);
  EXPECT_TRUE(nobody.headers.at("www-authenticate").starts_with("Bearer"));
  EXPECT_EQ(json::parse(nobody.body)["error"]["code"], "missing_api_key");
  for (const char* value : {"Bearer", "Bearer ", "key-root", "Basic key-root", "Bearer key-roo",
                            "Bearer key-root2", "Bearer key-root key-root"}) {
    EXPECT_EQ(Get(lares, "/v1/models", std::string("Authorization: ") + value + "\r\n").status, 401) << value;
  }
  EXPECT_EQ(Get(lares, "/v1/models", "Authorization: Bearer key-root\r\n").status, 200);
  EXPECT_EQ(Get(lares, "/v1/models", "authorization: bearer key-reader\r\n").status, 200);
}

TEST(Access, APermissionIsNeededPerOperation) {
  TestServer lares({}, Keys());
  const TestAnswer answer = Get(lares, "/metrics", "Authorization: Bearer key-reader\r\n");
  EXPECT_EQ(answer.status, 403);
  EXPECT_NE(answer.body.find("metrics"), std::string::npos);
  EXPECT_EQ(Get(lares, "/metrics", "Authorization: Bearer key-root\r\n").status, 200);
}

TEST(Access, ThePrincipalReachesTheEngine) {
  TestServer lares({}, Keys());
  TestClient client(lares.port());
  client.Post("/v1/completions", R"({"prompt":"a"})", "Authorization: Bearer key-root\r\n");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(lares.engine->WaitForRequest().principal.id, "root");
  EXPECT_EQ(lares.engine->WaitForRequest().principal.tenant, "research");
}

TEST(Access, WithoutAKeyFileEveryoneIsLocal) {
  TestServer lares;
  TestClient client(lares.port());
  client.Post("/v1/completions", R"({"prompt":"a"})");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(lares.engine->WaitForRequest().principal.id, "local");
}

TEST(Access, ProbesAreOpenAndTellStrangersLittle) {
  TestServer lares({}, Keys());
  for (const char* path : {"/health", "/livez", "/readyz", "/version", "/"}) {
    EXPECT_EQ(Get(lares, path, "").status, 200) << path;
  }
  EXPECT_EQ(Get(lares, "/health", "").body.find("diskSpace"), std::string::npos);
  EXPECT_NE(Get(lares, "/health", "Authorization: Bearer key-root\r\n").body.find("diskSpace"),
            std::string::npos);
}

TEST(Access, ABodyIsNotReadFromAStranger) {
  TestServer lares({}, Keys());
  TestClient client(lares.port());
  client.Send("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n");
  EXPECT_EQ(client.Read().status, 401);
}

TEST(Access, NamesAndPagesOfOthersAreRefused) {
  TestServer lares;
  TestClient rebound(lares.port());
  rebound.Send("GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(rebound.Read().status, 403);
  TestClient unix_name(lares.port());
  unix_name.Send("GET /v1/models HTTP/1.1\r\nHost: unix\r\n\r\n");
  EXPECT_EQ(unix_name.Read().status, 403);
  EXPECT_EQ(Get(lares, "/v1/models", "Origin: https://evil.example\r\n").status, 403);
  EXPECT_EQ(Get(lares, "/v1/models", "Origin: http://localhost\r\n").status, 200);
}

// Without a key a page needs nothing but a browser that reaches us, wherever we listen.
TEST(Access, PagesOfOthersAreRefusedWhereverNoKeyIsNeeded) {
  const std::string head = "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n";
  const std::string origin = "Origin: https://evil.example\r\n";
  const auto status = [&](TestServer& lares, const std::string& headers) {
    TestClient client(lares.port());
    client.Send(head + headers + "\r\n" + R"({"content":"a"})");
    return client.Read().status;
  };
  TestServer open({.host = "0.0.0.0"});
  EXPECT_EQ(status(open, origin), 403);
  EXPECT_EQ(status(open, ""), 200);
  TestServer keyed({.host = "0.0.0.0"}, Keys());
  EXPECT_EQ(status(keyed, origin), 401);
  EXPECT_EQ(status(keyed, origin + "Authorization: Bearer key-root\r\n"), 200);
}

TEST(Access, APreflightIsAnsweredForListedPages) {
  Options options;
  options.cors_origins = {"https://app.example"};
  TestServer lares(options);
  TestClient client(lares.port());
  const std::string head = "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n";
  client.Send(head + "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n\r\n");
  const TestAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.headers.at("access-control-allow-origin"), "https://app.example");
  EXPECT_NE(answer.headers.at("access-control-allow-methods").find("POST"), std::string::npos);
  client.Send(head + "Origin: https://other.example\r\n\r\n");
  EXPECT_EQ(client.Read().status, 403);
}

TEST(Access, ForwardedForIsBelievedFromListedProxies) {
  Options options;
  options.trusted_proxies = {"127.0.0.1"};
  TestServer lares(options);
  Get(lares, "/v1/models", "X-Forwarded-For: 6.6.6.6\r\n");
  lares.server.Stop();
  EXPECT_NE(lares.logger.All().find("peer=6.6.6.6"), std::string::npos);
}

// HAProxy leaves the client's line as it is and adds one of its own below.
TEST(Access, OfSeveralForwardedForLinesTheLastIsTheProxys) {
  Options options;
  options.trusted_proxies = {"127.0.0.1", "10.0.0.0/8"};
  TestServer lares(options);
  Get(lares, "/v1/models", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\nX-Request-Id: two\r\n");
  Get(lares, "/v1/models",
      "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 8.8.8.8\r\nX-Forwarded-For: 10.1.1.1\r\n"
      "X-Request-Id: three\r\n");
  lares.server.Stop();
  const std::string log = lares.logger.All();
  EXPECT_NE(log.find("peer=7.7.7.7"), std::string::npos) << log;
  EXPECT_NE(log.find("peer=8.8.8.8"), std::string::npos) << log;
  EXPECT_EQ(log.find("peer=6.6.6.6"), std::string::npos) << log;
}

TEST(Access, RequestIdsAreEchoedWhenPlain) {
  TestServer lares;
  EXPECT_EQ(Get(lares, "/livez", "X-Request-Id: mine-1\r\n").headers.at("x-request-id"), "mine-1");
  EXPECT_EQ(Get(lares, "/nothing", "X-Request-Id: mine-2\r\n").headers.at("x-request-id"), "mine-2");
  for (const std::string& bad :
       {std::string("a b"), std::string(200, 'a'), std::string("a\"b"), std::string("a=b")}) {
    EXPECT_TRUE(
        Get(lares, "/livez", "X-Request-Id: " + bad + "\r\n").headers.at("x-request-id").starts_with("req-"));
  }
}

}  // namespace
}  // namespace lares::http::api
