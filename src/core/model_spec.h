// SPDX-License-Identifier: Apache-2.0
//
// What a model is, and what an engine says about the one it holds.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace lares::core {

// Configuration: which files make the model and under which names it is served. `name` is the base name of
// the file, never its path. An alias "*" catches every name.
struct ModelSpec {
  std::string name;
  std::vector<std::string> aliases;
  std::string digest;              // SHA-256 of the first file, hex; empty until computed
  std::vector<std::string> files;  // GGUF, in order when split
  std::string projector;           // mmproj GGUF for vision; empty: none
  std::string chat_template;       // Jinja source that overrides the file's; empty: the file's
  std::vector<std::string> adapters;
  bool operator==(const ModelSpec&) const = default;
};

// What a model was made for. One that generates can also embed; one that embeds can also rank, by likeness.
enum class ModelPurpose : std::uint8_t { kGenerate, kEmbed, kRank };

// kRestarting: what it ran on was lost and is being replaced; requests are taken and wait. kUnloaded: nobody
// needed it yet, or not lately; the first request loads it. kFailed: nothing brings it back by itself.
enum class EngineState : std::uint8_t {
  kLoading,
  kReady,
  kDraining,
  kStopped,
  kFailed,
  kRestarting,
  kUnloaded,
};

// Why an engine does not work that should.
struct Trouble {
  std::string cause;  // a sentence
  base::Time since{};
  std::optional<base::Time> next_try;  // none: it is being tried now
};

// A snapshot; cheap to make, good for health, readiness and /v1/models.
struct EngineStatus {
  EngineState state = EngineState::kLoading;
  int load_percent = 0;
  std::string failure;  // a sentence, with kFailed
  std::string model;
  ModelPurpose purpose = ModelPurpose::kGenerate;
  std::string architecture;  // e.g. "llama"
  std::string form;          // weights' type, e.g. "Q8_0"
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;          // size of the weights
  std::uint64_t planned_bytes = 0;  // memory that it takes when it is loaded; 0: nobody planned it
  std::int32_t context_tokens = 0;  // per request
  std::int32_t training_context = 0;
  std::int32_t slots = 0;  // 0: it does not generate
  std::int32_t running = 0;
  std::int32_t waiting = 0;
  base::Duration retry_after = std::chrono::seconds(1);  // what a refused client is told
  bool has_chat_template = false;
  std::uint64_t steps = 0;    // grows with each step; stands still when nothing is to be done
  std::uint64_t crashes = 0;  // of what it runs on, since the server started
  std::optional<Trouble> trouble;
  std::vector<std::string> unconfined;  // protections that could not be had for its process; each with why
};

}  // namespace lares::core
