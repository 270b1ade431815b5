// SPDX-License-Identifier: Apache-2.0
//
// How KV cells are found when there are none: cached content goes first, least recently used first, then the
// newest running sequence of the lowest class pauses. Nobody is ended, nothing else is dropped.
#pragma once

#include <cstdint>
#include <optional>

#include "scheduler/world.h"

namespace lares::scheduler {

// Saves what an idle or running slot holds to host memory, if that is possible and worth it. The slot keeps
// it.
std::optional<BlobId> SaveContent(World& world, std::int32_t slot);

// Empties an idle slot, saving what is worth it.
void Vacate(World& world, std::int32_t slot);

// Vacates idle slots until `cells` are free; `keep` is spared. False when that is not enough.
bool EvictUntilFree(World& world, std::int64_t cells, std::int32_t keep = kNoSlot);

// Pauses the newest running job of the lowest class. False when fewer than two run: the last one always goes
// on.
bool PreemptNewest(World& world);

// Cells that the next decode call takes.
std::int64_t DecodingRows(const World& world);

// Answers to calls that found no cell, and makes room for one row of everyone who decodes.
void RelievePressure(World& world);

}  // namespace lares::scheduler
