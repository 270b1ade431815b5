// SPDX-License-Identifier: Apache-2.0
#include "cli/conversation.h"

#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/check.h"

namespace lares::cli {
namespace {

using Json = nlohmann::ordered_json;

// What a template adds around each message.
constexpr std::size_t kBytesPerMessage = 16;

Json Message(const char* role, const std::string& content) {
  return Json{{"role", role}, {"content", content}};
}

Json Messages(const std::string& system, const std::vector<Turn>& turns) {
  Json messages = Json::array();
  if (!system.empty()) messages.push_back(Message("system", system));
  for (const Turn& turn : turns) {
    messages.push_back(Message("user", turn.user));
    if (!turn.assistant.empty()) messages.push_back(Message("assistant", turn.assistant));
  }
  return messages;
}

std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

void Conversation::Clear() {
  turns_.clear();
  tokens_per_byte_ = 0;
}

void Conversation::Answer(std::string assistant) {
  LARES_CHECK(!turns_.empty());
  turns_.back().assistant = std::move(assistant);
}

void Conversation::Unask() {
  LARES_CHECK(!turns_.empty());
  turns_.pop_back();
}

std::size_t Conversation::Bytes() const {
  std::size_t bytes = system_.size();
  for (const Turn& turn : turns_) bytes += turn.user.size() + turn.assistant.size() + 2 * kBytesPerMessage;
  return bytes;
}

void Conversation::Measured(std::int64_t tokens) {
  const std::size_t bytes = Bytes();
  if (bytes > 0 && tokens > 0) tokens_per_byte_ = static_cast<double>(tokens) / static_cast<double>(bytes);
}

std::optional<std::int64_t> Conversation::EstimatedTokens() const {
  if (tokens_per_byte_ == 0) return {};
  return static_cast<std::int64_t>(std::ceil(tokens_per_byte_ * static_cast<double>(Bytes())));
}

std::size_t Conversation::FitInto(std::int64_t context) {
  std::size_t dropped = 0;
  while (context > 0 && EstimatedTokens().value_or(0) > context - context / 4 && DropOldest()) ++dropped;
  return dropped;
}

bool Conversation::DropOldest() {
  if (turns_.size() < 2) return false;
  turns_.erase(turns_.begin());
  return true;
}

std::string Conversation::Body(const RunOptions& options, bool stream) const {
  Json body;
  if (!options.model.empty()) body["model"] = options.model;
  body["messages"] = Messages(system_, turns_);
  body["temperature"] = options.temperature;
  if (options.seed) body["seed"] = *options.seed;
  if (options.max_tokens) body["max_tokens"] = *options.max_tokens;
  body["stream"] = stream;
  if (stream) body["stream_options"] = {{"include_usage", true}};
  return Dump(body, -1);
}

std::string Conversation::AsMarkdown() const {
  std::string text;
  if (!system_.empty()) text += "**System:** " + system_ + "\n\n";
  for (const Turn& turn : turns_)
    text += "**You:** " + turn.user + "\n\n**Model:** " + turn.assistant + "\n\n";
  return text;
}

std::string Conversation::AsJson() const {
  return Dump(Json{{"messages", Messages(system_, turns_)}}, 2) + "\n";
}

}  // namespace lares::cli
