// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/zero_pages.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <ggml-backend.h>
#include <gtest/gtest.h>

namespace lares::backend::llama {
namespace {

bool AllZero(const std::uint8_t* data, std::size_t size) {
  return std::all_of(data, data + size, [](std::uint8_t b) { return b == 0; });
}

TEST(ZeroPages, ClearsExactlyTheRangeWhateverItsEdges) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{5000}, std::size_t{3} << 20U}) {
    for (const std::size_t offset : {std::size_t{0}, std::size_t{1}, std::size_t{4095}}) {
      std::vector<std::uint8_t> bytes(size + offset + 8192, 0x5a);
      ZeroPages(bytes.data() + offset, size);
      EXPECT_TRUE(AllZero(bytes.data() + offset, size)) << size << " at " << offset;
      EXPECT_TRUE(offset == 0 || bytes[offset - 1] == 0x5a);
      EXPECT_EQ(bytes[offset + size], 0x5a);
    }
  }
}

// The linker's --wrap is in force: the library's own call comes to us, and other values still work.
TEST(ZeroPages, TheLibrarysClearStillClears) {
  ggml_backend_buffer_t buffer = ggml_backend_buft_alloc_buffer(ggml_backend_cpu_buffer_type(), 4U << 20U);
  ASSERT_NE(buffer, nullptr);
  auto* data = static_cast<std::uint8_t*>(ggml_backend_buffer_get_base(buffer));
  ggml_backend_buffer_clear(buffer, 0x33);
  EXPECT_EQ(data[12345], 0x33);
  ggml_backend_buffer_clear(buffer, 0);
  EXPECT_TRUE(AllZero(data, 4U << 20U));
  ggml_backend_buffer_free(buffer);
}

}  // namespace
}  // namespace lares::backend::llama
