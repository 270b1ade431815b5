// SPDX-License-Identifier: Apache-2.0
#include "cli/url.h"

#include <gtest/gtest.h>

namespace lares::cli {
namespace {

std::string BaseOf(std::string_view text) {
  const auto url = ParseUrl(text);
  return url ? url->base : "error";
}

TEST(ParseUrl, TakesWhatPeoplePaste) {
  EXPECT_EQ(BaseOf("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
  EXPECT_EQ(BaseOf("http://127.0.0.1:8080/"), "http://127.0.0.1:8080");
  EXPECT_EQ(BaseOf("http://127.0.0.1:8080/v1/"), "http://127.0.0.1:8080");
  EXPECT_EQ(BaseOf("https://host/prefix/v1"), "https://host/prefix");
  EXPECT_EQ(BaseOf("127.0.0.1:8080"), "http://127.0.0.1:8080");
  EXPECT_EQ(BaseOf("http://[::1]:8080"), "http://[::1]:8080");
}

TEST(ParseUrl, KnowsUnixSockets) {
  const auto url = ParseUrl("unix:/run/my lares.sock");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->socket_path, "/run/my lares.sock");
  EXPECT_EQ(url->base, "http://localhost");
  EXPECT_EQ(url->shown, "unix:/run/my lares.sock");
}

TEST(ParseUrl, RefusesTheRest) {
  for (const auto* text :
       {"", "unix:", "ftp://host", "http://", "file:///etc/passwd", "http://a b", "http://a\nb"}) {
    EXPECT_EQ(BaseOf(text), "error") << text;
  }
}

}  // namespace
}  // namespace lares::cli
