// SPDX-License-Identifier: Apache-2.0
#include "app/config_loader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include <unistd.h>

#include "app/config_file.h"
#include "app/nearest.h"
#include "app/settings.h"
#include "app/value_text.h"
#include "base/check.h"

namespace lares::app {
namespace {

using base::Code;
using base::Result;
using base::Status;
namespace fs = std::filesystem;

constexpr std::string_view kFileVariable = "LARES_CONFIG";

std::string Get(const Environment& environment, std::string_view name) {
  const auto found = environment.find(std::string(name));
  return found == environment.end() ? std::string() : found->second;
}

std::string BelowHome(const Environment& environment, std::string_view variable, std::string_view fallback) {
  // The XDG specification: a relative path in these variables is invalid and to be ignored.
  if (const std::string base = Get(environment, variable); base.starts_with('/')) return base;
  const std::string home = Get(environment, "HOME");
  return home.empty() ? std::string() : home + "/" + std::string(fallback);
}

// Brings paths into the form that the process can use, whatever its working folder or shell.
void ResolvePath(const Setting& setting, const std::string& folder, const Environment& environment,
                 Config& config) {
  const auto* kind = std::get_if<PathKind>(&setting.kind);
  if (kind == nullptr) return;
  std::string& path = kind->at(config);
  const std::string home = Get(environment, "HOME");
  if (path.starts_with("~/") && !home.empty()) path = home + path.substr(1);
  const bool relative = !path.empty() && !path.starts_with('/') && !path.starts_with("fake:");
  if (relative && !folder.empty()) path = (fs::path(folder) / path).lexically_normal().string();
}

Status AssignFrom(const std::string& origin, const Setting& setting, const std::string& value,
                  LoadedConfig& out) {
  if (auto assigned = Assign(setting, value, out.config); !assigned) {
    const bool secret = std::holds_alternative<SecretKind>(setting.kind);
    const std::string shown = secret ? "the value" : "\"" + value.substr(0, 80) + "\"";
    return base::Fail(Code::kInvalidArgument, std::string(setting.key) + " (from " + origin + "): " + shown +
                                                  " does not fit: " + assigned.error().message());
  }
  out.origins[std::string(setting.key)] = origin;
  return {};
}

Status ApplyFile(std::string_view text, const std::string& file, const Environment& environment,
                 LoadedConfig& out) {
  auto entries = ReadConfigText(text, file);
  if (!entries) return base::Fail(entries.error());
  const std::string folder = fs::path(file).parent_path().string();
  for (const FileEntry& entry : *entries) {
    if (SplitCatalogueKey(entry.key)) continue;  // when all else is known
    const Setting* setting = FindByKey(entry.key);
    LARES_CHECK(setting != nullptr);
    const std::string origin = file + ":" + std::to_string(entry.line);
    if (auto done = AssignFrom(origin, *setting, entry.value, out); !done) return done;
    ResolvePath(*setting, folder, environment, out.config);
  }
  return {};
}

// The setting's value in a configuration that has the model's own settings in the place of `model`.
Status AssignToModel(const std::string& origin, const CatalogueKey& key, const std::string& value,
                     const std::string& folder, const Environment& environment, CatalogueEntry& entry) {
  if (key.setting == "pinned") {
    const auto pinned = ParseBool(value);
    if (!pinned) return base::Fail(Code::kInvalidArgument, origin + ": pinned: " + pinned.error().message());
    entry.pinned = *pinned;
    return {};
  }
  const Setting* setting = FindByKey("model." + key.setting);
  LARES_CHECK(setting != nullptr);
  LoadedConfig scratch;
  scratch.config.model = std::move(entry.settings);
  auto done = AssignFrom(origin, *setting, value, scratch);
  ResolvePath(*setting, folder, environment, scratch.config);
  entry.settings = std::move(scratch.config.model);
  return done;
}

// After everything else, because a model of the catalogue begins with what holds for all.
Status ApplyCatalogue(std::string_view text, const std::string& file, const Environment& environment,
                      LoadedConfig& out) {
  const auto entries = ReadConfigText(text, file);
  if (!entries) return base::Fail(entries.error());
  const std::string folder = fs::path(file).parent_path().string();
  auto& catalogue = out.config.models.catalogue;
  for (const FileEntry& entry : *entries) {
    const auto key = SplitCatalogueKey(entry.key);
    if (!key) continue;
    auto model = std::ranges::find(catalogue, key->name, &CatalogueEntry::name);
    if (model == catalogue.end()) {
      catalogue.push_back({.name = key->name, .settings = out.config.model, .pinned = false});
      model = std::prev(catalogue.end());
      for (std::string* own : {&model->settings.path, &model->settings.chat_template}) own->clear();
      model->settings.served_names.clear();
    }
    const std::string origin = file + ":" + std::to_string(entry.line);
    if (auto done = AssignToModel(origin, *key, entry.value, folder, environment, *model); !done) return done;
  }
  for (const CatalogueEntry& model : catalogue) {
    if (!model.settings.path.empty()) continue;
    return base::Fail(Code::kInvalidArgument,
                      file + ": the model \"" + model.name + "\" of the catalogue has no path");
  }
  return {};
}

// A variable that is almost one of ours is a typing error. Others may begin with LARES_ too: build scripts
// and people's own.
Status CheckVariableNames(const Environment& environment) {
  std::vector<std::string> known{std::string(kFileVariable)};
  for (const Setting& setting : AllSettings()) known.push_back(EnvironmentName(setting));
  for (const auto& [name, value] : environment) {
    if (!name.starts_with("LARES_") || std::ranges::find(known, name) != known.end()) continue;
    for (const std::string& right : known) {
      if (EditDistance(name, right) > (right.size() < 14 ? 1U : 2U)) continue;
      return base::Fail(Code::kInvalidArgument,
                        "unknown environment variable " + name + "; did you mean " + right + "?");
    }
  }
  return {};
}

// Kubernetes sets LARES_PORT=tcp://... in every pod beside a service called "lares".
bool IsServiceLink(std::string_view value) {
  return value.starts_with("tcp://") || value.starts_with("udp://");
}

Status ApplyEnvironment(const Environment& environment, LoadedConfig& out) {
  if (auto checked = CheckVariableNames(environment); !checked) return checked;
  for (const Setting& setting : AllSettings()) {
    const std::string name = EnvironmentName(setting);
    const auto found = environment.find(name);
    if (found == environment.end() || IsServiceLink(found->second)) continue;
    if (auto done = AssignFrom(name, setting, found->second, out); !done) return done;
    ResolvePath(setting, "", environment, out.config);
  }
  return {};
}

Status ApplyFlags(const std::vector<FlagValue>& flags, const Environment& environment, LoadedConfig& out) {
  for (const FlagValue& flag : flags) {
    const Setting* setting = FindByKey(flag.key);
    LARES_CHECK(setting != nullptr);
    if (auto done = AssignFrom(std::string(setting->flag), *setting, flag.value, out); !done) return done;
    ResolvePath(*setting, "", environment, out.config);
  }
  return {};
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return base::Fail(Code::kNotFound,
                      "cannot read the configuration file " + path + ": " + std::strerror(errno));
  }
  std::string text(kMaxConfigBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad() || (text.empty() && fs::is_directory(path))) {
    return base::Fail(Code::kInvalidArgument, path + " is not a configuration file");
  }
  return text;
}

}  // namespace

