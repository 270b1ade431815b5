// SPDX-License-Identifier: Apache-2.0
//
// A request's prompt and answer format, ready to run: tokens, grammar, stop strings, parser. Thread safe.
#pragma once

#include <memory>

#include "backend/backend.h"
#include "backend/llama/chat_format.h"
#include "backend/llama/vocabulary.h"

namespace lares::backend::llama {

class PromptRenderer {
 public:
  // `vocabulary` must outlive this object. `chat` is null for a model without a chat template.
  PromptRenderer(const Vocabulary& vocabulary, std::unique_ptr<const ChatFormat> chat);

  // Errors name the parameter at fault.
  base::Result<Rendered> Render(const core::GenerateRequest& request) const;

 private:
  base::Result<Rendered> RenderChat(const core::ChatPrompt& prompt,
                                    const core::GenerateRequest& request) const;
  base::Result<Rendered> RenderText(const core::TextPrompt& prompt) const;
  base::Result<Rendered> RenderTokens(const core::TokenPrompt& prompt) const;

  const Vocabulary& vocabulary_;
  std::unique_ptr<const ChatFormat> chat_;
};

}  // namespace lares::backend::llama
