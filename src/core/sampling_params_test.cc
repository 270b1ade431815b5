// SPDX-License-Identifier: Apache-2.0
#include "core/sampling_params.h"

#include <functional>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace lares::core {
namespace {

// The parameter that is refused; empty: none.
std::string Refused(const std::function<void(SamplingParams&)>& change) {
  SamplingParams params;
  change(params);
  const auto status = Validate(params);
  if (status) return {};
  EXPECT_EQ(status.error().code(), base::Code::kInvalidArgument);
  EXPECT_NE(status.error().message().find(status.error().param()), std::string::npos);
  return status.error().param();
}

struct FloatField {
  const char* name;
  float SamplingParams::* member;
  float low, high;
  bool low_allowed;
};

TEST(SamplingParams, DefaultsAreValid) { EXPECT_TRUE(Validate(SamplingParams{})); }

TEST(SamplingParams, FloatsAreBoundedAtBothEnds) {
  const FloatField fields[] = {
      {"temperature", &SamplingParams::temperature, 0, 2, true},
      {"top_p", &SamplingParams::top_p, 0, 1, false},
      {"min_p", &SamplingParams::min_p, 0, 1, true},
      {"typical_p", &SamplingParams::typical_p, 0, 1, false},
      {"frequency_penalty", &SamplingParams::frequency_penalty, -2, 2, true},
      {"presence_penalty", &SamplingParams::presence_penalty, -2, 2, true},
      {"repeat_penalty", &SamplingParams::repeat_penalty, 0, 10, false},
  };
  for (const FloatField& field : fields) {
    SCOPED_TRACE(field.name);
    const auto set = [&](float value) {
      return Refused([&](SamplingParams& p) { p.*field.member = value; });
    };
    EXPECT_EQ(set(field.low), field.low_allowed ? "" : field.name);
    EXPECT_EQ(set(field.high), "");
    EXPECT_EQ(set(field.low - 0.01F), field.name);
    EXPECT_EQ(set(field.high + 0.01F), field.name);
    EXPECT_EQ(set(std::numeric_limits<float>::quiet_NaN()), field.name);
    EXPECT_EQ(set(std::numeric_limits<float>::infinity()), field.name);
  }
}

TEST(SamplingParams, IntegersAreBounded) {
  EXPECT_EQ(Refused([](SamplingParams& p) { p.top_k = -1; }), "top_k");
  EXPECT_EQ(Refused([](SamplingParams& p) { p.top_k = 1'000'001; }), "top_k");
  EXPECT_EQ(Refused([](SamplingParams& p) { p.repeat_last_n = 4096; }), "");
  EXPECT_EQ(Refused([](SamplingParams& p) { p.repeat_last_n = 4097; }), "repeat_last_n");
}

TEST(SamplingParams, LogitBiasIsBoundedInValueAndNumber) {
  EXPECT_EQ(Refused([](SamplingParams& p) { p.logit_bias[5] = -100; }), "");
  EXPECT_EQ(Refused([](SamplingParams& p) { p.logit_bias[5] = 100.5F; }), "logit_bias");
  const auto fill = [](TokenId count) {
    return [count](SamplingParams& p) {
      for (TokenId i = 0; i < count; ++i) p.logit_bias[i] = 1;
    };
  };
  EXPECT_EQ(Refused(fill(1024)), "");
  EXPECT_EQ(Refused(fill(1025)), "logit_bias");
}

}  // namespace
}  // namespace lares::core
