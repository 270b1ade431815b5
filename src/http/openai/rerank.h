// SPDX-License-Identifier: Apache-2.0
//
// POST /v1/rerank: its body and its answer, as Jina and Cohere write them. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "core/embed.h"

namespace lares::http::openai {

struct RerankRequest {
  core::RankRequest request;  // id and principal are the caller's to set
  std::size_t top_n = 0;      // how many of the best are wanted; never more than there are
  bool return_documents = false;
};

base::Result<RerankRequest> ParseRerankRequest(std::string_view body);

// The best first; equals in the order of their documents.
std::string RerankAnswer(const std::string& model, const RerankRequest& request,
                         const core::RankAnswer& answer);

}  // namespace lares::http::openai
