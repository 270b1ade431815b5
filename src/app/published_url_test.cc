// SPDX-License-Identifier: Apache-2.0
#include "app/published_url.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace lares::app {
namespace {

TEST(PublishedUrl, IsOneThatClientsCanUse) {
  EXPECT_EQ(PublishedUrl("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
  EXPECT_EQ(PublishedUrl("https://10.0.0.7:8443"), "https://10.0.0.7:8443");
  EXPECT_EQ(PublishedUrl("http://0.0.0.0:8080"), "http://127.0.0.1:8080");
  EXPECT_EQ(PublishedUrl("http://[::]:8080"), "http://[::1]:8080");
  EXPECT_EQ(PublishedUrl("https://0.0.0.0:8443"), "https://localhost:8443");
  EXPECT_EQ(PublishedUrl("https://[::]:8443"), "https://localhost:8443");
  EXPECT_EQ(PublishedUrl("nonsense"), "nonsense");
}

TEST(PublishedUrl, OfAUnixSocketIsAbsolute) {
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(PublishedUrl("unix:/run/lares.sock"), "unix:/run/lares.sock");
  EXPECT_EQ(PublishedUrl("unix:lares.sock"), "unix:" + here + "/lares.sock");
  EXPECT_EQ(PublishedUrl("unix:./lares.sock"), "unix:" + here + "/lares.sock");
}

}  // namespace
}  // namespace lares::app
