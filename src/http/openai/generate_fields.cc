// SPDX-License-Identifier: Apache-2.0
#include "http/openai/generate_fields.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace lares::http::openai {
namespace {

constexpr std::int64_t kMaxInt32 = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kMaxModelBytes = 256;

// max_completion_tokens is OpenAI's newer name; n_predict llama-server's, where -1 means no limit.
void ReadMaxTokens(Fields& body, core::GenerateRequest& request) {
  for (const char* name : {"max_completion_tokens", "max_tokens", "n_predict"}) {
    const Json* raw = body.Any(name);
    const bool unlimited = raw != nullptr && *raw == -1 && std::string_view(name) == "n_predict";
    const auto value = unlimited ? std::nullopt : body.Integer(name, 1, kMaxInt32);
    if (!value) continue;
    request.max_tokens = static_cast<std::int32_t>(*value);
    return;
  }
}

void AddStop(Fields& body, const std::string& name, const Json& text, core::GenerateRequest& request) {
  const auto& bytes = text.get_ref<const std::string&>();
  if (bytes.size() > core::kMaxStopBytes) {
    return body.Fail(name, "a stop string has at most " + std::to_string(core::kMaxStopBytes) + " bytes");
  }
  request.stop.push_back(bytes);
}

void ReadStop(Fields& body, core::GenerateRequest& request) {
  const Json* stop = body.Any("stop");
  if (stop == nullptr) return;
  if (stop->is_string()) {
    // An empty stop string is how some clients say "none".
    if (!stop->get_ref<const std::string&>().empty()) AddStop(body, "stop", *stop, request);
    return;
  }
  if (!stop->is_array()) {
    body.Fail("stop", "'stop' must be a string or an array of strings, not " + std::string(TypeWord(*stop)),
              "invalid_type");
    return;
  }
  if (stop->size() > core::kMaxStopStrings) {
    return body.Fail("stop", "at most " + std::to_string(core::kMaxStopStrings) + " stop strings, got " +
                                 std::to_string(stop->size()));
  }
  for (std::size_t i = 0; i < stop->size() && body.ok(); ++i) {
    const std::string name = "stop[" + std::to_string(i) + "]";
    if ((*stop)[i].is_string()) {
      AddStop(body, name, (*stop)[i], request);
    } else {
      body.Fail(name, "a stop string must be a string, not " + std::string(TypeWord((*stop)[i])),
                "invalid_type");
    }
  }
}

void ReadStreaming(Fields& body, AnswerOptions& answer) {
  answer.stream = body.Bool("stream").value_or(false);
  const Json* options = body.Object("stream_options");
  if (options == nullptr) return;
  Fields fields(*options, "stream_options", body.status());
  answer.include_usage = fields.Bool("include_usage").value_or(false);
  answer.continuous_usage = fields.Bool("continuous_usage_stats").value_or(false);
}

}  // namespace

void ReadProbabilityCount(Fields& body, core::GenerateRequest& request) {
  if (const auto top = body.Integer("n_probs", 0, core::kMaxTopLogprobs); top && *top > 0) {
    request.top_logprobs = static_cast<std::int32_t>(*top);
  }
}

void ReadCommon(Fields& body, core::GenerateRequest& request, AnswerOptions& answer) {
  request.model = body.String("model").value_or("");
  if (request.model.size() > kMaxModelBytes) body.Fail("model", "the model's name is too long");
  ReadMaxTokens(body, request);
  ReadStop(body, request);
  ReadSampling(body, request.sampling);
  ReadResponseFormat(body, request.response_format);
  ReadStreaming(body, answer);
  request.choices = static_cast<std::int32_t>(body.Integer("n", 1, core::kMaxChoices).value_or(1));
  request.min_tokens = static_cast<std::int32_t>(body.Integer("min_tokens", 0, kMaxInt32).value_or(0));
  request.ignore_eos = body.Bool("ignore_eos").value_or(false);
  answer.return_token_ids = body.Bool("return_token_ids").value_or(false);
  RefuseUnsupported(body);
}

}  // namespace lares::http::openai
