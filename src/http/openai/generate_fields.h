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

void ReadCommon(Fields& body, core::GenerateRequest& request, AnswerOptions& answer);

// In ReadCommon; apart for their length.
void ReadSampling(Fields& body, core::SamplingParams& sampling);
void ReadResponseFormat(Fields& body, core::ResponseFormat& format);
// Asking for what would change the answer and is not there must not be ignored in silence.
void RefuseUnsupported(Fields& body);

}  // namespace lares::http::openai
