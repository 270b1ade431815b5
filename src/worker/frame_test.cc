// SPDX-License-Identifier: Apache-2.0
#include "worker/frame.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace lares::worker {
namespace {

TEST(Frame, WhateverTheCutsTheMessagesAreTheSame) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::string> sent;
    std::string stream;
    for (int i = 0; i < 20; ++i) {
      std::string& message = sent.emplace_back(random() % (i % 5 == 0 ? 3000 : 20), '\0');
      std::ranges::generate(message, [&] { return static_cast<char>(random()); });
      ASSERT_TRUE(AppendFrame(stream, message));
    }
    FrameReader reader;
    std::vector<std::string> got;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t piece = std::min<std::size_t>(1 + random() % 500, stream.size() - at);
      reader.Append(std::string_view(stream).substr(at, piece));
      at += piece;
      for (auto next = reader.Next(); *next; next = reader.Next()) got.push_back(**next);
    }
    ASSERT_EQ(got, sent) << "seed " << seed;
  }
}

TEST(Frame, ALengthBeyondTheBoundBreaksTheStreamForGood) {
  FrameReader reader(10);
  std::string stream;
  ASSERT_TRUE(AppendFrame(stream, "0123456789"));
  ASSERT_TRUE(AppendFrame(stream, "0123456789a"));
  ASSERT_TRUE(AppendFrame(stream, "x"));
  reader.Append(stream);
  EXPECT_EQ(reader.Next().value(), "0123456789");
  const auto broken = reader.Next();
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message(), "a message of 11 bytes; at most 10 may be sent");
  reader.Append("more");
  EXPECT_FALSE(reader.Next());
}

TEST(Frame, AMessageTooLargeIsNotSent) {
  std::string stream;
  EXPECT_FALSE(AppendFrame(stream, std::string(kMaxFrame + 1, 'x')));
  EXPECT_TRUE(stream.empty());
}

}  // namespace
}  // namespace lares::worker
