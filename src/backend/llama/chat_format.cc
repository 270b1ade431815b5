// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/chat_format.h"

#include <exception>
#include <utility>

#include <chat.h>

#include "backend/llama/answer_parser.h"
#include "backend/llama/chat_inputs.h"
#include "backend/llama/chat_templates.h"
#include "backend/llama/grammar_check.h"
#include "backend/llama/render_budget.h"
#include "backend/llama/sentence.h"
#include "backend/llama/tool_text_grammar.h"
#include "backend/llama/tool_text_parser.h"
#include "backend/llama/tools_as_text.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Error;
using base::Fail;
using base::Result;
using base::Status;

bool WantsTools(const core::ChatPrompt& prompt) {
  return !prompt.tools.empty() && prompt.tool_choice != core::ToolChoice::kNone;
}

bool MustCall(const core::ChatPrompt& prompt) {
  return prompt.tool_choice == core::ToolChoice::kRequired || prompt.tool_choice == core::ToolChoice::kNamed;
}

bool HasToolHistory(const core::ChatPrompt& prompt) {
  for (const core::Message& message : prompt.messages) {
    if (message.role == "tool" || !message.tool_calls.empty()) return true;
  }
  return false;
}

// The engine's messages show the place in the template over several lines; the last says what is wrong.
std::string LastLine(std::string_view message) {
  constexpr std::size_t kMost = 300;
  while (message.ends_with('\n')) message.remove_suffix(1);
  const std::size_t line = message.rfind('\n');
  if (line != std::string_view::npos) message.remove_prefix(line + 1);
  if (message.starts_with("Error: ")) message.remove_prefix(7);
  return std::string(message.substr(0, kMost));
}

class CommonChatFormat final : public ChatFormat {
 public:
  CommonChatFormat(const llama_model* model, common_chat_templates_ptr templates)
      : vocabulary_(model), templates_(std::move(templates)) {}

  Result<RenderedChat> Render(const core::ChatPrompt& prompt, const core::ResponseFormat& format,
                              bool parse_output) const override {
    const jinja::caps& can = ToolCapabilities(*templates_);
    const bool tools = WantsTools(prompt) || HasToolHistory(prompt);
    if (tools && !(can.supports_tools && can.supports_tool_calls))
      return RenderAsText(prompt, format, parse_output);
    auto inputs = MakeChatInputs(prompt, format, parse_output);
    if (!inputs) return Fail(inputs.error());
    if (!inputs->json_schema.empty() && inputs->tools.empty()) {
      // `common` lets a model put JSON between ``` marks. Where no reasoning may come before it, the caller's
      // plain grammar is stricter.
      common_chat_templates_inputs plain = *inputs;
      plain.json_schema.clear();
      const auto params = Apply(plain);
      if (!params) return Fail(params.error());
      if (!params->supports_thinking) return Finish(*params, plain, parse_output);
    }
    auto params = Apply(*inputs);
    if (!params) return WithoutNativeTools(prompt, format, parse_output, params.error());
    // The template takes tools, but how the model calls them could not be learned from it.
    if (MustCall(prompt) && params->grammar.empty()) return RenderAsText(prompt, format, parse_output);
    return Finish(*params, *inputs, parse_output);
  }

 private:
  Result<common_chat_params> Apply(const common_chat_templates_inputs& inputs) const {
    try {
      const RenderBudget budget;
      return common_chat_templates_apply(templates_.get(), inputs);
    } catch (const RenderLimit& limit) {
      return Fail(
          Error(Code::kInvalidArgument, Sentence("the chat template ", limit.what, " with these messages"))
              .WithReason("template_limit")
              .WithParam("messages"));
    } catch (const std::exception& e) {
      return Fail(
          Error(Code::kInvalidArgument,
                Sentence("the model's chat template does not take these messages: ", LastLine(e.what())))
              .WithParam("messages"));
    }
  }

  Result<RenderedChat> Finish(const common_chat_params& params, const common_chat_templates_inputs& inputs,
                              bool parse_output) const {
    RenderedChat out;
    out.text = params.prompt;
    out.stop = params.additional_stops;
    if (!params.grammar.empty()) {
      auto grammar = MakeGrammar(params, inputs);
      if (!grammar) return Fail(grammar.error());
      out.grammar = std::move(*grammar);
    }
    for (const std::string& text : params.preserved_tokens) {
      const auto tokens = vocabulary_.Tokenize(text, false, true);
      if (tokens.size() == 1) out.preserved_tokens.push_back(tokens[0]);
    }
    const bool plain = inputs.tools.empty() && inputs.json_schema.empty() && !params.supports_thinking;
    if (parse_output) out.parser = MakeAnswerParser(params);
    if (out.parser && plain && KeepsText(*out.parser)) out.parser = nullptr;
    return out;
  }

