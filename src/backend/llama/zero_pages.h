// SPDX-License-Identifier: Apache-2.0
//
// Clearing a large host buffer without touching it. The library clears a new KV cache by writing zeros all
// over it: 0.5 to 1 s and the whole cache in memory at every start, before the first token was read. Pages
// that are given back to the kernel read as zeros as well, and cost nothing until they are used.
//
// zero_pages.cc replaces the library's ggml_backend_buffer_clear by the linker's --wrap (see CMakeLists.txt).
#pragma once

#include <cstddef>

namespace lares::backend::llama {

// Makes `size` bytes at `data`, private memory of this process, read as zero.
void ZeroPages(void* data, std::size_t size);

}  // namespace lares::backend::llama
