// SPDX-License-Identifier: Apache-2.0
//
// POST /v1/embeddings: its body and its answer. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "core/embed.h"

namespace lares::http::openai {

struct EmbeddingsRequest {
  core::EmbedRequest request;  // id and principal are the caller's to set
  bool base64 = false;         // what the official clients ask for: little-endian floats
  std::optional<std::size_t> dimensions;
};

base::Result<EmbeddingsRequest> ParseEmbeddingsRequest(std::string_view body);

// Keeps the first `dimensions` numbers of each vector and scales them to length 1 again. kInvalidArgument
// when the vectors are shorter than that.
base::Status Shorten(std::vector<std::vector<float>>& vectors, std::size_t dimensions);

std::string EmbeddingsAnswer(const std::string& model, const core::EmbedAnswer& answer, bool base64);

}  // namespace lares::http::openai
