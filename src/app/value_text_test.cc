// SPDX-License-Identifier: Apache-2.0
#include "app/value_text.h"

#include <random>

#include <gtest/gtest.h>

namespace lares::app {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(ParseSize, ReadsUnits) {
  EXPECT_EQ(ParseSize("0"), 0U);
  EXPECT_EQ(ParseSize("4096"), 4096U);
  EXPECT_EQ(ParseSize(" 4 GiB "), 4ULL << 30);
  EXPECT_EQ(ParseSize("1.5KiB"), 1536U);
  EXPECT_EQ(ParseSize("2M"), 2ULL << 20);
  EXPECT_EQ(ParseSize("2MB"), 2'000'000U);
  EXPECT_EQ(ParseSize("18446744073709551615"), ~0ULL);
}

TEST(ParseSize, RefusesTheRest) {
  for (const auto* text :
       {"", "MiB", "-1", "1 XB", "1e3", "1.5", "0.3KiB", "0x10", "99999999TiB", "1.2.3MiB", "nan"}) {
    EXPECT_FALSE(ParseSize(text)) << text;
  }
  EXPECT_NE(ParseSize("x").error().message().find("4GiB"), std::string::npos);
}

TEST(ParseDuration, ReadsUnits) {
  EXPECT_EQ(ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(ParseDuration("1.5s"), milliseconds(1500));
  EXPECT_EQ(ParseDuration("0.25ms"), microseconds(250));
  EXPECT_EQ(ParseDuration("2 min"), std::chrono::minutes(2));
  EXPECT_EQ(ParseDuration("0"), base::Duration{});
}

TEST(ParseDuration, RefusesTheRest) {
  for (const auto* text : {"", "5", "s", "-1s", "1 fortnight", "999999999999h", "inf s", "1s2"}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
}

TEST(ValueText, WhatIsFormattedParsesBack) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t size = random() >> (1 + random() % 63);
    EXPECT_EQ(ParseSize(FormatSize(size)), size);
    // The number goes through a double: exact below 2^53 of its unit.
    const base::Duration duration{static_cast<std::int64_t>(random() >> (12 + random() % 40))};
    EXPECT_EQ(ParseDuration(FormatDuration(duration)), duration);
  }
  EXPECT_EQ(FormatDuration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(FormatSize(3ULL << 20), "3MiB");
}

TEST(ParseBool, KnowsItsWords) {
  EXPECT_EQ(ParseBool("yes"), true);
  EXPECT_EQ(ParseBool("off"), false);
  EXPECT_FALSE(ParseBool("maybe"));
  EXPECT_FALSE(ParseBool(""));
}

TEST(SplitList, DropsBlanksAndEmptyParts) {
  EXPECT_EQ(SplitList(" a, b ,,c,"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(SplitList(" , ").empty());
}

TEST(ParseInteger, TakesTheWholeText) {
  EXPECT_EQ(ParseInteger(" -12 "), -12);
  EXPECT_FALSE(ParseInteger("12x"));
  EXPECT_FALSE(ParseInteger("99999999999999999999"));
}

}  // namespace
}  // namespace lares::app
