// SPDX-License-Identifier: Apache-2.0
//
// What chat and text completions have in common: sampling, limits, stop strings, the answer's form,
// streaming. OpenAI's names and the extensions that clients of vLLM and llama-server send. Pure.
#pragma once

#include "core/generate_request.h"
#include "http/openai/fields.h"

namespace lares::http::openai {

// How the answer is to be told; what concerns the model is in the core request.
struct AnswerOptions {
  bool stream = false;
  bool include_usage = false;     // a last chunk with the usage
  bool continuous_usage = false;  // usage in every chunk (vLLM)
  bool return_token_ids = false;  // vLLM
};

// Of a schema or grammar. The engine has bounds of its own; these texts are copied for each prompt and choice
// long before they get there.
inline constexpr std::size_t kMaxFormatBytes = 64 * 1024;

void ReadCommon(Fields& body, core::GenerateRequest& request, AnswerOptions& answer);

// In ReadCommon; apart for their length.
void ReadSampling(Fields& body, core::SamplingParams& sampling);
void ReadResponseFormat(Fields& body, core::ResponseFormat& format);
// llama-server's "n_probs": so many log probabilities; 0 or absent: none. For requests without OpenAI's
// fields.
void ReadProbabilityCount(Fields& body, core::GenerateRequest& request);
// Asking for what would change the answer and is not there must not be ignored in silence.
void RefuseUnsupported(Fields& body);

}  // namespace lares::http::openai
