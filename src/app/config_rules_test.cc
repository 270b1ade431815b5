// SPDX-License-Identifier: Apache-2.0
#include "app/config_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lares::app {
namespace {

using ::testing::HasSubstr;

TEST(IsLoopback, KnowsLoopback) {
  for (const auto* host : {"127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"})
    EXPECT_TRUE(IsLoopback(host)) << host;
  for (const auto* host :
       {"0.0.0.0", "::", "10.0.0.1", "example.org", "", "127.0.0.1.example.org", "localhost."}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

TEST(CheckForServing, LoopbackAndUnixSocketsNeedNothing) {
  EXPECT_TRUE(CheckForServing(Config{}));
  Config config;
  config.server.host = "0.0.0.0";
  config.server.listen = "unix:/run/lares.sock";
  EXPECT_TRUE(CheckForServing(config));
}

TEST(CheckForServing, BeyondLoopbackNeedsKeyAndTls) {
  Config config;
  config.server.host = "0.0.0.0";
  auto checked = CheckForServing(config);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message(), HasSubstr("--api-key-file"));

  config.security.api_key_file = "keys";
  checked = CheckForServing(config);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message(), HasSubstr("--tls-cert"));

  config.security.tls_cert = "c";
  EXPECT_THAT(CheckForServing(config).error().message(), HasSubstr("belong together"));
  config.security.tls_key = "k";
  EXPECT_TRUE(CheckForServing(config));
}

TEST(CheckForServing, ProxyStillNeedsKeys) {
  Config config;
  config.server.host = "192.168.1.5";
  config.security.tls_terminated_upstream = true;
  EXPECT_FALSE(CheckForServing(config));
  config.security.api_key_file = "keys";
  EXPECT_TRUE(CheckForServing(config));
}

TEST(CheckForServing, InsecureIsMeant) {
  Config config;
  config.server.host = "::";
  config.security.insecure = true;
  EXPECT_TRUE(CheckForServing(config));
}

TEST(CheckForServing, ListenTakesUnixPathsOnly) {
  Config config;
  const std::string too_long = "unix:/" + std::string(120, 'x');
  for (const auto* listen : {"0.0.0.0:80", "unix:", too_long.c_str()}) {
    config.server.listen = listen;
    EXPECT_FALSE(CheckForServing(config)) << listen;
  }
  EXPECT_EQ(UnixPath("unix:/a b"), "/a b");
}

TEST(CheckForServing, LooksAtFakeModels) {
  Config config;
  config.model.path = "fake:step=5ms,slots=8";
  EXPECT_TRUE(CheckForServing(config));
  config.model.path = "fake:stepp=5ms";
  EXPECT_THAT(CheckForServing(config).error().message(), HasSubstr("known are step"));
}

}  // namespace
}  // namespace lares::app
