// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>

#include "http/api/handlers.h"
#include "http/openai/json_writer.h"
#include "service/operation.h"

namespace lares::http::api {
namespace {

// What a client may ask of it, in Ollama's words.
std::initializer_list<const char*> Capabilities(core::ModelPurpose purpose) {
  static constexpr std::initializer_list<const char*> kGenerate = {"completion", "embedding"};
  static constexpr std::initializer_list<const char*> kEmbed = {"embedding", "rerank"};
  static constexpr std::initializer_list<const char*> kRank = {"rerank"};
  switch (purpose) {
    case core::ModelPurpose::kGenerate:
      return kGenerate;
    case core::ModelPurpose::kEmbed:
      return kEmbed;
    case core::ModelPurpose::kRank:
      return kRank;
  }
  return kGenerate;
}

// OpenAI's fields, vLLM's max_model_len, and what a person wants to know about a model.
void WriteCard(openai::JsonWriter& json, const service::ModelCard& card) {
  const auto created =
      std::chrono::duration_cast<std::chrono::seconds>(card.created.time_since_epoch()).count();
  const core::EngineStatus& status = card.status;
  json.BeginObject()
      .Field("id", std::string_view(card.id))
      .Field("object", "model")
      .Field("created", created);
  json.Field("owned_by", "lares");
  json.Key("aliases").BeginArray();
  for (const std::string& alias : card.aliases) json.String(alias);
  json.EndArray();
  json.Key("capabilities").BeginArray();
  for (const char* capability : Capabilities(status.purpose)) json.String(capability);
  json.EndArray();
  json.Field("state", service::StateWord(status.state)).Field("percent", status.load_percent);
  json.Field("context_length", status.context_tokens).Field("max_model_len", status.context_tokens);
  json.Field("training_context_length", status.training_context);
  json.Field("architecture", std::string_view(status.architecture))
      .Field("form", std::string_view(status.form));
  json.Field("parameters", status.parameters).Field("size_bytes", status.bytes);
  json.Field("memory_bytes", status.planned_bytes);
  json.Field("chat", status.has_chat_template);
  json.Key("digest");
  card.digest.empty() ? json.Null() : json.String("sha256:" + card.digest);
  json.EndObject();
}

}  // namespace

void HandleListModels(Api& api, std::shared_ptr<Exchange> exchange) {
  std::string body;
  openai::JsonWriter json(body);
  json.BeginObject().Field("object", "list").Key("data").BeginArray();
  for (const service::ModelCard& card : api.services().catalogue.List()) WriteCard(json, card);
  json.EndArray().EndObject();
  exchange->Respond(Response{.body = std::move(body)});
}

void HandleDescribeModel(Api& api, std::shared_ptr<Exchange> exchange) {
  const service::Catalogue& catalogue = api.services().catalogue;
  const auto model = catalogue.Find(exchange->parameter());
  if (!model) return exchange->Respond(model.error());
  std::string body;
  openai::JsonWriter json(body);
  WriteCard(json, catalogue.Describe(**model));
  exchange->Respond(Response{.body = std::move(body)});
}

}  // namespace lares::http::api
