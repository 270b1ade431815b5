// SPDX-License-Identifier: Apache-2.0
//
// One setting: its names, its kind with the bounds, where its value lives in Config, and what to tell people
// about it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/config.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

namespace lares::app {

// The way from a Config to one of its values. `F` is a captureless generic lambda
// `[](auto& c) -> auto& { return c.server.port; }`, so that one expression serves reading and writing.
template <class T>
class Access {
 public:
  template <class F>
  Access(F)  // NOLINT(google-explicit-constructor): makes the table readable
      : write_([](Config& c) -> T& { return F{}(c); }),
        read_([](const Config& c) -> const T& { return F{}(c); }) {}

  T& operator()(Config& config) const { return write_(config); }
  const T& operator()(const Config& config) const { return read_(config); }

 private:
  T& (*write_)(Config&);
  const T& (*read_)(const Config&);
};

struct IntegerKind {
  Access<std::int32_t> at;
  std::int64_t least = 0;
  std::int64_t most = 0;
};
struct SizeKind {
  Access<std::uint64_t> at;
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};
struct DurationKind {
  Access<base::Duration> at;
  base::Duration least{};
  base::Duration most{};
};
struct SwitchKind {
  Access<bool> at;
};
struct TextKind {
  Access<std::string> at;
};
struct PathKind {  // relative ones in a file count from the file's folder; "~/" is the home folder
  Access<std::string> at;
};
struct ChoiceKind {
  Access<std::string> at;
  std::span<const std::string_view> words;
};
struct ListKind {
  Access<std::vector<std::string>> at;
};
struct SecretKind {
  Access<base::Secret> at;
};
struct CostsKind {
  Access<std::optional<scheduler::FixedCosts>> at;
};

using Kind = std::variant<IntegerKind, SizeKind, DurationKind, SwitchKind, TextKind, PathKind, ChoiceKind,
                          ListKind, SecretKind, CostsKind>;

// Which commands take the setting as a flag.
enum Scope : unsigned {
  kServing = 1U,       // serve
  kClient = 2U,        // commands that talk to a server
  kPrivateModel = 4U,  // run, for the model it loads when no server runs
  kWorker = 8U,        // worker, which serve starts
  kEngineScope = kServing | kWorker,
  kModelScope = kEngineScope | kPrivateModel,
  kEverywhere = kEngineScope | kClient,
};

struct Setting {
  std::string_view key;   // "server.port", as in the YAML file
  std::string_view flag;  // "--port"
  Scope scope = kServing;
  Kind kind;
  std::string_view group;     // heading in the help
  std::string_view help;      // one sentence without a full stop
  std::string_view if_unset;  // what an empty or zero default stands for; empty: the default says it
  bool hidden = false;        // for tests: not in --help
};

inline constexpr std::size_t kMaxListItems = 256;
inline constexpr std::size_t kMaxTextBytes = 4096;

// "--ctx-size" -> "LARES_CTX_SIZE".
std::string EnvironmentName(const Setting& setting);

// Reads `text` into the setting's place. The error says what is allowed, not which setting it is.
base::Status Assign(const Setting& setting, std::string_view text, Config& config);

// The value as text that Assign takes back. A secret shows as "(hidden)" when set.
std::string Format(const Setting& setting, const Config& config);

// "0 to 65535", "f32, f16, ...": what is allowed; empty when anything is.
std::string AllowedText(const Setting& setting);

// What stands for the value in the help: "N", "SIZE", "DURATION", "PATH"; empty for a switch.
std::string_view Placeholder(const Setting& setting);

}  // namespace lares::app
