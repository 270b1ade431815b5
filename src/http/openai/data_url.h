// SPDX-License-Identifier: Apache-2.0
//
// "data:image/png;base64,iVBOR...": an image inside a request. Pure; decoding and hashing of large ones
// belong on a heavy pool.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace lares::http::openai {

struct DataUrl {
  std::string media_type;  // "image/png"
  std::string bytes;
  std::string digest;  // SHA-256 of bytes, hex
};

// Only base64 data URLs of images: this server fetches nothing from elsewhere.
base::Result<DataUrl> DecodeDataUrl(std::string_view url);

// RFC 4648, section 4, with or without padding. Nothing when it is not.
std::optional<std::string> DecodeBase64(std::string_view text);
std::string EncodeBase64(std::string_view bytes);

}  // namespace lares::http::openai
