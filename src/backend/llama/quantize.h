// SPDX-License-Identifier: Apache-2.0
//
// Writes a model's weights in another form, by the model library. Blocking: seconds for small models, minutes
// for large ones. Includes nothing of the library.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "backend/llama/gguf_check.h"
#include "base/error.h"
#include "base/log.h"

namespace lares::backend::llama {

struct ConvertOptions {
  std::string input;                        // GGUF; of a split model the first part
  std::string output;                       // written beside itself first, then renamed
  std::string type = "q8_0";                // see ConvertTypes()
  std::int32_t threads = 0;                 // 0: the CPUs this process may use
  bool overwrite = false;                   // an existing output
  const std::atomic<bool>* stop = nullptr;  // looked at before the file is put in place
};

struct Converted {
  GgufSummary input;
  GgufSummary output;
  std::string lost;  // a sentence: what the new form costs in accuracy
};

// "q8_0", "q4_0", "q4_k_m", "f16", ...
std::vector<std::string> ConvertTypes();

// kInvalidArgument (unknown type, not a usable model), kAlreadyExists, kNotFound, kResourceExhausted (disk
// full), kCancelled. On an error no output is left behind.
base::Result<Converted> Convert(const ConvertOptions& options, base::Logger& logger);

}  // namespace lares::backend::llama
