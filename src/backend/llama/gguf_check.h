// SPDX-License-Identifier: Apache-2.0
//
// Looks at a GGUF file before anything trusts it: an own, bounded reader checks magic, version, counts, key
// types, lengths, and every tensor's size and place against the file's length. The model library's reader
// runs only on what passed here (it ends the process on several kinds of damage). Includes nothing of the
// library.
//
// Errors are sentences for a person: kDataLoss (incomplete), kInvalidArgument (no model, damaged,
// unsupported), kNotFound, kPermissionDenied. Thread safe.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "core/model_spec.h"

namespace lares::backend::llama {

class ByteSource;

struct GgufSummary {
  core::ModelPurpose purpose = core::ModelPurpose::kGenerate;
  bool causal = true;  // no token sees those behind it
  // How a text's tokens become one vector; kRank: by a head of the model's, and the vector is its score.
  enum class Pooling : std::uint8_t { kMean, kFirst, kLast, kRank } pooling = Pooling::kMean;
  std::string architecture;      // e.g. "llama"
  std::string name;              // as the file calls itself; may be empty
  std::string form;              // e.g. "Q8_0", "Q4_K_M"
  bool quantised = false;        // most weights are in a quantised form
  std::uint64_t file_bytes = 0;  // over all parts
  std::uint64_t tensor_count = 0;
  std::uint64_t tensor_bytes = 0;
  std::uint64_t parameters = 0;
  std::uint32_t vocabulary = 0;      // tokens
  std::uint32_t block_count = 0;     // layers
  std::uint32_t context_length = 0;  // trained
  std::uint32_t embedding_length = 0;
  std::uint32_t feed_forward_length = 0;  // the largest of all layers
  std::uint32_t head_count = 0;           // the largest of all layers; 0: no attention
  std::uint32_t head_count_kv = 0;        // the largest of all layers
  std::uint64_t kv_values_per_token = 0;  // keys and values over all layers; 0 for recurrent models
  bool has_chat_template = false;
  std::uint32_t part = 0;  // of a split model, from 0
  std::uint32_t part_count = 1;
};

// One file's bytes; of a split model one part (later parts carry no description of the model).
base::Result<GgufSummary> CheckGguf(const ByteSource& source);

// A model on disk with all its parts; `path` is the first. Blocking.
base::Result<GgufSummary> CheckGgufFile(const std::string& path);

}  // namespace lares::backend::llama
