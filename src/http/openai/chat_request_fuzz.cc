// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "http/openai/chat_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto chat = lares::http::openai::ParseChatRequest({reinterpret_cast<const char*>(data), size});
  if (!chat) {
    LARES_CHECK(chat.error().code() == lares::base::Code::kInvalidArgument &&
                !chat.error().message().empty());
    return 0;
  }
  // Whatever a parser lets pass, the next in line must be able to judge.
  (void)lares::core::Validate(chat->request);
  return 0;
}
