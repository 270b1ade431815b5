// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/gguf_cursor.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

constexpr std::uint64_t kWindow = 1U << 18U;

static_assert(std::endian::native == std::endian::little, "GGUF is read as it lies in the file");

}  // namespace

GgufCursor::GgufCursor(const ByteSource& source) : source_(source), size_(source.size()) {}

void GgufCursor::Fail(std::string message) {
  if (!error_) error_ = base::Error(base::Code::kInvalidArgument, std::move(message));
}

bool GgufCursor::FillWindow(std::uint64_t count) {
  if (offset_ >= window_start_ && offset_ + count <= window_start_ + window_.size()) return true;
  window_.resize(static_cast<std::size_t>(std::min(std::max(count, kWindow), left())));
  window_start_ = offset_;
  if (source_.Read(offset_, window_)) return true;
  window_.clear();
  Fail(Sentence("the file cannot be read at byte ", offset_));
  return false;
}

bool GgufCursor::Take(std::uint64_t count, void* out) {
  if (error_) return false;
  if (count > left()) {
    error_ = base::Error(base::Code::kDataLoss,
                         Sentence("the file ends at byte ", size_, " within ", what_, ", which needs ", count,
                                  " bytes from byte ", offset_, " on: the download is incomplete"));
    return false;
  }
  if (!FillWindow(count)) return false;
  std::memcpy(out, window_.data() + (offset_ - window_start_), count);
  offset_ += count;
  return true;
}

template <class T>
T GgufCursor::Number() {
  T value{};
  return Take(sizeof(T), &value) ? value : T{};
}
template std::uint32_t GgufCursor::Number();
template std::uint64_t GgufCursor::Number();
template std::int64_t GgufCursor::Number();

std::uint64_t GgufCursor::Unsigned(std::uint32_t bytes) {
  std::uint64_t value = 0;
  return Take(bytes, &value) ? value : 0;
}

std::string GgufCursor::String(std::uint64_t limit) {
  const std::uint64_t length = U64();
  if (length > limit) Fail(Sentence(what_, " has ", length, " bytes; at most ", limit, " are plausible"));
  if (error_ || length == 0) return {};
  // A window holds it: never larger than the file, whatever the file claims.
  std::string text(static_cast<std::size_t>(std::min(length, left())), '\0');
  if (text.size() < length) {
    std::uint8_t none = 0;
    Take(length, &none);  // reports the end of the file
    return {};
  }
  Take(length, text.data());
  return text;
}

void GgufCursor::SkipString(std::uint64_t limit) {
  const std::uint64_t length = U64();
  if (length > limit) Fail(Sentence(what_, " has ", length, " bytes; at most ", limit, " are plausible"));
  Skip(length, 1);
}

void GgufCursor::Skip(std::uint64_t count, std::uint64_t bytes) {
  if (error_) return;
  if (count > left() / bytes) {
    error_ = base::Error(base::Code::kDataLoss,
                         Sentence("the file ends at byte ", size_, " within ", what_, ", which has ", count,
                                  " items from byte ", offset_, " on: the download is incomplete"));
    return;
  }
  offset_ += count * bytes;
}

}  // namespace lares::backend::llama
