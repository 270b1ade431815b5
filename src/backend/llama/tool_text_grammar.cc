// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/tool_text_grammar.h"

#include <exception>
#include <list>

#include <json-schema-to-grammar.h>
#include <json-schema.h>
#include <json.h>

#include "backend/llama/sentence.h"
#include "backend/llama/tools_as_text.h"

namespace lares::backend::llama {
namespace {

// More calls in one answer are a model going round in circles.
constexpr int kMostCalls = 8;

std::string Literal(const std::string& text) { return gbnf_format_literal(text); }

void AddRules(const common_grammar_builder& builder, const std::vector<TextTool>& tools, bool parallel,
              std::list<common_chat_schema_document>& documents) {
  std::string calls;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    documents.push_back(common_chat_schema_from_json(common_json::parse(tools[i].parameters)));
    const std::string id = Sentence("tool-", i);
    const std::string arguments = builder.add_schema(id + "-arguments", *documents.back().root);
    const std::string name = common_json(tools[i].name).dump();
    const std::string rule = Sentence(Literal("{\"name\": " + name + ", \"arguments\": "), " ", arguments,
                                      " space ", Literal("}"));
    calls += (i == 0 ? "" : " | ") + builder.add_rule(id + "-call", rule);
  }
  const std::string one =
      builder.add_rule("call", Sentence(Literal(std::string(kToolCallOpen) + "\n"), " (", calls, ") ",
                                        Literal("\n" + std::string(kToolCallClose))));
  const std::string more =
      parallel ? Sentence(" (", Literal("\n"), " ", one, "){0,", kMostCalls - 1, "}") : "";
  builder.add_rule("root", one + more);
}

}  // namespace

base::Result<Grammar> ToolTextGrammar(const std::vector<TextTool>& tools, bool parallel, bool lazy) {
  std::list<common_chat_schema_document> documents;  // the builder refers to them
  try {
    Grammar grammar{.gbnf = build_grammar([&](const common_grammar_builder& builder) {
                      AddRules(builder, tools, parallel, documents);
                    })};
    grammar.lazy = lazy;
    if (lazy) grammar.trigger_words = {std::string(kToolCallOpen)};
    return grammar;
  } catch (const std::exception& e) {
    return base::Fail(base::Error(base::Code::kInvalidArgument, e.what()).WithParam("tools"));
  }
}

}  // namespace lares::backend::llama
