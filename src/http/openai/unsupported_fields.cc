// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>

#include "http/openai/generate_fields.h"

namespace lares::http::openai {
namespace {

// A member and the value that means "not asked for"; others are refused. null, absence and an empty string,
// array or object always mean that.
struct Neutral {
  const char* name;
  double number;  // booleans: 0 or 1
};

constexpr std::array kNeutral = {
    Neutral{"use_beam_search", 0},
    Neutral{"length_penalty", 1},
    Neutral{"early_stopping", 0},
    Neutral{"mirostat", 0},
    Neutral{"dynatemp_range", 0},
    Neutral{"xtc_probability", 0},
    Neutral{"dry_multiplier", 0},
    Neutral{"tfs_z", 1},
    Neutral{"top_a", 0},
    Neutral{"top_n_sigma", -1},
    Neutral{"audio", 0},
    Neutral{"guided_regex", 0},
    Neutral{"stop_token_ids", 0},
    Neutral{"bad_words", 0},
    Neutral{"truncate_prompt_tokens", -1},
    Neutral{"lora", 0},
    Neutral{"prompt_logprobs", 0},
    Neutral{"include_stop_str_in_output", 0},
    Neutral{"add_generation_prompt", 1},
    Neutral{"continue_final_message", 0},
    Neutral{"functions", 0},
    Neutral{"function_call", 0},
    Neutral{"web_search_options", 0},
    Neutral{"allowed_token_ids", 0},
    Neutral{"logits_processors", 0},
    Neutral{"post_sampling_probs", 0},
    Neutral{"return_tokens_as_token_ids", 0},
    Neutral{"skip_special_tokens", 1},
    Neutral{"n_indent", 0},
};

bool NotAskedFor(const Json& value, double neutral) {
  if (value.is_boolean()) return (value.get<bool>() ? 1.0 : 0.0) == neutral;
  if (value.is_number()) return value.get<double>() == neutral;
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  return value.empty();
}

}  // namespace

void RefuseUnsupported(Fields& body) {
  for (const Neutral& field : kNeutral) {
    const Json* value = body.Any(field.name);
    if (value == nullptr || NotAskedFor(*value, field.number)) continue;
    const std::string_view name = field.name;
    const char* instead =
        name == "functions" || name == "function_call" ? "; use 'tools' and 'tool_choice'" : "";
    body.Fail(name, "'" + std::string(name) + "' is not supported" + instead, "unsupported_parameter");
  }
  // Text is the only modality; asking for it is no request for more.
  if (const Json* modalities = body.Array("modalities")) {
    for (const Json& modality : *modalities) {
      if (modality != "text")
        body.Fail("modalities", "this server answers in text only", "unsupported_parameter");
    }
  }
}

}  // namespace lares::http::openai
