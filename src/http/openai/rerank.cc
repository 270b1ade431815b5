// SPDX-License-Identifier: Apache-2.0
#include "http/openai/rerank.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "http/openai/fields.h"
#include "http/openai/json_writer.h"

namespace lares::http::openai {
namespace {

constexpr std::size_t kMaxDocuments = 2048;

// A document is a string, or an object with its text.
std::string ReadDocument(const Json& document, const std::string& name, Fields& fields) {
  if (document.is_string()) return document.get<std::string>();
  if (!document.is_object()) {
    fields.Fail(name, "'" + name + "' must be a string or an object with 'text', not " + TypeWord(document));
    return {};
  }
  Fields members(document, fields.PathOf(name), fields.status());
  auto text = members.String("text");
  if (!text && members.ok())
    members.Fail("text", "'" + members.PathOf("text") + "' is needed", "missing_parameter");
  return text.value_or("");
}

std::vector<std::string> ReadDocuments(Fields& fields) {
  const Json* documents = fields.Array("documents");
  if (documents == nullptr) {
    if (fields.ok()) fields.Fail("documents", "'documents' is needed", "missing_parameter");
    return {};
  }
  if (documents->empty() || documents->size() > kMaxDocuments) {
    fields.Fail("documents", "'documents' holds 1 to " + std::to_string(kMaxDocuments) + " documents, not " +
                                 std::to_string(documents->size()));
    return {};
  }
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < documents->size() && fields.ok(); ++i) {
    const std::string name = "documents[" + std::to_string(i) + "]";
    texts.push_back(ReadDocument((*documents)[i], name, fields));
    if (fields.ok() && texts.back().empty()) fields.Fail(name, "'" + name + "' must not be empty");
  }
  return texts;
}

}  // namespace

base::Result<RerankRequest> ParseRerankRequest(std::string_view body) {
  const auto json = ParseJsonObject(body);
  if (!json) return base::Fail(json.error());
  base::Status status;
  Fields fields(*json, "", status);
  RerankRequest out;
  out.request.model = fields.String("model").value_or("");
  out.request.query = fields.String("query").value_or("");
  if (out.request.query.empty()) {
    fields.Fail("query", "'query' is needed and must not be empty", "missing_parameter");
  }
  out.request.documents = ReadDocuments(fields);
  const auto most = fields.Integer("top_n", 1, std::numeric_limits<std::int32_t>::max());
  out.top_n = out.request.documents.size();
  if (most) out.top_n = std::min(out.top_n, static_cast<std::size_t>(*most));
  out.return_documents = fields.Bool("return_documents").value_or(false);
  if (!status) return base::Fail(std::move(status.error()));
  return out;
}

std::string RerankAnswer(const std::string& model, const RerankRequest& request,
                         const core::RankAnswer& answer) {
  std::vector<std::size_t> order(answer.scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return answer.scores[a] > answer.scores[b]; });
  order.resize(std::min(order.size(), request.top_n));
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Field("id", std::string_view(request.request.id)).Field("object", "list");
  json.Field("model", std::string_view(model)).Key("results").BeginArray();
  for (const std::size_t index : order) {
    json.BeginObject()
        .Field("index", index)
        .Field("relevance_score", static_cast<double>(answer.scores[index]));
    if (request.return_documents) {
      json.Key("document").BeginObject();
      json.Field("text", std::string_view(request.request.documents[index])).EndObject();
    }
    json.EndObject();
  }
  json.EndArray().Key("usage").BeginObject();
  json.Field("prompt_tokens", answer.prompt_tokens).Field("total_tokens", answer.prompt_tokens);
  json.EndObject().EndObject();
  return out;
}

}  // namespace lares::http::openai
