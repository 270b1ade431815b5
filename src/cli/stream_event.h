// SPDX-License-Identifier: Apache-2.0
//
// What an OpenAI-compatible server says, as far as our clients care: one event of a stream, a whole answer,
// an error. Tolerant: unknown fields are skipped, missing ones stay empty. Pure; the text is foreign.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lares::cli {

struct TokenUsage {
  std::int64_t prompt = 0;
  std::int64_t completion = 0;
  std::optional<std::int64_t> cached;
};

struct ServerError {
  std::string message;
  std::string code;  // e.g. "context_length_exceeded"
};

struct StreamEvent {
  bool done = false;    // the "[DONE]" that ends a stream
  bool broken = false;  // no JSON object
  std::string text;     // of all choices
  std::string reasoning;
  std::string finish;  // "stop", "length", ...; empty: not yet
  std::optional<TokenUsage> usage;
  std::optional<ServerError> error;
};

// One event's data, of chat or plain completions.
StreamEvent ParseStreamEvent(std::string_view data);

// A whole answer, not streamed, in the same form.
StreamEvent ParseWholeAnswer(std::string_view body);

// The error in an answer with a status of 400 and above; the body's beginning where it has another shape.
ServerError ParseErrorBody(std::string_view body);

}  // namespace lares::cli
