// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "http/openai/generate_fields.h"

namespace lares::http::openai {
namespace {

using Kind = core::ResponseFormat::Kind;

constexpr std::size_t kMaxGuidedChoices = 256;

void Set(Fields& body, const char* name, Kind kind, std::string text, core::ResponseFormat& format) {
  if (text.size() > kMaxFormatBytes) {
    return body.Fail(name, "'" + body.PathOf(name) + "' has " + std::to_string(text.size()) +
                               " bytes, at most " + std::to_string(kMaxFormatBytes) + " are allowed");
  }
  if (format.kind != Kind::kText) {
    return body.Fail(name,
                     "'" + body.PathOf(name) + "' is a second rule for the answer's form; give one only");
  }
  format.kind = kind;
  format.text = std::move(text);
}

// A schema as an object, or (vLLM takes that too) as its text.
void SetSchema(Fields& fields, const char* name, core::ResponseFormat& format) {
  const Json* schema = fields.Any(name);
  if (schema == nullptr) return;
  if (schema->is_object() || schema->is_boolean())
    return Set(fields, name, Kind::kJsonSchema, schema->dump(), format);
  if (!schema->is_string()) {
    return fields.Fail(name, "'" + fields.PathOf(name) + "' must be a JSON schema, not " + TypeWord(*schema),
                       "invalid_type");
  }
  const auto parsed = ParseJsonObject(schema->get_ref<const std::string&>());
  if (!parsed)
    return fields.Fail(name,
                       "'" + fields.PathOf(name) + "' is not a JSON schema: " + parsed.error().message());
  Set(fields, name, Kind::kJsonSchema, parsed->dump(), format);
}

void SetGrammar(Fields& fields, const char* name, core::ResponseFormat& format) {
  auto grammar = fields.String(name);
  // An empty grammar is how some clients say "none".
  if (grammar && !grammar->empty()) Set(fields, name, Kind::kGrammar, std::move(*grammar), format);
}

void AppendGrammarLiteral(std::string& out, const std::string& text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      out += c;
    }
  }
  out += '"';
}

// One of several fixed answers.
void SetChoice(Fields& fields, const char* name, core::ResponseFormat& format) {
  const Json* choices = fields.Array(name);
  if (choices == nullptr) return;
  std::string grammar = "root ::= ";
  for (std::size_t i = 0; i < choices->size(); ++i) {
    const Json& choice = (*choices)[i];
    if (!choice.is_string() || choice.get_ref<const std::string&>().empty()) {
      return fields.Fail(name, "'" + fields.PathOf(name) + "' must hold non-empty strings", "invalid_type");
    }
    if (i > 0) grammar += " | ";
    AppendGrammarLiteral(grammar, choice.get_ref<const std::string&>());
  }
  if (choices->empty() || choices->size() > kMaxGuidedChoices) {
    return fields.Fail(name, "'" + fields.PathOf(name) + "' must hold 1 to " +
                                 std::to_string(kMaxGuidedChoices) + " strings");
  }
  Set(fields, name, Kind::kGrammar, std::move(grammar), format);
}

void ReadOpenAiFormat(Fields& body, core::ResponseFormat& format) {
  const Json* object = body.Object("response_format");
  if (object == nullptr) return;
  Fields fields(*object, "response_format", body.status());
  const auto type = fields.String("type");
  if (type == "text") return;
  if (type == "json_object") {
    // llama-server takes a schema here as well.
    if (fields.Has("schema")) return SetSchema(fields, "schema", format);
    return Set(fields, "type", Kind::kJsonObject, "", format);
  }
  if (type == "json_schema") {
    const Json* inner = fields.Object("json_schema");
    if (inner == nullptr) {
      return fields.Fail("json_schema", "'response_format.json_schema' is missing", "missing_parameter");
    }
    Fields schema(*inner, "response_format.json_schema", body.status());
    if (!schema.Has("schema")) {
      return schema.Fail("schema", "'response_format.json_schema.schema' is missing", "missing_parameter");
    }
    return SetSchema(schema, "schema", format);
  }
  if (type == "grammar") return SetGrammar(fields, "grammar", format);
  fields.Fail("type", "'response_format.type' must be \"text\", \"json_object\" or \"json_schema\"");
}

}  // namespace

void ReadResponseFormat(Fields& body, core::ResponseFormat& format) {
  ReadOpenAiFormat(body, format);
  SetSchema(body, "json_schema", format);  // llama-server
  SetSchema(body, "guided_json", format);  // vLLM
  SetGrammar(body, "grammar", format);
  SetGrammar(body, "guided_grammar", format);
  SetChoice(body, "guided_choice", format);
  if (const Json* object = body.Object("structured_outputs")) {  // vLLM, newer
    Fields fields(*object, "structured_outputs", body.status());
    SetSchema(fields, "json", format);
    SetGrammar(fields, "grammar", format);
    SetChoice(fields, "choice", format);
    if (fields.Bool("json_object").value_or(false)) Set(fields, "json_object", Kind::kJsonObject, "", format);
    if (fields.Has("regex"))
      fields.Fail("regex", "regular expressions are not supported", "unsupported_parameter");
  }
}

}  // namespace lares::http::openai
