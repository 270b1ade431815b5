// SPDX-License-Identifier: Apache-2.0
//
// What the contract test needs to know of an implementation.
#pragma once

#include "engine/engine.h"

namespace lares::engine {

// Owns an engine with all it stands on; ready when constructed.
class EngineUnderTest {
 public:
  virtual ~EngineUnderTest() = default;
  virtual Engine& engine() = 0;
  // Twelve answers of 135 tokens, prompts included, are more than it can hold at once.
  virtual bool preempts() const { return false; }
};

}  // namespace lares::engine
