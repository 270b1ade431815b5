// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "http/openai/completion_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto completion =
      lares::http::openai::ParseCompletionRequest({reinterpret_cast<const char*>(data), size});
  if (!completion) {
    LARES_CHECK(completion.error().code() == lares::base::Code::kInvalidArgument);
    return 0;
  }
  LARES_CHECK(!completion->requests.empty() &&
              completion->requests.size() <= lares::http::openai::kMaxPrompts);
  for (const auto& request : completion->requests) (void)lares::core::Validate(request);
  return 0;
}
