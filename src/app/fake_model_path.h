// SPDX-License-Identifier: Apache-2.0
//
// A model that is no file: `lares serve fake:step=5ms,slots=8` serves a deterministic model that computes
// nothing, for tests of everything around a model. Hidden from the help. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "core/model_spec.h"

namespace lares::app {

struct FakeModelOptions {
  base::Duration step{};        // step=5ms: every call takes this long
  base::Duration per_row{};     // row=10us: and this much longer per prompt row beyond the first
  std::int32_t slots = 8;       // slots=8
  std::int32_t context = 8192;  // context=8192: tokens per slot
  std::int32_t answer = -1;     // answer=64: tokens until it ends by itself; 0: by the prompt; -1: never
  std::int32_t poison = -1;     // poison=300: who has this token in its prompt ends the process
  std::uint64_t memory = 0;     // memory=100MiB: what it is planned with
  core::ModelPurpose purpose = core::ModelPurpose::kGenerate;  // purpose=embed, purpose=rank
  std::string load;  // load=/tmp/go: loading is half done until this file exists
};

inline constexpr std::string_view kFakeModelPrefix = "fake:";

inline bool IsFakeModel(std::string_view path) { return path.starts_with(kFakeModelPrefix); }

// `path` with its prefix. An unknown word or a value out of range is kInvalidArgument.
base::Result<FakeModelOptions> ParseFakeModel(std::string_view path);

}  // namespace lares::app
