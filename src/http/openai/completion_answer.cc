// SPDX-License-Identifier: Apache-2.0
#include "http/openai/completion_answer.h"

namespace lares::http::openai {
namespace {

constexpr std::string_view kObject = "text_completion";

}  // namespace

std::string CompletionAnswer(const AnswerHead& head, std::span<const ChoiceText> choices,
                             const core::Usage& usage, int top_logprobs, const AnswerOptions& options) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  WriteHead(json, head, kObject);
  json.Key("choices").BeginArray();
  for (std::size_t i = 0; i < choices.size(); ++i) {
    json.BeginObject().Field("text", std::string_view(choices[i].text)).Field("index", i).Key("logprobs");
    if (top_logprobs >= 0) {
      std::size_t offset = 0;
      WriteCompletionLogprobs(json, choices[i].logprobs, top_logprobs > 0, offset);
    } else {
      json.Null();
    }
    json.Key("finish_reason");
    WriteFinish(json, choices[i].finish);
    if (options.return_token_ids) {
      json.Key("token_ids");
      WriteTokenIds(json, choices[i].ids);
    }
    json.EndObject();
  }
  json.EndArray().Key("usage");
  WriteUsage(json, usage);
  json.EndObject();
  return out;
}

void CompletionChunks::AppendDelta(std::string& out, const core::Delta& delta, const core::Usage& usage) {
  const bool logprobs = top_logprobs_ >= 0 && !delta.logprobs.empty();
  const bool ids = options_.return_token_ids && !delta.ids.empty();
  if (delta.text.empty() && !logprobs && !ids && !delta.finish) return;
  AppendEvent(out, [&](JsonWriter& json) {
    json.BeginObject();
    WriteHead(json, head_, kObject);
    json.Key("choices").BeginArray().BeginObject();
    json.Field("text", std::string_view(delta.text)).Field("index", delta.choice).Key("logprobs");
    if (logprobs) {
      WriteCompletionLogprobs(json, delta.logprobs, top_logprobs_ > 0,
                              offsets_[static_cast<std::size_t>(delta.choice)]);
    } else {
      json.Null();
    }
    json.Key("finish_reason");
    WriteFinish(json, delta.finish);
    if (ids) {
      json.Key("token_ids");
      WriteTokenIds(json, delta.ids);
    }
    json.EndObject().EndArray();
    if (options_.continuous_usage) {
      json.Key("usage");
      WriteUsage(json, usage);
    } else if (options_.include_usage) {
      json.Key("usage").Null();
    }
    json.EndObject();
  });
}

void CompletionChunks::AppendUsage(std::string& out, const core::Usage& usage) const {
  if (!options_.include_usage) return;
  AppendEvent(out, [&](JsonWriter& json) {
    json.BeginObject();
    WriteHead(json, head_, kObject);
    json.Key("choices").BeginArray().EndArray().Key("usage");
    WriteUsage(json, usage);
    json.EndObject();
  });
}

}  // namespace lares::http::openai
