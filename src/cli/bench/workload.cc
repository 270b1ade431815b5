// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/workload.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace lares::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLengthStream = 2ULL << 62U;  // apart from those of the prompts
constexpr std::string_view kChatPath = "/v1/chat/completions";
constexpr std::string_view kCompletionPath = "/v1/completions";

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void SetStreaming(Json& body, bool stream) {
  body["stream"] = stream;
  if (stream) {
    body["stream_options"] = {{"include_usage", true}};
  } else {
    body.erase("stream_options");
  }
}

}  // namespace

base::Result<RequestWriter> RequestWriter::Make(const BenchOptions& options) {
  RequestWriter writer;
  writer.model_ = options.model;
  writer.chat_ = options.api == "chat";
  writer.stream_ = options.stream;
  writer.ignore_eos_ = options.ignore_eos;
  writer.extra_ = options.extra.empty() ? "{}" : options.extra;
  if (Json::parse(writer.extra_, nullptr, false).is_object()) return writer;
  return base::Fail(base::Code::kInvalidArgument,
                    "--extra: \"" + options.extra.substr(0, 80) + "\" is no JSON object");
}

PlannedRequest RequestWriter::FromPrompt(const std::string& prompt, std::int32_t output_tokens) const {
  Json body;
  if (!model_.empty()) body["model"] = model_;
  if (chat_) {
    body["messages"] = Json::array({{{"role", "user"}, {"content", prompt}}});
  } else {
    body["prompt"] = prompt;
  }
  body["max_tokens"] = output_tokens;
  body["temperature"] = 0;
  body["seed"] = 1;
  if (ignore_eos_) body["ignore_eos"] = true;
  SetStreaming(body, stream_);
  body.update(Json::parse(extra_));
  return {.due = {}, .path = std::string(chat_ ? kChatPath : kCompletionPath), .body = Dump(body)};
}

base::Result<PlannedRequest> RequestWriter::FromBody(std::string_view json) const {
  Json body = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  const bool chat = body.is_object() && body.contains("messages");
  if (!body.is_object() || (!chat && !body.contains("prompt"))) {
    return base::Fail(base::Code::kInvalidArgument, "a body has \"messages\" or \"prompt\"");
  }
  if (!model_.empty()) body["model"] = model_;
  SetStreaming(body, stream_);
  body.update(Json::parse(extra_));
  return PlannedRequest{
      .due = {}, .path = std::string(chat ? kChatPath : kCompletionPath), .body = Dump(body)};
}

MadeUpRequests::MadeUpRequests(const BenchOptions& options, Lengths lengths, const RequestWriter& writer,
                               PromptMaker& prompts)
    : writer_(writer),
      prompts_(prompts),
      lengths_(lengths),
      random_(options.seed.value_or(1), kLengthStream) {
  for (std::int32_t group = 0; options.shared_prefix > 0 && group < options.prefix_groups; ++group) {
    prefixes_.push_back(prompts.Shared(static_cast<std::uint64_t>(group), options.shared_prefix));
  }
}

std::optional<PlannedRequest> MadeUpRequests::Next() {
  const std::int32_t prompt_tokens = lengths_.prompt.Draw(random_);
  const std::int32_t output_tokens = lengths_.output.Draw(random_);
  std::string prompt = prompts_.Unique(prompt_tokens);
  if (!prefixes_.empty()) prompt = prefixes_[turn_++ % prefixes_.size()] + " " + prompt;
  return writer_.FromPrompt(prompt, output_tokens);
}

std::optional<PlannedRequest> ListedRequests::Next() {
  if (next_ == requests_.size()) return {};
  return std::move(requests_[next_++]);
}

}  // namespace lares::cli
