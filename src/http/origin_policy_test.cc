// SPDX-License-Identifier: Apache-2.0
#include "http/origin_policy.h"

#include <gtest/gtest.h>

#include "http/status.h"

namespace lares::http {
namespace {

// 200, or the status of the refusal.
int Check(const OriginPolicy::Settings& settings, std::vector<Header> headers, int version_minor = 1) {
  Request request;
  request.headers = std::move(headers);
  request.version_minor = version_minor;
  const auto status = OriginPolicy(settings).Check(request);
  return status ? 200 : StatusOf(status.error());
}

TEST(OriginPolicy, OnLoopbackOnlyItsOwnNamesCount) {
  const OriginPolicy::Settings settings{.allowed_hosts = {"llm.house"}};
  for (const char* host :
       {"localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:80", "localhost.", "llm.house:9"}) {
    EXPECT_EQ(Check(settings, {{"Host", host}}), 200) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1",
                           "10.0.0.1", "evil.example@localhost", "unix", "unix:80", "UNIX."}) {
    EXPECT_EQ(Check(settings, {{"Host", host}}), 403) << host;
  }
  EXPECT_EQ(Check(settings, {{"Host", "localhost x"}}), 400);
  EXPECT_EQ(Check(settings, {}), 400);
  EXPECT_EQ(Check(settings, {}, 0), 200);
  EXPECT_EQ(Check(settings, {{"Host", "localhost"}, {"host", "evil.example"}}), 400);
}

TEST(OriginPolicy, BeyondLoopbackNamesCountWhenListed) {
  EXPECT_EQ(Check({.loopback_only = false}, {{"Host", "any.name"}}), 200);
  EXPECT_EQ(Check({.loopback_only = false, .allowed_hosts = {"a"}}, {{"Host", "b"}}), 403);
  EXPECT_EQ(Check({.loopback_only = true, .allowed_hosts = {"*"}}, {{"Host", "b"}}), 200);
  EXPECT_EQ(Check({.loopback_only = false, .unix_socket = true}, {{"Host", "b"}}), 200);
}

TEST(OriginPolicy, PagesOfOthersAreRefusedOnLoopback) {
  const auto origin = [](const OriginPolicy::Settings& settings, const char* value) {
    return Check(settings, {{"Host", "localhost:8080"}, {"Origin", value}});
  };
  EXPECT_EQ(origin({}, "http://localhost:8080"), 200);
  EXPECT_EQ(origin({}, "http://localhost:3000"), 403);
  EXPECT_EQ(origin({}, "https://evil.example"), 403);
  EXPECT_EQ(origin({}, "null"), 403);
  EXPECT_EQ(origin({.cors_origins = {"https://app.example"}}, "https://app.example"), 200);
  EXPECT_EQ(origin({.cors_origins = {"*"}}, "https://any.example"), 200);
  EXPECT_EQ(origin({.loopback_only = false}, "https://any.example"), 200);
}

TEST(OriginPolicy, PagesOfOthersAreRefusedWhereverNoKeyIsRequired) {
  const OriginPolicy::Settings open{.loopback_only = false, .keyless = true};
  const auto check = [](const OriginPolicy::Settings& settings, const char* host, const char* origin) {
    return Check(settings, {{"Host", host}, {"Origin", origin}});
  };
  EXPECT_EQ(check(open, "10.0.0.5:8080", "https://evil.example"), 403);
  EXPECT_EQ(check(open, "10.0.0.5:8080", "null"), 403);
  EXPECT_EQ(check(open, "10.0.0.5:8080", "http://10.0.0.5:8080"), 200);
  EXPECT_EQ(check(open, "[fd00::5]:8080", "http://[fd00::5]:8080"), 200);
  EXPECT_EQ(check(open, "evil.example", "http://evil.example"), 403) << "a rebound name";
  EXPECT_EQ(Check(open, {{"Host", "any.name"}}), 200) << "no page, no Origin";
  OriginPolicy::Settings named = open;
  named.allowed_hosts = {"llm.house"};
  EXPECT_EQ(check(named, "llm.house", "http://llm.house"), 200);
  named.cors_origins = {"https://app.example"};
  EXPECT_EQ(check(named, "llm.house", "https://app.example"), 200);
  EXPECT_EQ(check({.loopback_only = false, .unix_socket = true, .keyless = true}, "x", "http://y"), 200);
}

TEST(OriginPolicy, CorsIsOffUnlessConfigured) {
  Request request;
  request.headers = {{"Host", "localhost"},
                     {"Origin", "https://app.example"},
                     {"Access-Control-Request-Headers", "authorization,x-stainless-os"}};
  EXPECT_TRUE(OriginPolicy({}).CorsHeaders(request).empty());
  EXPECT_TRUE(OriginPolicy({}).PreflightHeaders(request, "POST").empty());
  const auto headers =
      OriginPolicy({.cors_origins = {"https://app.example"}}).PreflightHeaders(request, "POST");
  const auto value = [&](const char* name) {
    for (const Header& h : headers) {
      if (h.name == name) return h.value;
    }
    return std::string();
  };
  EXPECT_EQ(value("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(value("Access-Control-Allow-Headers"), "authorization,x-stainless-os");
  EXPECT_EQ(value("Access-Control-Allow-Methods"), "POST");
  request.headers[1].value = "https://other.example";
  EXPECT_EQ(OriginPolicy({.cors_origins = {"https://app.example"}}).CorsHeaders(request).size(), 1U)
      << "Vary";
}

}  // namespace
}  // namespace lares::http
