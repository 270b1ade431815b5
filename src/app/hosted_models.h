// SPDX-License-Identifier: Apache-2.0
//
// Which models a configuration is about, under which names.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "base/error.h"
#include "core/model_spec.h"

namespace lares::app {

struct HostedModel {
  core::ModelSpec spec;
  ModelSettings settings;
  bool pinned = false;
};

// Names and files of one model.
core::ModelSpec DescribeModel(const ModelSettings& settings);

// The model that is named itself, those of the catalogue, those of the folder; in this order, the last ones
// by name. A file of the folder that one of the others has already is not there twice. Errors: no model at
// all, one name for two, a pinned one that does not exist, a folder that cannot be read.
base::Result<std::vector<HostedModel>> HostedModels(const Config& config);

}  // namespace lares::app
