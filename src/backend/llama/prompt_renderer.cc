// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/prompt_renderer.h"

#include <utility>
#include <variant>

#include "backend/llama/answer_grammar.h"
#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Error;
using base::Fail;
using base::Result;

// Far above any context; bounds what one request can make us tokenise.
constexpr std::size_t kMaxPromptBytes = 16U << 20U;

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

base::Status CheckSize(std::size_t bytes, const char* param) {
  if (bytes <= kMaxPromptBytes) return {};
  return Fail(Error(Code::kInvalidArgument,
                    Sentence("the prompt has ", bytes, " bytes; at most ", kMaxPromptBytes, " are read"))
                  .WithParam(param));
}

core::RenderedPrompt Symbols(const std::vector<core::TokenId>& tokens) {
  core::RenderedPrompt prompt;
  prompt.symbols.reserve(tokens.size());
  for (const core::TokenId token : tokens) prompt.symbols.push_back(core::Symbol::Token(token));
  return prompt;
}

}  // namespace

PromptRenderer::PromptRenderer(const Vocabulary& vocabulary, std::unique_ptr<const ChatFormat> chat)
    : vocabulary_(vocabulary), chat_(std::move(chat)) {}

Result<Rendered> PromptRenderer::Render(const core::GenerateRequest& request) const {
  if (!request.adapters.empty()) {
    return Fail(
        Error(Code::kInvalidArgument, "this model was loaded without adapters").WithParam("adapters"));
  }
  auto rendered =
      std::visit(Overloaded{[&](const core::ChatPrompt& prompt) { return RenderChat(prompt, request); },
                            [&](const core::TextPrompt& prompt) { return RenderText(prompt); },
                            [&](const core::TokenPrompt& prompt) { return RenderTokens(prompt); }},
                 request.prompt);
  if (!rendered || rendered->grammar) return rendered;
  // Not every chat template's parser knows formats of answers; then the answer is the JSON and nothing else.
  // A grammar of the client's own never goes through the template.
  auto grammar = MakeAnswerGrammar(request.response_format);
  if (!grammar) return Fail(grammar.error());
  rendered->grammar = std::move(*grammar);
  if (rendered->grammar) rendered->parser = nullptr;
  return rendered;
}

Result<Rendered> PromptRenderer::RenderChat(const core::ChatPrompt& prompt,
                                            const core::GenerateRequest& request) const {
  if (!chat_) {
    return Fail(Error(Code::kInvalidArgument,
                      "this model has no chat template, so it cannot be asked by messages: use "
                      "/v1/completions, or start the server with --chat-template FILE")
                    .WithReason("no_chat_template")
                    .WithParam("messages"));
  }
  auto chat = chat_->Render(prompt, request.response_format, request.parse_output);
  if (!chat) return Fail(chat.error());
  if (auto ok = CheckSize(chat->text.size(), "messages"); !ok) return Fail(ok.error());
  return Rendered{.prompt = Symbols(vocabulary_.Tokenize(chat->text, true, true)),
                  .grammar = std::move(chat->grammar),
                  .preserved_tokens = std::move(chat->preserved_tokens),
                  .stop = std::move(chat->stop),
                  .parser = std::move(chat->parser)};
}

Result<Rendered> PromptRenderer::RenderText(const core::TextPrompt& prompt) const {
  if (auto ok = CheckSize(prompt.text.size(), "prompt"); !ok) return Fail(ok.error());
  Rendered rendered;
  rendered.prompt = Symbols(vocabulary_.Tokenize(prompt.text, prompt.add_special, prompt.parse_special));
  return rendered;
}

Result<Rendered> PromptRenderer::RenderTokens(const core::TokenPrompt& prompt) const {
  if (auto ok = CheckSize(prompt.tokens.size(), "prompt"); !ok) return Fail(ok.error());
  for (std::size_t i = 0; i < prompt.tokens.size(); ++i) {
    if (vocabulary_.Contains(prompt.tokens[i])) continue;
    return Fail(
        Error(Code::kInvalidArgument, Sentence("prompt[", i, "] is ", prompt.tokens[i],
                                               ", but this model's tokens are 0 to ", vocabulary_.size() - 1))
            .WithParam("prompt"));
  }
  Rendered rendered;
  rendered.prompt = Symbols(prompt.tokens);
  return rendered;
}

}  // namespace lares::backend::llama
