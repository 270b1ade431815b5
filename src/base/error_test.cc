// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <set>

#include <gtest/gtest.h>

namespace lares::base {
namespace {

TEST(Error, CarriesWhatAProgramAndAPersonNeed) {
  const Error error = Error(Code::kResourceExhausted, "the queue is full")
                          .WithReason("queue_full")
                          .WithParam("model")
                          .WithRetryAfter(std::chrono::milliseconds{1500});
  EXPECT_EQ(error.code(), Code::kResourceExhausted);
  EXPECT_EQ(error.message(), "the queue is full");
  EXPECT_EQ(error.reason(), "queue_full");
  EXPECT_EQ(error.param(), "model");
  EXPECT_EQ(error.retry_after(), std::chrono::milliseconds{1500});
  const Status failed = Fail(error);
  EXPECT_EQ(failed.error(), error);
}

// The numbers and names are those of gRPC and must never move.
TEST(Code, NamesAreTheCanonicalOnes) {
  EXPECT_EQ(static_cast<int>(Code::kInvalidArgument), 3);
  EXPECT_EQ(static_cast<int>(Code::kUnauthenticated), 16);
  std::set<std::string> names;
  for (int code = 1; code <= 16; ++code) names.insert(CodeName(static_cast<Code>(code)));
  EXPECT_EQ(names.size(), 16U);
  EXPECT_TRUE(names.contains("DEADLINE_EXCEEDED"));
}

}  // namespace
}  // namespace lares::base
