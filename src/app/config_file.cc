// SPDX-License-Identifier: Apache-2.0
#include "app/config_file.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "app/settings.h"

namespace lares::app {
namespace {

using base::Code;
using base::Status;

int LineOf(const YAML::Node& node) { return node.Mark().line + 1; }

bool IsSection(std::string_view key) {
  const std::string prefix = std::string(key) + ".";
  return std::ranges::any_of(AllSettings(), [&](const Setting& s) { return s.key.starts_with(prefix); });
}

class Reader {
 public:
  explicit Reader(const std::string& name) : name_(name) {}

  Status ReadSection(const YAML::Node& map, const std::string& prefix) {
    for (const auto& pair : map) {
      if (!pair.first.IsScalar()) return Wrong(LineOf(pair.first), "a key must be a word");
      const std::string key = prefix + pair.first.Scalar();
      if (auto read = ReadPair(key, LineOf(pair.first), pair.second); !read) return read;
    }
    return {};
  }

  std::unexpected<base::Error> Wrong(int line, const std::string& what) const {
    return base::Fail(Code::kInvalidArgument, name_ + ":" + std::to_string(line) + ": " + what);
  }

  std::vector<FileEntry> TakeEntries() { return std::move(entries_); }

 private:
  Status ReadPair(const std::string& key, int line, const YAML::Node& value) {
    if (key == kCatalogue) return ReadCatalogue(line, value);
    if (const Setting* setting = FindByKey(key)) return ReadSetting(*setting, line, value);
    if (!IsSection(key)) return UnknownKey(key, line);
    if (value.IsNull()) return {};  // a section whose settings are all commented out
    if (value.IsMap()) return ReadSection(value, key + ".");
    return Wrong(line, "\"" + key + "\" is a section: its settings stand below it, indented");
  }

  // One section for each model, by its name.
  Status ReadCatalogue(int line, const YAML::Node& models) {
    if (models.IsNull()) return {};
    if (!models.IsMap()) return Wrong(line, "the catalogue is a section: models by their names, indented");
    for (const auto& model : models) {
      const int at = LineOf(model.first);
      if (!model.first.IsScalar() || model.first.Scalar().empty()) return Wrong(at, "a model has a name");
      if (!model.second.IsMap()) return Wrong(at, "the settings of a model stand below its name, indented");
      if (++models_ > kMaxModels) return Wrong(at, "more than " + std::to_string(kMaxModels) + " models");
      const std::string prefix = std::string(kCatalogue) + "." + model.first.Scalar() + ".";
      for (const auto& pair : model.second) {
        if (auto read = ReadModelPair(prefix, pair.first, pair.second); !read) return read;
      }
    }
    return {};
  }

  Status ReadModelPair(const std::string& prefix, const YAML::Node& name, const YAML::Node& value) {
    const int line = LineOf(name);
    if (!name.IsScalar()) return Wrong(line, "a key must be a word");
    if (name.Scalar() == "pinned") return Add(prefix + "pinned", line, value, false);
    const Setting* setting = FindByKey("model." + name.Scalar());
    if (setting == nullptr) return UnknownKey("model." + name.Scalar(), line);
    return Add(prefix + name.Scalar(), line, value, std::holds_alternative<ListKind>(setting->kind));
  }

  Status UnknownKey(const std::string& key, int line) const {
    const std::string_view near = NearestKey(key);
    std::string what = "unknown key \"" + key + "\"";
    if (near.empty()) return Wrong(line, what + "; `lares config` lists them all");
    return Wrong(line, what + "; did you mean \"" + std::string(near) + "\"?");
  }

  Status ReadSetting(const Setting& setting, int line, const YAML::Node& value) {
    return Add(std::string(setting.key), line, value, std::holds_alternative<ListKind>(setting.kind));
  }

  Status Add(const std::string& key, int line, const YAML::Node& value, bool list) {
    const auto same = std::ranges::find(entries_, key, &FileEntry::key);
    if (same != entries_.end()) {
      return Wrong(line, "\"" + key + "\" stands here a second time; the first is on line " +
                             std::to_string(same->line));
    }
    std::optional<std::string> text;
    if (value.IsScalar()) text = value.Scalar();
    if (value.IsSequence() && list) text = JoinItems(value);
    if (!text) {
      return Wrong(line, "\"" + key + "\" takes " + (list ? "a value or a list of values" : "one value"));
    }
    entries_.push_back({.key = key, .value = std::move(*text), .line = line});
    return {};
  }

  static std::optional<std::string> JoinItems(const YAML::Node& sequence) {
    std::string text;
    for (const YAML::Node& item : sequence) {
      if (!item.IsScalar()) return {};
      text += (text.empty() ? "" : ",") + item.Scalar();
      if (text.size() > kMaxConfigBytes) return {};
    }
    return text;
  }

  const std::string& name_;
  std::vector<FileEntry> entries_;
  std::size_t models_ = 0;
};

}  // namespace

// Names may hold dots, settings do not.
std::optional<CatalogueKey> SplitCatalogueKey(std::string_view key) {
  const std::string prefix = std::string(kCatalogue) + ".";
  if (!key.starts_with(prefix)) return std::nullopt;
  key.remove_prefix(prefix.size());
  const std::size_t dot = key.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  return CatalogueKey{.name = std::string(key.substr(0, dot)), .setting = std::string(key.substr(dot + 1))};
}

base::Result<std::vector<FileEntry>> ReadConfigText(std::string_view text, const std::string& name) {
  if (text.size() > kMaxConfigBytes) {
    return base::Fail(Code::kInvalidArgument, name + ": larger than 1 MiB, which no configuration is");
  }
  Reader reader(name);
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (root.IsNull()) return std::vector<FileEntry>{};
    if (!root.IsMap()) return reader.Wrong(1, "expected `key: value` lines");
    if (auto read = reader.ReadSection(root, ""); !read) return base::Fail(read.error());
  } catch (const YAML::Exception& error) {
    return reader.Wrong(std::max(error.mark.line, 0) + 1, "not valid YAML: " + error.msg);
  }
  return reader.TakeEntries();
}

}  // namespace lares::app
