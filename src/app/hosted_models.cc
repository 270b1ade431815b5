// SPDX-License-Identifier: Apache-2.0
#include "app/hosted_models.h"

#include <algorithm>
#include <filesystem>
#include <regex>
#include <system_error>
#include <utility>

#include "app/config_file.h"
#include "app/fake_model_path.h"

namespace lares::app {
namespace {

using base::Code;
namespace fs = std::filesystem;

// Each is a descriptor of its worker.
constexpr int kMostParts = 200;

bool IsNamed(const HostedModel& model, const std::string& name) {
  return model.spec.name == name || model.spec.name + ".gguf" == name ||
         std::ranges::find(model.spec.aliases, name) != model.spec.aliases.end();
}

// Later parts of a split model, and what is no model by itself.
bool IsPartOfAnother(const std::string& name) {
  static const std::regex part(R"(.*-\d{5}-of-\d{5}\.gguf)");
  const bool first = name.find("-00001-of-") != std::string::npos;
  return name.starts_with("mmproj") || (std::regex_match(name, part) && !first);
}

// Of a split model, named by its first part, all of them, whether they are there or not.
std::vector<std::string> PartsOf(const std::string& path) {
  static const std::regex first(R"((.*-)00001(-of-(\d{5})\.gguf))");
  std::smatch found;
  if (!std::regex_match(path, found, first)) return {path};
  const int count = std::clamp(std::stoi(found[3]), 1, kMostParts);
  std::vector<std::string> parts;
  for (int part = 1; part <= count; ++part) {
    const std::string number = std::to_string(100'000 + part).substr(1);
    parts.push_back(found[1].str() + number + found[2].str());
  }
  return parts;
}

base::Result<std::vector<std::string>> FilesOf(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.extension() != ".gguf" || IsPartOfAnother(path.filename().string())) continue;
    files.push_back(path.string());
    if (files.size() > kMaxModels) {
      return base::Fail(Code::kInvalidArgument,
                        folder + " holds more than " + std::to_string(kMaxModels) + " models");
    }
  }
  if (error) {
    return base::Fail(Code::kNotFound, "cannot read the folder of models " + folder + ": " + error.message());
  }
  std::ranges::sort(files);
  return files;
}

base::Status AddFolder(const Config& config, std::vector<HostedModel>& models) {
  if (config.models.folder.empty()) return {};
  const auto files = FilesOf(config.models.folder);
  if (!files) return base::Fail(files.error());
  for (const std::string& file : *files) {
    const auto same = [&](const HostedModel& model) {
      std::error_code ignored;
      return model.settings.path == file || fs::equivalent(model.settings.path, file, ignored);
    };
    if (std::ranges::any_of(models, same)) continue;
    ModelSettings settings = config.model;
    settings.path = file;
    settings.served_names.clear();
    settings.chat_template.clear();
    models.push_back({.spec = DescribeModel(settings), .settings = settings, .pinned = false});
  }
  return {};
}

base::Status CheckNames(const std::vector<HostedModel>& models) {
  for (std::size_t i = 0; i < models.size(); ++i) {
    std::vector<std::string> names = models[i].spec.aliases;
    names.push_back(models[i].spec.name);
    for (const std::string& name : names) {
      for (std::size_t k = 0; k < i; ++k) {
        if (!IsNamed(models[k], name)) continue;
        return base::Fail(Code::kInvalidArgument, "two models are called \"" + name +
                                                      "\": " + models[k].settings.path + " and " +
                                                      models[i].settings.path);
      }
    }
  }
  return {};
}

base::Status Pin(const Config& config, std::vector<HostedModel>& models) {
  for (const std::string& name : config.models.pinned) {
    const auto model =
        std::ranges::find_if(models, [&](const HostedModel& each) { return IsNamed(each, name); });
    if (model == models.end()) {
      return base::Fail(Code::kInvalidArgument, "the pinned model \"" + name + "\" does not exist");
    }
    model->pinned = true;
  }
  return {};
}

}  // namespace

core::ModelSpec DescribeModel(const ModelSettings& settings) {
  core::ModelSpec spec;
  if (IsFakeModel(settings.path)) {
    spec.name = "fake";
  } else {
    const fs::path path(settings.path);
    // The id is the name people say; the file's name with its ending works as well.
    spec.name = path.extension() == ".gguf" ? path.stem().string() : path.filename().string();
    if (path.filename() != spec.name && settings.name.empty()) {
      spec.aliases.push_back(path.filename().string());
    }
    spec.files = PartsOf(settings.path);
  }
  if (!settings.name.empty()) spec.name = settings.name;
  for (const std::string& name : settings.served_names) spec.aliases.push_back(name);
  return spec;
}

base::Result<std::vector<HostedModel>> HostedModels(const Config& config) {
  std::vector<HostedModel> models;
  if (!config.model.path.empty()) {
    models.push_back({.spec = DescribeModel(config.model), .settings = config.model, .pinned = true});
  }
  for (const CatalogueEntry& entry : config.models.catalogue) {
    ModelSettings settings = entry.settings;
    settings.name = entry.name;
    models.push_back({.spec = DescribeModel(settings), .settings = settings, .pinned = entry.pinned});
  }
  if (auto added = AddFolder(config, models); !added) return base::Fail(added.error());
  if (models.empty()) {
    return base::Fail(
        Code::kInvalidArgument,
        config.models.folder.empty()
            ? "no model was named; say `lares serve MODEL.gguf` or `lares serve --models DIR`, or "
              "set model.path in the configuration"
            : "there is no GGUF file in " + config.models.folder);
  }
  if (auto fine = CheckNames(models); !fine) return base::Fail(fine.error());
  if (auto pinned = Pin(config, models); !pinned) return base::Fail(pinned.error());
  return models;
}

}  // namespace lares::app
