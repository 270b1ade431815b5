// SPDX-License-Identifier: Apache-2.0
#include "worker/frame.h"

namespace lares::worker {
namespace {

using base::Code;

constexpr std::size_t kPrefix = 4;

std::size_t LengthAt(std::string_view bytes) {
  std::size_t length = 0;
  for (std::size_t i = kPrefix; i-- > 0;) length = length << 8U | static_cast<unsigned char>(bytes[i]);
  return length;
}

base::Error TooLarge(std::size_t length, std::size_t most) {
  return {Code::kResourceExhausted, "a message of " + std::to_string(length) + " bytes; at most " +
                                        std::to_string(most) + " may be sent"};
}

}  // namespace

base::Status AppendFrame(std::string& out, std::string_view message) {
  if (message.size() > kMaxFrame) return base::Fail(TooLarge(message.size(), kMaxFrame));
  for (std::size_t i = 0; i < kPrefix; ++i) out += static_cast<char>(message.size() >> 8U * i & 0xFFU);
  out += message;
  return {};
}

void FrameReader::Append(std::string_view bytes) {
  if (broken_) return;
  if (taken_ > bytes_.size() / 2) {
    bytes_.erase(0, taken_);
    taken_ = 0;
  }
  bytes_ += bytes;
}

base::Result<std::optional<std::string>> FrameReader::Next() {
  const std::string_view rest = std::string_view(bytes_).substr(taken_);
  if (rest.size() < kPrefix) return std::nullopt;
  const std::size_t length = LengthAt(rest);
  if (broken_ || length > most_) {
    broken_ = true;
    return base::Fail(TooLarge(length, most_));
  }
  if (rest.size() - kPrefix < length) return std::nullopt;
  std::string message(rest.substr(kPrefix, length));
  taken_ += kPrefix + length;
  return message;
}

}  // namespace lares::worker
