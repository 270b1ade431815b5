// SPDX-License-Identifier: Apache-2.0
#include "app/setting.h"

#include <algorithm>
#include <limits>

#include "app/fixed_costs.h"
#include "app/value_text.h"
#include "base/utf8.h"

namespace lares::app {
namespace {

using base::Code;
using base::Fail;
using base::Status;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

std::string Join(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

std::string Join(const std::vector<std::string>& words) {
  return Join(std::vector<std::string_view>(words.begin(), words.end()));
}

Status CheckText(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    return Fail(Code::kOutOfRange, "at most " + std::to_string(kMaxTextBytes) + " bytes are allowed");
  }
  // A line break or a NUL in a path or a name is a mistake, or an attack on whoever prints it.
  const bool control = std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (control || !base::IsValidUtf8(text)) {
    return Fail(Code::kInvalidArgument, "control characters and broken UTF-8 are not allowed");
  }
  return {};
}

Status AssignText(std::string_view text, std::string& out) {
  if (auto fine = CheckText(text); !fine) return fine;
  out = std::string(text);
  return {};
}

Status AssignChoice(const ChoiceKind& kind, std::string_view text, Config& config) {
  const auto word = std::ranges::find(kind.words, Trim(text));
  if (word == kind.words.end()) return Fail(Code::kInvalidArgument, "allowed is " + Join(kind.words));
  kind.at(config) = std::string(*word);
  return {};
}

Status AssignList(const ListKind& kind, std::string_view text, Config& config) {
  if (text.size() > kMaxTextBytes * 4) return Fail(Code::kOutOfRange, "the list is too long");
  std::vector<std::string> items = SplitList(text);
  if (items.size() > kMaxListItems) {
    return Fail(Code::kOutOfRange, "at most " + std::to_string(kMaxListItems) + " items are allowed");
  }
  for (const std::string& item : items) {
    if (auto fine = CheckText(item); !fine) return fine;
  }
  kind.at(config) = std::move(items);
  return {};
}

// For numbers: parse, hold against the bounds, store.
template <class K, class Parsed>
Status AssignNumber(const K& kind, const base::Result<Parsed>& value, const std::string& allowed,
                    Config& config) {
  if (!value) return Fail(value.error().code(), value.error().message() + "; allowed is " + allowed);
  if (*value < kind.least || *value > kind.most) return Fail(Code::kOutOfRange, "allowed is " + allowed);
  auto& place = kind.at(config);
  place = static_cast<std::remove_reference_t<decltype(place)>>(*value);
  return {};
}

Status AssignSwitch(const SwitchKind& kind, std::string_view text, Config& config) {
  const auto value = ParseBool(text);
  if (!value) return Fail(value.error());
  kind.at(config) = *value;
  return {};
}

Status AssignCosts(const CostsKind& kind, std::string_view text, Config& config) {
  if (Trim(text).empty()) {
    kind.at(config).reset();
    return {};
  }
  auto value = ParseFixedCosts(text);
  if (!value) return Fail(value.error());
  kind.at(config) = *value;
  return {};
}

Status AssignSecret(const SecretKind& kind, std::string_view text, Config& config) {
  if (auto fine = CheckText(text); !fine) return fine;
  kind.at(config) = base::Secret(std::string(text));
  return {};
}

}  // namespace

std::string EnvironmentName(const Setting& setting) {
  std::string name = "LARES_";
  for (const char c : setting.flag.substr(2)) {
    name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

Status Assign(const Setting& setting, std::string_view text, Config& config) {
  const std::string allowed = AllowedText(setting);
  return std::visit(
      Overloaded{
          [&](const IntegerKind& k) { return AssignNumber(k, ParseInteger(text), allowed, config); },
          [&](const SizeKind& k) { return AssignNumber(k, ParseSize(text), allowed, config); },
          [&](const DurationKind& k) { return AssignNumber(k, ParseDuration(text), allowed, config); },
          [&](const SwitchKind& k) { return AssignSwitch(k, text, config); },
          [&](const TextKind& k) { return AssignText(text, k.at(config)); },
          [&](const PathKind& k) { return AssignText(text, k.at(config)); },
          [&](const ChoiceKind& k) { return AssignChoice(k, text, config); },
          [&](const ListKind& k) { return AssignList(k, text, config); },
          [&](const SecretKind& k) { return AssignSecret(k, text, config); },
          [&](const CostsKind& k) { return AssignCosts(k, text, config); },
      },
      setting.kind);
}

std::string Format(const Setting& setting, const Config& config) {
  return std::visit(
      Overloaded{
          [&](const IntegerKind& k) { return std::to_string(k.at(config)); },
          [&](const SizeKind& k) { return FormatSize(k.at(config)); },
          [&](const DurationKind& k) { return FormatDuration(k.at(config)); },
          [&](const SwitchKind& k) { return std::string(k.at(config) ? "true" : "false"); },
          [&](const ListKind& k) { return Join(k.at(config)); },
          [&](const SecretKind& k) { return std::string(k.at(config).empty() ? "" : "(hidden)"); },
          [&](const CostsKind& k) { return k.at(config) ? FormatFixedCosts(*k.at(config)) : std::string(); },
          [&](const auto& k) { return k.at(config); },
      },
      setting.kind);
}

std::string AllowedText(const Setting& setting) {
  return std::visit(
      Overloaded{
          [](const IntegerKind& k) { return std::to_string(k.least) + " to " + std::to_string(k.most); },
          [](const SizeKind& k) { return FormatSize(k.least) + " to " + FormatSize(k.most); },
          [](const DurationKind& k) { return FormatDuration(k.least) + " to " + FormatDuration(k.most); },
          [](const SwitchKind&) { return std::string("true or false"); },
          [](const ChoiceKind& k) { return Join(k.words); },
          [](const auto&) { return std::string(); },
      },
      setting.kind);
}

std::string_view Placeholder(const Setting& setting) {
  using View = std::string_view;
  return std::visit(Overloaded{
                        [](const IntegerKind&) { return View("N"); },
                        [](const SizeKind&) { return View("SIZE"); },
                        [](const DurationKind&) { return View("DURATION"); },
                        [](const SwitchKind&) { return View(); },
                        [](const PathKind&) { return View("PATH"); },
                        [](const ChoiceKind&) { return View("WORD"); },
                        [](const ListKind&) { return View("A,B"); },
                        [](const CostsKind&) { return View("COSTS"); },
                        [](const auto&) { return View("TEXT"); },
                    },
                    setting.kind);
}

}  // namespace lares::app
