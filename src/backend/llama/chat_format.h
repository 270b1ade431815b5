// SPDX-License-Identifier: Apache-2.0
//
// A model's chat format: its template turns messages into text, and what the model answers back into content,
// reasoning and tool calls. Thread safe.
//
// Rendering runs a program that came with the model on what a client sent: at most 2 s of CPU time, 256 MiB
// of text made on the way, 1 MiB of stack (render_budget.h); one step between two checks adds up to half a
// second.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/llama/vocabulary.h"
#include "base/error.h"
#include "core/generate_request.h"

struct llama_model;

namespace lares::backend::llama {

struct RenderedChat {
  std::string text;
  std::optional<Grammar> grammar;
  std::vector<core::TokenId> preserved_tokens;
  std::vector<std::string> stop;
  std::shared_ptr<const AnswerParser> parser;  // null when the answer is plain content
};

class ChatFormat {
 public:
  // From the file, or from `override_source` when that is not empty. A null pointer when there is neither.
  // kInvalidArgument when the template does not parse or does not run within its bounds. `model` must outlive
  // the result.
  static base::Result<std::unique_ptr<ChatFormat>> Make(const llama_model* model,
                                                        const std::string& override_source);
  virtual ~ChatFormat() = default;

  // Prompt, format of the answer and parser for one request. Where the result has no grammar, the caller
  // holds the answer to its format by itself; so it does with a grammar of the client's own (GBNF). Errors
  // name the parameter at fault.
  virtual base::Result<RenderedChat> Render(const core::ChatPrompt& prompt,
                                            const core::ResponseFormat& format, bool parse_output) const = 0;
};

}  // namespace lares::backend::llama
