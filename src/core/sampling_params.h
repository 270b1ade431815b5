// SPDX-License-Identifier: Apache-2.0
//
// How the next token is chosen. Defaults are neutral: plain sampling from the model's distribution at
// temperature 1, as the OpenAI API defines it. Ranges are checked by Validate; out of range is the client's
// error with the field's name in the client's spelling.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/error.h"
#include "core/prompt.h"

namespace lares::core {

struct SamplingParams {
  float temperature = 1.0F;         // [0, 2]; 0: greedy
  std::int32_t top_k = 0;           // [0, 1,000,000]; 0: off
  float top_p = 1.0F;               // (0, 1]
  float min_p = 0.0F;               // [0, 1]
  float typical_p = 1.0F;           // (0, 1]
  float frequency_penalty = 0.0F;   // [-2, 2], per occurrence in the answer
  float presence_penalty = 0.0F;    // [-2, 2], once per token in the answer
  float repeat_penalty = 1.0F;      // (0, 10], divides or multiplies logits of the last repeat_last_n tokens
  std::int32_t repeat_last_n = 64;  // [0, 4096] tokens of prompt and answer
  std::map<TokenId, float> logit_bias;  // [-100, 100]; at most 1024 entries
  std::optional<std::uint64_t> seed;    // absent: drawn when the request is taken, and kept in it

  bool operator==(const SamplingParams&) const = default;
};

base::Status Validate(const SamplingParams& params);

}  // namespace lares::core
