// SPDX-License-Identifier: Apache-2.0
#include "app/config_print.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "app/settings.h"

namespace lares::app {
namespace {

std::string_view SectionOf(std::string_view key) {
  const std::size_t dot = key.find('.');
  return dot == std::string_view::npos ? std::string_view{} : key.substr(0, dot);
}

std::string_view NameOf(std::string_view key) { return key.substr(key.find('.') + 1); }

// YAML's double-quoted form: always safe, whatever the text begins with.
std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string YamlValue(const Setting& setting, const Config& config) {
  if (const auto* list = std::get_if<ListKind>(&setting.kind)) {
    std::string text;
    for (const std::string& item : list->at(config)) text += (text.empty() ? "" : ", ") + Quote(item);
    return "[" + text + "]";
  }
  const bool words = std::holds_alternative<TextKind>(setting.kind) ||
                     std::holds_alternative<PathKind>(setting.kind) ||
                     std::holds_alternative<CostsKind>(setting.kind);
  const std::string text = Format(setting, config);
  return words ? Quote(text) : text;
}

std::string OriginOf(const Setting& setting, const LoadedConfig& loaded) {
  const auto found = loaded.origins.find(std::string(setting.key));
  return found == loaded.origins.end() ? "default" : found->second;
}

std::string Line(const Setting& setting, const LoadedConfig& loaded) {
  const bool set = loaded.origins.contains(std::string(setting.key));
  std::string line(NameOf(setting.key));
  if (std::holds_alternative<SecretKind>(setting.kind)) {
    return "# " + line + ": " + (set ? "set, not shown (" + OriginOf(setting, loaded) + ")" : "not set");
  }
  line += ": " + YamlValue(setting, loaded.config);
  const std::size_t kColumn = 44;
  line.append(line.size() < kColumn ? kColumn - line.size() : 1, ' ');
  line += "# " + OriginOf(setting, loaded);
  if (!set && !setting.if_unset.empty()) line += "; " + std::string(setting.if_unset);
  return line;
}

std::string Code(std::string_view text) { return "`" + std::string(text) + "`"; }

// "|" would end a table's cell.
std::string Cell(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
    text.insert(at, 1, '\\');
  }
  return text;
}

std::string DefaultText(const Setting& setting) {
  const std::string value = Format(setting, Config{});
  if (!setting.if_unset.empty()) return std::string(setting.if_unset);
  return Code(value);
}

std::string TableRow(const Setting& setting) {
  const std::string allowed = AllowedText(setting);
  std::string flag(setting.flag);
  if (const std::string_view value = Placeholder(setting); !value.empty()) flag += " " + std::string(value);
  return "| " + Code(setting.key) + " | " + Code(flag) + " | " + Code(EnvironmentName(setting)) + " | " +
         Cell(std::string(setting.help)) + " | " + Cell(DefaultText(setting)) + " | " + Cell(allowed) +
         " |\n";
}

constexpr std::string_view kPageHead = R"(# Configuration

<!-- Made by `lares config --markdown` from src/app/settings.cc; a test keeps it up to date. -->

A setting can stand in a YAML file, in the environment and on the command line. Of two values the later one in this list
counts: default, file, environment, flag. `lares config` prints what is in force and where each value came from; its
output is a configuration file.

- The file is the one named by `--config FILE`, else by `LARES_CONFIG`, else `$XDG_CONFIG_HOME/lares/config.yaml`
  (`~/.config/lares/config.yaml`) when it exists. Relative paths in it count from its folder.
- A key that does not exist is an error that names the line and the nearest key there is. So is an environment variable
  that is almost, but not quite, one of these.
- Sizes: `512MiB`, `4GiB`, `1.5GB` or bytes. Durations: `500ms`, `30s`, `5min`, `1h`. Lists: a YAML list, or words
  separated by commas; flags of lists can be repeated.

```yaml
model:
  path: models/SmolLM2-135M-Instruct.Q8_0.gguf
  served_names: [default]
server:
  port: 8080
scheduling:
  itl_p99: 300ms
log:
  format: json
```

Many models behind one address: `lares serve --models DIR`, or a catalogue, in which each model may have its own settings
of the section `model` (the others are as they stand there) and may be `pinned`:

```yaml
models:
  folder: models
  unload_after: 30min
  catalogue:
    assistant:
      path: models/glm-4-9b.Q4_K_M.gguf
      served_names: [default, gpt-4o]
      context: 16384
      pinned: true
```

Beyond loopback the server starts only with API keys and TLS:

```sh
lares serve model.gguf --host 0.0.0.0 --api-key-file keys --tls-cert cert.pem --tls-key key.pem
```

`--tls-terminated-upstream` says that a proxy in front does TLS (keys are still required); `--insecure` does without
either, for a network you trust.
)";

// What a model of the catalogue has of its own.
std::string CatalogueText(const LoadedConfig& loaded) {
  std::string text;
  for (const CatalogueEntry& entry : loaded.config.models.catalogue) {
    text += (text.empty() ? "  catalogue:\n    " : "    ") + Quote(entry.name) + ":\n";
    Config own;
    own.model = entry.settings;
    for (const Setting& setting : AllSettings()) {
      if (SectionOf(setting.key) != "model" || setting.hidden) continue;
      if (Format(setting, own) == Format(setting, loaded.config)) continue;
      text += "      " + std::string(NameOf(setting.key)) + ": " + YamlValue(setting, own) + "\n";
    }
    if (entry.pinned) text += "      pinned: true\n";
  }
  return text;
}

}  // namespace

std::string PrintConfig(const LoadedConfig& loaded) {
  std::string text = "# The configuration in force. ";
  text += loaded.file.empty() ? "No file was read.\n" : "File: " + loaded.file + "\n";
  std::string_view section;
  for (const Setting& setting : AllSettings()) {
    if (setting.hidden && !loaded.origins.contains(std::string(setting.key))) continue;
    if (SectionOf(setting.key) != section) {
      if (section == "models") text += CatalogueText(loaded);
      section = SectionOf(setting.key);
      text += std::string(section) + ":\n";
    }
    text += (section.empty() ? "" : "  ") + Line(setting, loaded) + "\n";
  }
  return text;
}

std::string ConfigurationPage() {
  std::string page(kPageHead);
  std::string_view group;
  for (const Setting& setting : AllSettings()) {
    if (setting.hidden) continue;
    if (setting.group != group) {
      group = setting.group;
      page += "\n## " + std::string(group) + "\n\n| key | flag | environment | what | default | allowed |\n" +
              "|---|---|---|---|---|---|\n";
    }
    page += TableRow(setting);
  }
  return page;
}

}  // namespace lares::app
