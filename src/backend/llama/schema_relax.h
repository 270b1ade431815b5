// SPDX-License-Identifier: Apache-2.0
//
// Tools come with whatever schema their author wrote, and the model reads it as a description. What would
// make the grammar impossible, but is only a refinement, is left out of it here. Pure.
#pragma once

#include <string>

namespace lares::backend::llama {

// `schema` without patterns and lengths that no grammar can hold; unchanged, byte for byte, when there are
// none or when it is no JSON. Its nesting has been checked.
std::string RelaxSchema(const std::string& schema);

}  // namespace lares::backend::llama
