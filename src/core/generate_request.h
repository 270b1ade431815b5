// SPDX-License-Identifier: Apache-2.0
//
// One request to a model, whole: everything that decides its answer is in here, so that the same value can
// be run here, in another process, or again after a crash. A continuation is the same request with the ids
// already produced.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/principal.h"
#include "core/prompt.h"
#include "core/sampling_params.h"

namespace lares::core {

// What the answer must look like. `text` is the JSON schema or the GBNF grammar.
struct ResponseFormat {
  enum class Kind : std::uint8_t { kText, kJsonObject, kJsonSchema, kGrammar };
  Kind kind = Kind::kText;
  std::string text;
  bool operator==(const ResponseFormat&) const = default;
};

// A low-rank adapter and its strength; the set is part of every cache key.
struct AdapterUse {
  std::string name;
  float scale = 1.0F;
  bool operator==(const AdapterUse&) const = default;
};

enum class ServiceClass : std::uint8_t { kInteractive, kNormal, kBatch };

struct GenerateRequest {
  std::string id;     // unique within the server; the client's request id travels apart
  std::string model;  // as the client named it; empty: the only one
  Principal principal;
  Prompt prompt;
  SamplingParams sampling;
  ResponseFormat response_format;
  std::vector<AdapterUse> adapters;

  std::optional<std::int32_t> max_tokens;  // absent: what is left of the context, capped by configuration
  std::int32_t min_tokens = 0;
  bool ignore_eos = false;
  std::vector<std::string> stop;   // at most 16, each 1..256 bytes
  std::int32_t choices = 1;        // OpenAI's n
  std::int32_t top_logprobs = -1;  // -1: no log probabilities; 0..20
  bool parse_output = true;        // split reasoning and tool calls off by the model's template

  ServiceClass service_class = ServiceClass::kInteractive;
  std::optional<base::Time> deadline;

  // Ids already sent, per choice; empty for a new request.
  std::vector<std::vector<TokenId>> produced;

  bool operator==(const GenerateRequest&) const = default;
};

// Bounds every field that a client can set, apart from what needs the model (lengths in tokens).
base::Status Validate(const GenerateRequest& request);

inline constexpr std::int32_t kMaxChoices = 16;
inline constexpr std::size_t kMaxStopStrings = 16;
inline constexpr std::size_t kMaxStopBytes = 256;
inline constexpr std::int32_t kMaxTopLogprobs = 20;
inline constexpr std::size_t kMaxTools = 128;
inline constexpr std::size_t kMaxMessages = 4096;

}  // namespace lares::core
