// SPDX-License-Identifier: Apache-2.0
//
// References within a JSON schema. Pure.
#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace lares::backend::llama {

// The schema that `ref` ("#/$defs/a") leads to, over further references; null when there is none, or a
// circle.
const nlohmann::json* ResolveRef(const nlohmann::json& root, const nlohmann::json& ref);

// Empty when `ref` leads to a schema of `root` without going round in circles, else what is wrong with it.
std::string WhyRefFails(const nlohmann::json& root, const nlohmann::json& ref, std::size_t max_bytes);

}  // namespace lares::backend::llama
