// SPDX-License-Identifier: Apache-2.0
//
// The settings with a syntax of their own: fixed step costs and fake models.
#include <gtest/gtest.h>

#include "app/fake_model_path.h"
#include "app/fixed_costs.h"

namespace lares::app {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(ParseFixedCosts, ReadsBothCalls) {
  const auto costs = ParseFixedCosts("decode=5ms:200us,prefill=2ms:150us:12.5");
  ASSERT_TRUE(costs) << costs.error().message();
  EXPECT_EQ(costs->decode.base, milliseconds(5));
  EXPECT_EQ(costs->decode.per_row, microseconds(200));
  EXPECT_EQ(costs->decode.per_row_depth_ns, 0);
  EXPECT_EQ(costs->prefill.per_row_depth_ns, 12.5);
}

TEST(ParseFixedCosts, RefusesTheRest) {
  for (const auto* text :
       {"", "decode=5ms:1ms", "prefill=1ms:1ms,decode=1ms:1ms", "decode=1ms,prefill=1ms:1ms",
        "decode=1ms:1ms:x,prefill=1ms:1ms", "decode=1ms:1ms:-1,prefill=1ms:1ms",
        "decode=1ms:1ms:nan,prefill=1ms:1ms", "decode=1ms:1ms,prefill=1ms:1ms,x"}) {
    EXPECT_FALSE(ParseFixedCosts(text)) << text;
  }
}

TEST(ParseFakeModel, ReadsItsWords) {
  const auto fake = ParseFakeModel("fake:step=5ms, slots=3,context=100,row=10us,answer=-1,load=/tmp/go");
  ASSERT_TRUE(fake) << fake.error().message();
  EXPECT_EQ(fake->step, milliseconds(5));
  EXPECT_EQ(fake->per_row, microseconds(10));
  EXPECT_EQ(fake->slots, 3);
  EXPECT_EQ(fake->context, 100);
  EXPECT_EQ(fake->answer, -1);
  EXPECT_EQ(fake->load, "/tmp/go");
  EXPECT_TRUE(ParseFakeModel("fake:"));
}

TEST(ParseFakeModel, RefusesTheRest) {
  for (const auto* path :
       {"fake:slots=0", "fake:slots", "fake:stp=1ms", "fake:step=2h", "fake:context=x", "fake:load=go"}) {
    EXPECT_FALSE(ParseFakeModel(path)) << path;
  }
}

}  // namespace
}  // namespace lares::app