Environment CurrentEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

std::vector<std::string> EnvironmentWithoutSettings() {
  std::vector<std::string> kept;
  for (const auto& [name, value] : CurrentEnvironment()) {
    if (!name.starts_with("LARES_")) kept.push_back(name + "=" + value);
  }
  return kept;
}

std::string DefaultConfigFile(const Environment& environment) {
  const std::string base = BelowHome(environment, "XDG_CONFIG_HOME", ".config");
  return base.empty() ? base : base + "/lares/config.yaml";
}

std::string DefaultDataDirectory(const Environment& environment) {
  const std::string base = BelowHome(environment, "XDG_DATA_HOME", ".local/share");
  return base.empty() ? base : base + "/lares";
}

Result<LoadedConfig> MergeConfig(std::string_view text, const std::string& file,
                                 const Environment& environment, const std::vector<FlagValue>& flags) {
  LoadedConfig loaded;
  loaded.file = file;
  loaded.config.data_directory = DefaultDataDirectory(environment);
  if (auto done = ApplyFile(text, file, environment, loaded); !done) return base::Fail(done.error());
  if (auto done = ApplyEnvironment(environment, loaded); !done) return base::Fail(done.error());
  if (auto done = ApplyFlags(flags, environment, loaded); !done) return base::Fail(done.error());
  if (auto done = ApplyCatalogue(text, file, environment, loaded); !done) return base::Fail(done.error());
  if (loaded.config.data_directory.empty()) {
    return base::Fail(Code::kFailedPrecondition,
                      "no place for the data directory: HOME is not set; name one with --data DIR");
  }
  return loaded;
}

Result<LoadedConfig> LoadConfig(const std::optional<std::string>& file, const Environment& environment,
                                const std::vector<FlagValue>& flags) {
  std::string path = file.value_or(Get(environment, kFileVariable));
  if (path.empty()) {
    path = DefaultConfigFile(environment);
    std::error_code ignored;
    if (path.empty() || !fs::exists(path, ignored)) return MergeConfig("", "", environment, flags);
  }
  const auto text = ReadFile(path);
  if (!text) return base::Fail(text.error());
  return MergeConfig(*text, path, environment, flags);
}

}  // namespace lares::app
