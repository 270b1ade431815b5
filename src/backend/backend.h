// SPDX-License-Identifier: Apache-2.0
//
// The thin layer over a model library: one loaded model with its context. Everything clever is above
// (scheduler), everything unsafe is in here. Implementations: backend/llama, backend/fake.
//
// Threads: the members under "any thread" are safe from everywhere once loading succeeded. The members
// under "engine thread" belong to one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "core/generate_request.h"
#include "core/model_spec.h"
#include "core/prompt.h"
#include "core/symbol.h"
#include "sampling/constraint.h"

namespace lares::backend {

// Facts about a loaded model in its context; constant after loading.
struct Facts {
  core::ModelPurpose purpose = core::ModelPurpose::kGenerate;
  std::string architecture;  // e.g. "llama"
  std::string form;          // weights' type, e.g. "Q8_0"
  std::uint64_t parameters = 0;
  std::uint64_t weight_bytes = 0;
  std::uint64_t planned_bytes = 0;  // all that it takes, of the machine's memory or a device's; 0: unknown
  std::int32_t vocabulary = 0;
  std::int32_t training_context = 0;
  std::int32_t slots = 0;           // sequences that can live in the context at once; 0: it does not generate
  std::int32_t slot_cells = 0;      // KV cells one sequence may use
  std::int32_t total_cells = 0;     // over all slots (streams: slots * slot_cells; unified: less)
  std::int32_t max_rows = 0;        // rows per Run
  std::int32_t chunk_quantum = 64;  // prompt chunks are multiples of this many rows where possible
  std::uint64_t cell_bytes = 0;     // KV bytes per cell
  // Room in host memory for saved states; whoever saves them keeps to it.
  std::uint64_t host_cache_bytes = std::numeric_limits<std::uint64_t>::max();
  std::int32_t threads = 1;  // compute threads of a call
  bool has_chat_template = false;
  bool can_truncate = true;  // TruncateSlot works for any position (false: recurrent models)
};

// One row of a call.
struct Row {
  core::TokenId token = 0;
  std::int32_t slot = 0;
  std::int32_t position = 0;
  bool wants_logits = false;
  // Its token was written by the model, not read in a prompt. Many rows in a call and one give results that
  // differ in the last bits, so what was written one by one is computed as such also when it is computed
  // again, many at once. The rows of a call are alike in this.
  bool written = false;
};

// How far a call came. `rows_done` < rows.size() only after an interrupt: rows [0, rows_done) are in the KV
// cache, the rest is not.
struct RunOutcome {
  std::size_t rows_done = 0;
};

// A grammar to hold an answer to. With `lazy` it starts at the first trigger.
struct Grammar {
  std::string gbnf;
  bool lazy = false;
  std::vector<std::string> trigger_words;     // texts that may appear anywhere in the answer
  std::vector<std::string> trigger_patterns;  // regular expressions over the text so far
  std::vector<core::TokenId> trigger_tokens;
  std::string generation_prompt;  // what the template already put at the answer's beginning
  std::string reasoning_start;    // no trigger counts between these two; empty: no reasoning
  std::vector<std::string> reasoning_ends;
};

// What the answer means. Stateless and thread safe; `partial`: more text will come.
struct ParsedAnswer {
  std::string content;
  std::string reasoning;
  std::vector<core::ToolCall> tool_calls;
};
class AnswerParser {
 public:
  virtual ~AnswerParser() = default;
  virtual base::Result<ParsedAnswer> Parse(std::string_view text, bool partial) const = 0;
};

// A prompt ready to run.
struct Rendered {
  core::RenderedPrompt prompt;
  std::optional<Grammar> grammar;
  std::vector<core::TokenId> preserved_tokens;  // special tokens whose text the parser wants to see
  std::vector<std::string> stop;                // stop strings of the template
  std::shared_ptr<const AnswerParser> parser;   // null: the text is the content
};

// KV state of one sequence in host memory. Opaque; fits only the backend that made it.
struct SavedState {
  std::vector<std::uint8_t> bytes;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // ---- any thread ----
  virtual const Facts& facts() const = 0;
  virtual std::vector<core::TokenId> Tokenize(std::string_view text, bool add_special,
                                              bool parse_special) const = 0;
  // A query and a document as a model that ranks wants to read them.
  virtual std::vector<core::TokenId> TokenizePair(std::string_view query,
                                                  std::string_view document) const = 0;
  // The bytes of one token. Control tokens have none unless `special`.
  virtual std::string Piece(core::TokenId token, bool special) const = 0;
  virtual bool EndsGeneration(core::TokenId token) const = 0;
  virtual std::vector<core::TokenId> EndTokens() const = 0;

  // Renders prompt and output format of `request`: template, tokens, grammar, parser. Bounded in time and
  // size. kInvalidArgument with the parameter named when the client's part is at fault.
  virtual base::Result<Rendered> Render(const core::GenerateRequest& request) const = 0;
  virtual base::Result<std::unique_ptr<sampling::Constraint>> MakeConstraint(
      const Grammar& grammar) const = 0;

  // One vector of length 1 per input; from a model that ranks, one number of 0..1. Blocking; inputs of
  // several calls are computed together, on a context of their own. `stopped` is asked all the while, on this
  // thread or on one that works for it; soon after it says yes the call ends with kCancelled.
  virtual base::Result<std::vector<std::vector<float>>> Embed(
      std::span<const std::vector<core::TokenId>> inputs, const std::function<bool()>& stopped) = 0;

  // ---- engine thread; only where facts().slots is not 0 ----
  // Computes `rows` (at most facts().max_rows). Within a slot positions follow on from what is there.
  // Checks `interrupt` while it works and ends early when it is set. kResourceExhausted: no KV cell was
  // free, nothing was taken. Other errors: the KV cache of the slots named is undefined, clear them.
  virtual base::Result<RunOutcome> Run(std::span<const Row> rows, const std::atomic<bool>& interrupt) = 0;
  // Logits of row `i` of the last Run (it must have wanted them). Valid until the next Run. After Run has
  // returned, several threads may read.
  virtual std::span<const float> Logits(std::size_t row) const = 0;

  // Removes everything at `position` and above. Position 0 empties the slot.
  virtual base::Status Truncate(std::int32_t slot, std::int32_t position) = 0;
  // Makes `to` hold what `from` holds below `position`; `to` must be empty.
  virtual base::Status Copy(std::int32_t from, std::int32_t to, std::int32_t position) = 0;
  virtual base::Result<SavedState> Save(std::int32_t slot) = 0;
  // `slot` must be empty. On error it is empty still.
  virtual base::Status Restore(std::int32_t slot, const SavedState& state) = 0;
};

}  // namespace lares::backend
