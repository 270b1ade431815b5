// SPDX-License-Identifier: Apache-2.0
#include "http/peer_address.h"

#include <gtest/gtest.h>

namespace lares::http {
namespace {

TEST(Network, Contains) {
  EXPECT_TRUE(Network::Parse("10.0.0.0/8")->Contains("10.255.1.2"));
  EXPECT_FALSE(Network::Parse("10.0.0.0/8")->Contains("11.0.0.1"));
  EXPECT_TRUE(Network::Parse("10.0.0.0/8")->Contains("::ffff:10.1.1.1"));
  EXPECT_TRUE(Network::Parse("0.0.0.0/0")->Contains("1.2.3.4"));
  EXPECT_FALSE(Network::Parse("0.0.0.0/0")->Contains("::1"));
  EXPECT_TRUE(Network::Parse("fd00::/8")->Contains("fdab::1"));
  EXPECT_FALSE(Network::Parse("fd00::/8")->Contains("fe80::1"));
  EXPECT_TRUE(Network::Parse("192.168.1.7")->Contains("192.168.1.7"));
  EXPECT_FALSE(Network::Parse("192.168.1.7")->Contains("192.168.1.8"));
  EXPECT_FALSE(Network::Parse("192.168.1.7")->Contains("unix"));
}

TEST(Network, RefusesWhatIsNone) {
  for (const char* text :
       {"", "a", "10.0.0.0/33", "::1/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "1.2.3"}) {
    EXPECT_FALSE(Network::Parse(text)) << text;
  }
}

TEST(TrustedProxies, BelievesOnlyThose) {
  const auto none = TrustedProxies::Parse({});
  EXPECT_EQ(none->ClientOf("127.0.0.1", "6.6.6.6"), "127.0.0.1");
  const auto some = TrustedProxies::Parse({"127.0.0.0/8", "10.0.0.0/8", "unix"});
  EXPECT_EQ(some->ClientOf("127.0.0.1", std::nullopt), "127.0.0.1");
  EXPECT_EQ(some->ClientOf("127.0.0.1", "6.6.6.6"), "6.6.6.6");
  EXPECT_EQ(some->ClientOf("unix", "6.6.6.6"), "6.6.6.6");
  EXPECT_EQ(some->ClientOf("8.8.8.8", "6.6.6.6"), "8.8.8.8");
  EXPECT_EQ(some->ClientOf("127.0.0.1", "7.7.7.7, 6.6.6.6"), "6.6.6.6")
      << "what a client wrote is not believed";
  EXPECT_EQ(some->ClientOf("127.0.0.1", "6.6.6.6,10.1.2.3"), "6.6.6.6");
  EXPECT_EQ(some->ClientOf("127.0.0.1", "6.6.6.6, junk\r\n"), "127.0.0.1");
  EXPECT_EQ(some->ClientOf("127.0.0.1", ",,,"), "127.0.0.1");
  EXPECT_FALSE(TrustedProxies::Parse({"10.0.0.0/99"}));
}

TEST(Loopback, IsKnown) {
  for (const char* yes : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(IsLoopback(yes)) << yes;
  for (const char* no : {"0.0.0.0", "::", "10.0.0.1", "localhost", "unix", ""})
    EXPECT_FALSE(IsLoopback(no)) << no;
}

}  // namespace
}  // namespace lares::http
