// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "http/openai/embeddings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request =
      lares::http::openai::ParseEmbeddingsRequest({reinterpret_cast<const char*>(data), size});
  if (request) LARES_CHECK(!request->request.inputs.empty());
  return 0;
}
