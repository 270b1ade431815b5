// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "http/openai/rerank.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lares;
  const auto request = http::openai::ParseRerankRequest({reinterpret_cast<const char*>(data), size});
  if (!request) return 0;
  const std::size_t count = request->request.documents.size();
  LARES_CHECK(count > 0 && request->top_n > 0 && request->top_n <= count && !request->request.query.empty());
  core::RankAnswer answer;
  answer.scores.assign(count, 0.5F);
  LARES_CHECK(!http::openai::RerankAnswer("m", *request, answer).empty());
  return 0;
}
