// SPDX-License-Identifier: Apache-2.0
#include "sampling/utf8_assembler.h"

#include <utility>

#include "base/utf8.h"

namespace lares::sampling {

std::string Utf8Assembler::Push(std::string_view bytes) {
  held_ += bytes;
  const std::size_t whole = held_.size() - base::IncompleteUtf8Tail(held_);
  std::string out = held_.substr(0, whole);
  held_.erase(0, whole);
  return base::IsValidUtf8(out) ? out : base::ReplaceInvalidUtf8(out);
}

std::string Utf8Assembler::Flush() { return base::ReplaceInvalidUtf8(std::exchange(held_, {})); }

}  // namespace lares::sampling
