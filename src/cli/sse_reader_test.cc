// SPDX-License-Identifier: Apache-2.0
#include "cli/sse_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lares::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SseReader, ReadsEvents) {
  SseReader reader;
  EXPECT_THAT(reader.Feed(": ping\n\nevent: x\ndata: one\ndata: two\nid: 3\n\ndata:three\n\n"),
              ElementsAre("one\ntwo", "three"));
}

TEST(SseReader, KeepsTheLastComment) {
  SseReader reader;
  EXPECT_EQ(reader.comment(), "");
  reader.Feed(": loading\n\n: load");
  EXPECT_EQ(reader.comment(), "loading");
  reader.Feed("ed\ndata: one\n\n");
  EXPECT_EQ(reader.comment(), "loaded");
}

TEST(SseReader, DoesNotCareHowBytesAreCut) {
  const std::string text =
      "\xEF\xBB\xBF"
      "data: {\"a\":1}\r\n\r\ndata: b\rdata: c\r\r: x\n\ndata\n\ndata: \xE4\xBD\xA0\n\n";
  SseReader whole;
  const auto expected = whole.Feed(text);
  EXPECT_THAT(expected, ElementsAre("{\"a\":1}", "b\nc", "", "\xE4\xBD\xA0"));
  for (std::size_t step = 1; step < text.size(); ++step) {
    SseReader reader;
    std::vector<std::string> events;
    for (std::size_t at = 0; at < text.size(); at += step) {
      for (auto& event : reader.Feed(std::string_view(text).substr(at, step))) events.push_back(event);
    }
    EXPECT_EQ(events, expected) << "in steps of " << step;
  }
}

TEST(SseReader, AnUnfinishedEventDoesNotCount) {
  SseReader reader;
  EXPECT_THAT(reader.Feed("data: one\n"), IsEmpty());
  EXPECT_THAT(reader.Feed("\n"), ElementsAre("one"));
}

TEST(SseReader, AnEventIsBounded) {
  SseReader reader;
  const std::string piece(1U << 20U, 'x');
  reader.Feed("data: ");
  for (int i = 0; i < 20; ++i) EXPECT_THAT(reader.Feed(piece), IsEmpty());
  EXPECT_TRUE(reader.overflowed());
  EXPECT_THAT(reader.Feed("\n\ndata: a\n\n"), IsEmpty());
}

}  // namespace
}  // namespace lares::cli
