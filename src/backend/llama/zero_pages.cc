// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/zero_pages.h"

#include <cstdint>
#include <cstring>

#include <ggml-backend.h>
#include <sys/mman.h>
#include <unistd.h>

namespace lares::backend::llama {
namespace {

// Below this, writing is as quick as asking the kernel.
constexpr std::size_t kWorthIt = 1U << 20U;

}  // namespace

void ZeroPages(void* data, std::size_t size) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + size) / page * page;
  if (size < kWorthIt || last <= first ||
      ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED) != 0) {
    std::memset(data, 0, size);  // small, or locked memory
    return;
  }
  std::memset(data, 0, first - begin);
  std::memset(reinterpret_cast<void*>(last), 0, begin + size - last);
}

}  // namespace lares::backend::llama

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker makes these names.
extern "C" void __real_ggml_backend_buffer_clear(ggml_backend_buffer_t buffer, std::uint8_t value);
extern "C" void __wrap_ggml_backend_buffer_clear(ggml_backend_buffer_t buffer, std::uint8_t value);

extern "C" void __wrap_ggml_backend_buffer_clear(ggml_backend_buffer_t buffer, std::uint8_t value) {
  // Only plain memory: a device's pinned host memory must keep its pages.
  const bool plain = value == 0 && buffer != nullptr && ggml_backend_buffer_get_size(buffer) > 0 &&
                     ggml_backend_buffer_get_type(buffer) == ggml_backend_cpu_buffer_type();
  if (!plain) return __real_ggml_backend_buffer_clear(buffer, value);
  lares::backend::llama::ZeroPages(ggml_backend_buffer_get_base(buffer),
                                   ggml_backend_buffer_get_size(buffer));
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
