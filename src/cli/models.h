// SPDX-License-Identifier: Apache-2.0
//
// `lares models` and `lares models convert`.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/error.h"
#include "cli/model_list.h"
#include "cli/run_options.h"

namespace lares::cli {

int Models(const app::Config& config, const ModelsOptions& options, std::ostream& out, std::ostream& err);

// How a model's weights are written in another form. Answers a sentence on what was gained and lost.
using Converter = std::function<base::Result<std::string>(const std::string& input, const std::string& output,
                                                          const std::string& type)>;

// Writes beside the output first and renames at the end: a conversion that fails leaves nothing behind.
int Convert(const ConvertOptions& options, const Converter& converter, std::ostream& out, std::ostream& err);

// What Models prints. Pure.
std::string ModelsTable(const std::string& server, const std::vector<ServedModel>& served,
                        const std::vector<ModelFile>& files);
std::string ModelsJson(const std::string& server, const std::vector<ServedModel>& served,
                       const std::vector<ModelFile>& files);

}  // namespace lares::cli
