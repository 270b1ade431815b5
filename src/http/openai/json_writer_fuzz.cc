// SPDX-License-Identifier: Apache-2.0
// Any bytes written as a JSON string must read back as JSON, and as the same text where it is UTF-8.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/utf8.h"
#include "http/openai/json_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string out;
  lares::http::openai::AppendJsonString(out, text);
  const auto read = nlohmann::json::parse(out, nullptr, false);
  LARES_CHECK(read.is_string());
  if (lares::base::IsValidUtf8(text)) LARES_CHECK(read.get_ref<const std::string&>() == text);
  return 0;
}
