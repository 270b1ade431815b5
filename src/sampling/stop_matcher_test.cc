// SPDX-License-Identifier: Apache-2.0
#include "sampling/stop_matcher.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace lares::sampling {
namespace {

struct Outcome {
  std::string text;
  bool stopped = false;
  bool operator==(const Outcome&) const = default;
};

// By definition: the match that ends first, the longest of those.
Outcome Naive(const std::string& text, const std::vector<std::string>& stops) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    std::size_t longest = 0;
    for (const std::string& stop : stops) {
      const std::string_view seen = std::string_view(text).substr(0, end);
      if (!stop.empty() && seen.ends_with(stop)) longest = std::max(longest, stop.size());
    }
    if (longest > 0) return {text.substr(0, end - longest), true};
  }
  return {text, false};
}

TEST(StopMatcher, HoldsBackWhatMayBecomeAStop) {
  StopMatcher matcher({"STOP"});
  EXPECT_EQ(matcher.Push("abcST").text, "abc");
  EXPECT_EQ(matcher.Push("O").text, "");
  EXPECT_EQ(matcher.Push("M").text, "STOM");
  EXPECT_EQ(matcher.Push("xSTOP and more").text, "x");
  EXPECT_TRUE(matcher.stopped());
  EXPECT_EQ(matcher.Push("dropped").text, "");
  EXPECT_EQ(matcher.Flush(), "");
}

TEST(StopMatcher, FlushGivesTheRest) {
  StopMatcher matcher({"\n\n"});
  EXPECT_EQ(matcher.Push("a\n").text, "a");
  EXPECT_EQ(matcher.Flush(), "\n");
  EXPECT_EQ(matcher.Flush(), "");
}

TEST(StopMatcher, WithoutStopsEverythingPasses) {
  StopMatcher matcher({""});
  EXPECT_EQ(matcher.Push("abc").text, "abc");
  EXPECT_FALSE(matcher.stopped());
}

TEST(StopMatcher, FirstCompleteWinsThenTheLongest) {
  EXPECT_EQ(StopMatcher({"abcd", "bc"}).Push("xabcd").text, "xa");
  EXPECT_EQ(StopMatcher({"c", "abc"}).Push("xabc").text, "x");
}

// An alphabet of two letters makes overlaps, borders within borders and near misses common.
TEST(StopMatcher, AnySplitGivesWhatTheWholeTextGives) {
  for (unsigned seed = 1; seed <= 3000; ++seed) {
    std::mt19937 random(seed);
    const auto word = [&](std::size_t size) {
      std::string s(size, 'a');
      for (char& c : s) c = static_cast<char>('a' + random() % 2);
      return s;
    };
    std::vector<std::string> stops(1 + random() % 3);
    for (std::string& stop : stops) stop = word(1 + random() % 7);
    const std::string text = word(random() % 40);
    const Outcome expected = Naive(text, stops);

    StopMatcher matcher(stops);
    Outcome got;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 4;
      const auto result = matcher.Push(text.substr(at, size));
      got.text += result.text;
      got.stopped |= result.stopped;
      at += size;
      // Nothing given out is ever taken back.
      ASSERT_TRUE(expected.text.starts_with(got.text)) << "seed " << seed;
    }
    got.text += matcher.Flush();
    ASSERT_EQ(got, expected) << "seed " << seed << " text " << text;
  }
}

}  // namespace
}  // namespace lares::sampling
