// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/answer_grammar.h"

#include <exception>

#include <json-schema-to-grammar.h>
#include <json.h>

#include "backend/llama/grammar_check.h"
#include "backend/llama/schema_check.h"
#include "backend/llama/schema_prepare.h"
#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Error;
using base::Fail;
using base::Result;

constexpr const char* kSchemaParam = "response_format.json_schema.schema";
constexpr const char* kAnyObject = R"({"type":"object"})";

Result<std::optional<Grammar>> FromSchema(const std::string& schema) {
  try {
    Grammar grammar{.gbnf = json_schema_to_grammar(common_json::parse(schema))};
    const auto ok = CheckGrammar(grammar.gbnf, kSchemaGrammarLimits);
    if (ok) return grammar;
    const std::string why = Sentence("the schema makes too complex a grammar: ", ok.error().message());
    return Fail(Error(Code::kInvalidArgument, why).WithReason("invalid_schema").WithParam(kSchemaParam));
  } catch (const std::exception& e) {
    return Fail(Error(Code::kInvalidArgument, e.what()).WithReason("invalid_schema").WithParam(kSchemaParam));
  }
}

Result<std::optional<Grammar>> FromClient(const std::string& gbnf) {
  const auto ok = CheckGrammar(gbnf);
  if (ok) return Grammar{.gbnf = gbnf};
  const std::string why = Sentence("the grammar: ", ok.error().message());
  return Fail(Error(Code::kInvalidArgument, why).WithReason("invalid_grammar").WithParam("grammar"));
}

}  // namespace

Result<std::string> AnswerSchema(const core::ResponseFormat& format) {
  if (format.kind == core::ResponseFormat::Kind::kJsonObject) return kAnyObject;
  if (format.kind != core::ResponseFormat::Kind::kJsonSchema) return std::string();
  if (auto ok = CheckSchema(format.text, kSchemaParam, SchemaRigour::kExact); !ok) return Fail(ok.error());
  // Without a schema any JSON object will do, as clients of this format expect.
  return format.text == "{}" ? kAnyObject : PrepareSchema(format.text, SchemaRigour::kExact);
}

Result<std::optional<Grammar>> MakeAnswerGrammar(const core::ResponseFormat& format) {
  if (format.kind == core::ResponseFormat::Kind::kText) return std::nullopt;
  if (format.kind == core::ResponseFormat::Kind::kGrammar) return FromClient(format.text);
  auto schema = AnswerSchema(format);
  if (!schema) return Fail(schema.error());
  return FromSchema(*schema);
}

}  // namespace lares::backend::llama
