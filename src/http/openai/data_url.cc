// SPDX-License-Identifier: Apache-2.0
#include "http/openai/data_url.h"

#include <array>
#include <cstdint>

#include "base/digest.h"

namespace lares::http::openai {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> MakeValues() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr auto kValues = MakeValues();

base::Error Bad(std::string message) { return base::Error(base::Code::kInvalidArgument, std::move(message)); }

}  // namespace

std::optional<std::string> DecodeBase64(std::string_view text) {
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::int8_t value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 0xFFU);
    }
  }
  return out;
}

std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t have = bytes.size() - i < 3 ? bytes.size() - i : 3;
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8U) | (k < have ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= have ? kAlphabet[(group >> (18U - 6U * k)) & 63U] : '=';
    }
  }
  return out;
}

base::Result<DataUrl> DecodeDataUrl(std::string_view url) {
  static constexpr std::string_view kScheme = "data:";
  if (!url.starts_with(kScheme)) {
    return base::Fail(Bad(
        "images must come within the request, as data:image/...;base64,... ; this server fetches nothing"));
  }
  url.remove_prefix(kScheme.size());
  const std::size_t comma = url.find(',');
  const std::string_view type = url.substr(0, comma == std::string_view::npos ? 0 : comma);
  static constexpr std::string_view kCoding = ";base64";
  if (comma == std::string_view::npos || !type.ends_with(kCoding) || !type.starts_with("image/")) {
    return base::Fail(Bad("a data URL must read data:image/TYPE;base64,DATA"));
  }
  auto bytes = DecodeBase64(url.substr(comma + 1));
  if (!bytes) return base::Fail(Bad("the image's data is not base64"));
  DataUrl out;
  out.media_type = type.substr(0, type.size() - kCoding.size());
  out.digest = base::Sha256Hex(*bytes);
  out.bytes = std::move(*bytes);
  return out;
}

}  // namespace lares::http::openai
