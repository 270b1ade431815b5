// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/answer_grammar.h"

#include <exception>
#include <string>

#include <json-schema-to-grammar.h>
#include <json.h>

namespace lares::backend::llama {
namespace {

base::Result<std::optional<Grammar>> FromSchema(const std::string& schema) {
  try {
    return Grammar{.gbnf = json_schema_to_grammar(common_json::parse(schema))};
  } catch (const std::exception& e) {
    return base::Fail(base::Error(base::Code::kInvalidArgument, e.what()).WithParam("response_format"));
  }
}

}  // namespace

base::Result<std::optional<Grammar>> MakeAnswerGrammar(const core::ResponseFormat& format) {
  switch (format.kind) {
    case core::ResponseFormat::Kind::kText:
      return std::nullopt;
    case core::ResponseFormat::Kind::kJsonObject:
      return FromSchema(R"({"type":"object"})");
    case core::ResponseFormat::Kind::kJsonSchema:
      return FromSchema(format.text);
    case core::ResponseFormat::Kind::kGrammar:
      return Grammar{.gbnf = format.text};
  }
  return std::nullopt;
}

}  // namespace lares::backend::llama
