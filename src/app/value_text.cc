// SPDX-License-Identifier: Apache-2.0
#include "app/value_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace lares::app {
namespace {

using base::Code;

template <class Unit>
struct NamedUnit {
  std::string_view name;
  Unit factor;
};

constexpr std::array<NamedUnit<std::uint64_t>, 14> kSizeUnits = {{
    {"", 1},
    {"B", 1},
    {"KiB", 1ULL << 10},
    {"MiB", 1ULL << 20},
    {"GiB", 1ULL << 30},
    {"TiB", 1ULL << 40},
    {"K", 1ULL << 10},
    {"M", 1ULL << 20},
    {"G", 1ULL << 30},
    {"T", 1ULL << 40},
    {"kB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
}};

constexpr std::array<NamedUnit<std::int64_t>, 6> kTimeUnits = {{
    {"h", 3'600'000'000'000},
    {"min", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
}};

constexpr std::string_view kSizeExpected = "expected a size such as 512MiB or 4GiB";
constexpr std::string_view kDurationExpected = "expected a duration such as 500ms, 30s or 5min";

base::Error Expected(std::string_view what) { return {Code::kInvalidArgument, std::string(what)}; }

struct Quantity {
  double number = 0;
  std::string_view unit;
};

// "1.5 GiB" -> 1.5 and "GiB". Only plain decimal numbers that are not negative.
bool SplitQuantity(std::string_view text, Quantity& out) {
  text = Trim(text);
  const std::size_t end = text.find_first_not_of("0123456789.");
  const std::string_view digits = text.substr(0, end);
  const auto [rest, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), out.number, std::chars_format::fixed);
  if (error != std::errc{} || rest != digits.data() + digits.size()) return false;
  out.unit = end == std::string_view::npos ? std::string_view{} : Trim(text.substr(end));
  return true;
}

// 1.5 and 1024 -> 1536; false when it does not fit or is not whole.
bool Scale(double number, double factor, double limit, double& out) {
  out = number * factor;
  return out < limit && out == std::floor(out);
}

bool ReadWhole(std::string_view digits, std::uint64_t& out) {
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc{} && rest == digits.data() + digits.size();
}

}  // namespace

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

base::Result<std::int64_t> ParseInteger(std::string_view text) {
  text = Trim(text);
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size()) {
    return base::Fail(Expected("expected a whole number"));
  }
  return value;
}

base::Result<std::uint64_t> ParseSize(std::string_view text) {
  std::uint64_t whole = 0;
  if (ReadWhole(Trim(text), whole)) return whole;
  Quantity quantity;
  if (!SplitQuantity(text, quantity)) return base::Fail(Expected(kSizeExpected));
  for (const auto& unit : kSizeUnits) {
    double bytes = 0;
    if (unit.name != quantity.unit) continue;
    // 2^63 and not 2^64: the result must survive a round trip through signed file offsets.
    if (!Scale(quantity.number, static_cast<double>(unit.factor), 0x1p63, bytes)) break;
    return static_cast<std::uint64_t>(bytes);
  }
  return base::Fail(Expected(kSizeExpected));
}

std::string FormatSize(std::uint64_t bytes) {
  for (const auto* name : {"TiB", "GiB", "MiB", "KiB"}) {
    for (const auto& unit : kSizeUnits) {
      if (unit.name == name && bytes >= unit.factor && bytes % unit.factor == 0) {
        return std::to_string(bytes / unit.factor) + name;
      }
    }
  }
  return std::to_string(bytes);
}

base::Result<base::Duration> ParseDuration(std::string_view text) {
  Quantity quantity;
  if (!SplitQuantity(text, quantity)) return base::Fail(Expected(kDurationExpected));
  if (quantity.unit.empty() && quantity.number == 0) return base::Duration{};
  for (const auto& unit : kTimeUnits) {
    if (unit.name != quantity.unit) continue;
    const double nanoseconds = std::round(quantity.number * static_cast<double>(unit.factor));
    if (nanoseconds >= 0x1p62) break;
    return base::Duration{static_cast<std::int64_t>(nanoseconds)};
  }
  return base::Fail(Expected(kDurationExpected));
}

std::string FormatDuration(base::Duration duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  for (const auto& unit : kTimeUnits) {
    if (count % unit.factor == 0) return std::to_string(count / unit.factor) + std::string(unit.name);
  }
  std::unreachable();  // every count is a whole number of nanoseconds
}

base::Result<bool> ParseBool(std::string_view text) {
  text = Trim(text);
  for (const auto* word : {"true", "yes", "on", "1"}) {
    if (text == word) return true;
  }
  for (const auto* word : {"false", "no", "off", "0"}) {
    if (text == word) return false;
  }
  return base::Fail(Expected("expected true or false"));
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view part = Trim(text.substr(0, comma));
    if (!part.empty()) parts.emplace_back(part);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return parts;
}

}  // namespace lares::app
