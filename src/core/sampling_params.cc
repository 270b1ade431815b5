// SPDX-License-Identifier: Apache-2.0
#include "core/sampling_params.h"

#include <cmath>
#include <string>

namespace lares::core {
namespace {

base::Status InRange(const char* field, double value, double low, double high, bool open_low = false) {
  const bool ok = std::isfinite(value) && value <= high && (open_low ? value > low : value >= low);
  if (ok) return {};
  const auto text = [](double v) {
    std::string s = std::to_string(v);
    s.erase(s.find_last_not_of('0') + 1);
    if (s.back() == '.') s.pop_back();
    return s;
  };
  return base::Fail(base::Error(base::Code::kInvalidArgument,
                                std::string(field) + " must be " + (open_low ? "above " : "at least ") +
                                    text(low) + " and at most " + text(high) + ", got " + text(value))
                        .WithParam(field));
}

}  // namespace

base::Status Validate(const SamplingParams& p) {
  if (auto s = InRange("temperature", p.temperature, 0, 2); !s) return s;
  if (auto s = InRange("top_k", p.top_k, 0, 1'000'000); !s) return s;
  if (auto s = InRange("top_p", p.top_p, 0, 1, true); !s) return s;
  if (auto s = InRange("min_p", p.min_p, 0, 1); !s) return s;
  if (auto s = InRange("typical_p", p.typical_p, 0, 1, true); !s) return s;
  if (auto s = InRange("frequency_penalty", p.frequency_penalty, -2, 2); !s) return s;
  if (auto s = InRange("presence_penalty", p.presence_penalty, -2, 2); !s) return s;
  if (auto s = InRange("repeat_penalty", p.repeat_penalty, 0, 10, true); !s) return s;
  if (auto s = InRange("repeat_last_n", p.repeat_last_n, 0, 4096); !s) return s;
  if (p.logit_bias.size() > 1024) {
    return base::Fail(base::Error(base::Code::kInvalidArgument, "logit_bias may name at most 1024 tokens")
                          .WithParam("logit_bias"));
  }
  for (const auto& [token, bias] : p.logit_bias) {
    if (auto s = InRange("logit_bias", bias, -100, 100); !s) return s;
  }
  return {};
}

}  // namespace lares::core
