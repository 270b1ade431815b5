// SPDX-License-Identifier: Apache-2.0
//
// How a fake model behaves: its size, its speed, what it says and when it fails. Plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "base/clock.h"
#include "core/model_spec.h"

namespace lares::backend {

// What happens to one call of Run. Calls count from 1.
struct RunFault {
  enum class Kind : std::uint8_t {
    kOutOfCells,  // kResourceExhausted, nothing taken
    kError,       // kInternal, and the slots named hold rubbish until they are truncated to 0
    kInterrupt,   // as if the interrupt came after `rows` rows (rounded down to whole ubatches)
  };
  std::uint64_t call = 0;
  Kind kind = Kind::kError;
  std::size_t rows = 0;
};

struct FakeOptions {
  core::ModelPurpose purpose = core::ModelPurpose::kGenerate;
  std::int32_t slots = 8;
  std::int32_t slot_cells = 4096;
  std::int32_t total_cells = 0;  // 0: slots * slot_cells, as with streams; less: as with a unified cache
  std::int32_t max_rows = 512;
  std::int32_t vocabulary = 512;  // at least FakeVocabulary::kSize
  std::int32_t embedding_size = 64;
  bool has_chat_template = true;
  std::uint64_t planned_bytes = 0;  // what it says of itself

  // How long a call with so many rows takes, `depth` being the highest position in it. Null: no time.
  std::function<base::Duration(std::size_t rows, std::int32_t depth)> step_time;
  base::ManualClock* clock = nullptr;  // advanced by step_time; must outlive the backend
  bool real_time = false;              // really sleeps step_time

  // Tokens of an answer before it ends. 0: 8 to 71, by the prompt's hash; negative: it never ends by itself.
  std::int32_t answer_tokens = 0;
  // The answer to a prompt, byte for byte. The text is the prompt as rendered, special tokens included
  // ("<|im_start|>user\n..."). Nothing: the model makes its own. Called in Render, on any thread.
  std::function<std::optional<std::string>(std::string_view prompt_text)> script;

  std::vector<RunFault> run_faults;
  std::set<std::uint64_t> failing_saves;     // which calls of Save fail, from 1
  std::set<std::uint64_t> failing_restores;  // which calls of Restore fail, from 1

  // Sees every input of Embed before it is computed, on the caller's thread. An input takes step_time, really
  // slept only.
  std::function<void(std::span<const core::TokenId> input)> before_embed;

  // Sees every call of Run before anything happens, on the engine's thread.
  std::function<void(std::span<const Row> rows)> before_run;
};

}  // namespace lares::backend
