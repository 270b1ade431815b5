// SPDX-License-Identifier: Apache-2.0
#include "http/openai/embeddings.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "http/openai/completion_request.h"
#include "http/openai/data_url.h"
#include "http/openai/fields.h"
#include "http/openai/json_writer.h"

namespace lares::http::openai {
namespace {

constexpr std::size_t kMaxInputs = 2048;
constexpr std::int64_t kMaxDimensions = 65'536;

std::string LittleEndianBytes(const std::vector<float>& vector) {
  static_assert(std::endian::native == std::endian::little);
  std::string bytes(vector.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), vector.data(), bytes.size());
  return bytes;
}

}  // namespace

base::Result<EmbeddingsRequest> ParseEmbeddingsRequest(std::string_view body) {
  const auto json = ParseJsonObject(body);
  if (!json) return base::Fail(json.error());
  base::Status status;
  Fields fields(*json, "", status);
  EmbeddingsRequest out;
  out.request.model = fields.String("model").value_or("");
  out.request.inputs = ReadPrompts(fields, "input", kMaxInputs, true);
  for (const core::Prompt& input : out.request.inputs) {
    const auto* text = std::get_if<core::TextPrompt>(&input);
    if (text != nullptr && text->text.empty()) fields.Fail("input", "'input' must not hold an empty string");
  }
  if (const auto n = fields.Integer("dimensions", 1, kMaxDimensions))
    out.dimensions = static_cast<std::size_t>(*n);
  if (const auto format = fields.String("encoding_format")) {
    out.base64 = *format == "base64";
    if (!out.base64 && *format != "float") {
      fields.Fail("encoding_format", "'encoding_format' must be \"float\" or \"base64\"");
    }
  }
  if (!status) return base::Fail(std::move(status.error()));
  return out;
}

base::Status Shorten(std::vector<std::vector<float>>& vectors, std::size_t dimensions) {
  for (std::vector<float>& vector : vectors) {
    if (vector.size() < dimensions) {
      return base::Fail(base::Error(base::Code::kInvalidArgument,
                                    "'dimensions' is " + std::to_string(dimensions) +
                                        ", but this model has " + std::to_string(vector.size()))
                            .WithParam("dimensions"));
    }
    vector.resize(dimensions);
    double square = 0;
    for (const float x : vector) square += static_cast<double>(x) * static_cast<double>(x);
    if (square <= 0) continue;
    const double scale = 1.0 / std::sqrt(square);
    for (float& x : vector) x = static_cast<float>(static_cast<double>(x) * scale);
  }
  return {};
}

std::string EmbeddingsAnswer(const std::string& model, const core::EmbedAnswer& answer, bool base64) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Field("object", "list").Key("data").BeginArray();
  for (std::size_t i = 0; i < answer.vectors.size(); ++i) {
    json.BeginObject().Field("object", "embedding").Field("index", i).Key("embedding");
    if (base64) {
      json.String(EncodeBase64(LittleEndianBytes(answer.vectors[i])));
    } else {
      json.BeginArray();
      for (const float x : answer.vectors[i]) json.Number(static_cast<double>(x));
      json.EndArray();
    }
    json.EndObject();
  }
  json.EndArray().Field("model", std::string_view(model)).Key("usage").BeginObject();
  json.Field("prompt_tokens", answer.prompt_tokens).Field("total_tokens", answer.prompt_tokens);
  json.EndObject().EndObject();
  return out;
}

}  // namespace lares::http::openai
