// SPDX-License-Identifier: Apache-2.0
#include "base/line_writer.h"

#include <cstdio>
#include <cstdlib>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace lares::base {
namespace {

using Lines = std::shared_ptr<std::vector<std::string>>;  // read when the writer is gone

LineWriter::Options Into(const Lines& lines) {
  return {.write = [lines](const std::string& line) { lines->push_back(line); },
          .flush = [] {},
          .lost_line = [](std::uint64_t n) { return "lost " + std::to_string(n); }};
}

TEST(LineWriter, WritesInOrderAndAllOfItBeforeItGoes) {
  const auto lines = std::make_shared<std::vector<std::string>>();
  {
    LineWriter writer(Into(lines));
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(writer.Push(std::to_string(i)));
  }
  ASSERT_EQ(lines->size(), 1000U);
  EXPECT_EQ(lines->front(), "0");
  EXPECT_EQ(lines->back(), "999");
}

// Nobody waits for a place that takes nothing; afterwards it is told what it missed.
TEST(LineWriter, DropsAndSaysSo) {
  const auto lines = std::make_shared<std::vector<std::string>>();
  std::latch entered(1), release(1);
  {
    auto options = Into(lines);
    options.max_bytes = 1000;
    options.write = [&, write = options.write, first = true](const std::string& line) mutable {
      if (std::exchange(first, false)) {
        entered.count_down();
        release.wait();
      }
      write(line);
    };
    LineWriter writer(std::move(options));
    EXPECT_TRUE(writer.Push("first"));
    entered.wait();
    int taken = 0;
    for (int i = 0; i < 100; ++i) taken += writer.Push(std::string(36, 'x')) ? 1 : 0;
    EXPECT_EQ(taken, 9);  // a hundred bytes each, with what a line costs; the first still counts
    EXPECT_FALSE(writer.Flush({}));
    release.count_down();
  }
  ASSERT_EQ(lines->size(), 11U);
  EXPECT_EQ(lines->back(), "lost 91");
}

TEST(LineWriter, APlaceThatFailsIsTriedAgain) {
  const auto lines = std::make_shared<std::vector<std::string>>();
  auto options = Into(lines);
  options.write = [write = options.write](const std::string& line) {
    if (line == "bad") throw std::runtime_error("disk full");
    write(line);
  };
  LineWriter writer(std::move(options));
  EXPECT_TRUE(writer.Push("bad"));
  EXPECT_TRUE(writer.Push("good"));
  EXPECT_TRUE(writer.Flush(std::chrono::seconds(60)));
  EXPECT_EQ(*lines, std::vector<std::string>{"good"});
}

TEST(LineWriterDeathTest, AbortLetsTheLinesOut) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        LineWriter writer({.write =
                               [](const std::string& line) {
                                 std::fputs(line.c_str(), stderr);
                                 std::fflush(stderr);
                               },
                           .flush = [] {},
                           .lost_line = [](std::uint64_t) { return std::string(); }});
        writer.FlushOnAbort();
        for (int i = 0; i < 100; ++i) writer.Push("line " + std::to_string(i) + ";");
        std::abort();
      },
      "line 99;");
}

}  // namespace
}  // namespace lares::base
