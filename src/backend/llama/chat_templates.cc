// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/chat_templates.h"

#include <exception>
#include <memory>
#include <utility>

#include <jinja/caps.h>
#include <log.h>

#include "backend/llama/render_budget.h"
#include "backend/llama/sentence.h"
#include "backend/llama/template_guard.h"
#include "backend/llama/vocabulary.h"

// `common` declares this type and defines it within chat.cpp; its functions take it from us. The same tokens
// in the same order as there (llama.cpp v0.5.0): a class may be defined so in several places. The rendering
// tests would fail on any difference.
struct common_chat_templates {
  bool add_bos;
  bool add_eos;
  bool has_explicit_template;
  std::unique_ptr<common_chat_template> template_default;
  std::unique_ptr<common_chat_template> template_tool_use;
};

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Fail;
using base::Result;

constexpr RenderBudget::Limits kLoadLimits = {.cpu = std::chrono::milliseconds(3'000)};

void Replace(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// Two published templates refuse messages that their own model family writes; `common` repairs them likewise.
std::string WithoutKnownMistakes(std::string source) {
  if (source.find("<|channel|>") != std::string::npos) {
    Replace(source,
            "{%- if \"<|channel|>analysis<|message|>\" in message.content or "
            "\"<|channel|>final<|message|>\" in message.content %}",
            "{%- if false %}");
  }
  if (source.find("[TOOL_CALLS]") != std::string::npos) {
    Replace(
        source,
        "{%- if (message['content'] is none or message['content'] == '' or message['content']|length == 0) "
        "and (message['tool_calls'] is not defined or message['tool_calls'] is none or "
        "message['tool_calls']|length == 0) %}",
        "{%- if false %}");
  }
  return source;
}

Result<std::unique_ptr<common_chat_template>> MakeTemplate(const std::string& source, const std::string& bos,
                                                           const std::string& eos) {
  auto parsed = ParseGuarded(WithoutKnownMistakes(source));
  if (!parsed) return Fail(Code::kInvalidArgument, Sentence("the chat template: ", parsed.error().message()));
  try {
    const RenderBudget budget(kLoadLimits);
    auto made = std::make_unique<common_chat_template>("", bos, eos);
    made->prog = std::move(parsed->program);
    made->src = std::move(parsed->source);
    made->caps = jinja::caps_get(made->prog);
    return made;
  } catch (const RenderLimit& limit) {
    return Fail(Code::kInvalidArgument, Sentence("the chat template ", limit.what, " when it is tried out"));
  } catch (const std::exception& e) {
    return Fail(Code::kInvalidArgument, Sentence("the chat template: ", e.what()));
  }
}

std::string FromFile(const llama_model* model, const char* variant) {
  const char* source = llama_model_chat_template(model, variant);
  return source == nullptr ? std::string() : std::string(source);
}

}  // namespace

Result<common_chat_templates_ptr> MakeChatTemplates(const llama_model* model,
                                                    const std::string& override_source) {
  // It prints prompts and answers when something does not fit; ours are the errors returned.
  common_log_set_verbosity_thold(-1);
  const std::string tool_source = override_source.empty() ? FromFile(model, "tool_use") : std::string();
  std::string source = override_source.empty() ? FromFile(model, nullptr) : override_source;
  if (source.empty()) source = tool_source;
  if (source.empty()) return common_chat_templates_ptr();
  const Vocabulary vocabulary(model);
  const std::string bos = vocabulary.Piece(llama_vocab_bos(vocabulary.raw()), true);
  const std::string eos = vocabulary.Piece(llama_vocab_eos(vocabulary.raw()), true);
  common_chat_templates_ptr templates(new common_chat_templates());
  templates->add_bos = llama_vocab_get_add_bos(vocabulary.raw());
  templates->add_eos = llama_vocab_get_add_eos(vocabulary.raw());
  templates->has_explicit_template = true;
  auto main = MakeTemplate(source, bos, eos);
  if (!main) return Fail(main.error());
  templates->template_default = std::move(*main);
  if (tool_source.empty() || tool_source == source) return templates;
  auto tool = MakeTemplate(tool_source, bos, eos);
  if (!tool) return Fail(tool.error());
  templates->template_tool_use = std::move(*tool);
  return templates;
}

const jinja::caps& ToolCapabilities(const common_chat_templates& templates) {
  return templates.template_tool_use ? templates.template_tool_use->caps : templates.template_default->caps;
}

}  // namespace lares::backend::llama
