// SPDX-License-Identifier: Apache-2.0
//
// Whether the grammar maker can merge the parts of an "allOf": objects that have different properties, or
// lists of values that have some in common. Of anything else it would hold a part and drop the rest. Pure.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace lares::backend::llama {

struct Objection {
  std::string place;  // below the schema, e.g. ".allOf[1].properties.a"
  std::string why;
};

// `schema` has an "allOf", a list whose parts are schemas that were checked; `root`: where references lead.
std::optional<Objection> WhyPartsDoNotMerge(const nlohmann::json& root, const nlohmann::json& schema);

}  // namespace lares::backend::llama
