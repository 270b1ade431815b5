// SPDX-License-Identifier: Apache-2.0
//
// A checked schema as the grammar maker shall see it. Pure.
#pragma once

#include <string>

#include "backend/llama/schema_check.h"

namespace lares::backend::llama {

// Regular expressions are rewritten so that what they let through is always valid JSON. With kBounded, what
// would make a grammar impossible, but is only a refinement (tools come with whatever schema their author
// wrote), is left out. Unchanged, byte for byte, when there is nothing to do or when it is no JSON. Its
// nesting has been checked.
std::string PrepareSchema(const std::string& schema, SchemaRigour rigour);

}  // namespace lares::backend::llama