  // Most answers need no parser, which would read the whole answer again with every token.
  static bool KeepsText(const AnswerParser& parser) {
    constexpr std::string_view kProbe = " A <b> {\"c\": [1]}\n\n- d\n```e```\n";
    const auto answer = parser.Parse(kProbe, false);
    return answer && answer->content == kProbe && answer->reasoning.empty() && answer->tool_calls.empty();
  }

  static Result<Grammar> MakeGrammar(const common_chat_params& params,
                                     const common_chat_templates_inputs& inputs) {
    if (auto ok = CheckGrammar(params.grammar, kSchemaGrammarLimits); !ok) {
      const char* param = inputs.tools.empty() ? "response_format" : "tools";
      return Fail(
          Error(Code::kInvalidArgument, Sentence("this makes too complex a grammar: ", ok.error().message()))
              .WithParam(param));
    }
    Grammar grammar{.gbnf = params.grammar, .lazy = params.grammar_lazy};
    grammar.generation_prompt = params.generation_prompt;
    grammar.reasoning_start = params.thinking_start_tag;
    grammar.reasoning_ends = params.thinking_end_tags;
    for (const common_grammar_trigger& trigger : params.grammar_triggers) {
      switch (trigger.type) {
        case COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN:
          grammar.trigger_tokens.push_back(trigger.token);
          break;
        case COMMON_GRAMMAR_TRIGGER_TYPE_WORD:
          grammar.trigger_words.push_back(trigger.value);
          break;
        case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN:
          grammar.trigger_patterns.push_back(trigger.value);
          break;
        case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN_FULL:
          grammar.trigger_patterns.push_back("^" + trigger.value + "$");
          break;
      }
    }
    return grammar;
  }

  // Some templates cannot render every tool that JSON schema can describe.
  Result<RenderedChat> WithoutNativeTools(const core::ChatPrompt& prompt, const core::ResponseFormat& format,
                                          bool parse_output, const Error& error) const {
    if (WantsTools(prompt) && error.reason().empty()) {
      if (auto as_text = RenderAsText(prompt, format, parse_output)) return as_text;
    }
    return Fail(error);
  }

  // For templates that know no tools.
  Result<RenderedChat> RenderAsText(const core::ChatPrompt& prompt, const core::ResponseFormat& format,
                                    bool parse_output) const {
    // Checks the tools; what the template sees has none.
    auto checked = MakeChatInputs(prompt, format, parse_output);
    if (!checked) return Fail(checked.error());
    core::ChatPrompt plain = WithToolsAsText(prompt);
    plain.tools.clear();
    plain.tool_choice = core::ToolChoice::kAuto;
    auto inputs = MakeChatInputs(plain, MustCall(prompt) ? core::ResponseFormat{} : format, parse_output);
    if (!inputs) return Fail(inputs.error());
    auto params = Apply(*inputs);
    if (!params) return Fail(params.error());
    auto out = Finish(*params, *inputs, parse_output);
    if (!out || !WantsTools(prompt)) return out;
    if (auto ok = AddTextTools(*checked, *params, *out); !ok) return Fail(ok.error());
    if (parse_output) out->parser = MakeToolTextParser(std::move(out->parser));
    return out;
  }

  static Status AddTextTools(const common_chat_templates_inputs& inputs, const common_chat_params& params,
                             RenderedChat& out) {
    if (out.grammar) return {};  // the format of the answer rules
    std::vector<TextTool> tools;
    tools.reserve(inputs.tools.size());
    for (const common_chat_tool& tool : inputs.tools) tools.push_back({tool.name, tool.parameters});
    const bool lazy = inputs.tool_choice == COMMON_CHAT_TOOL_CHOICE_AUTO;
    auto grammar = ToolTextGrammar(tools, inputs.parallel_tool_calls, lazy);
    if (!grammar) return Fail(grammar.error());
    if (auto ok = CheckGrammar(grammar->gbnf, kSchemaGrammarLimits); !ok) {
      return Fail(Error(Code::kInvalidArgument,
                        Sentence("the tools make too complex a grammar: ", ok.error().message()))
                      .WithParam("tools"));
    }
    grammar->reasoning_start = params.thinking_start_tag;
    grammar->reasoning_ends = params.thinking_end_tags;
    out.grammar = std::move(*grammar);
    return {};
  }

  Vocabulary vocabulary_;
  common_chat_templates_ptr templates_;
};

}  // namespace

Result<std::unique_ptr<ChatFormat>> ChatFormat::Make(const llama_model* model,
                                                     const std::string& override_source) {
  auto templates = MakeChatTemplates(model, override_source);
  if (!templates) return Fail(templates.error());
  if (!*templates) return std::unique_ptr<ChatFormat>();
  return std::make_unique<CommonChatFormat>(model, std::move(*templates));
}

}  // namespace lares::backend::llama
