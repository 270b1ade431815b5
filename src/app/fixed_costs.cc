// SPDX-License-Identifier: Apache-2.0
#include "app/fixed_costs.h"

#include <charconv>
#include <vector>

#include "app/value_text.h"

namespace lares::app {
namespace {

constexpr std::string_view kExpected =
    "expected decode=BASE:PER_ROW[:DEPTH_NS],prefill=BASE:PER_ROW[:DEPTH_NS], e.g. "
    "decode=5ms:200us,prefill=2ms:150us";

std::unexpected<base::Error> Wrong() {
  return base::Fail(base::Code::kInvalidArgument, std::string(kExpected));
}

std::vector<std::string_view> Split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

base::Result<double> ParseDepth(std::string_view text) {
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size() || !(value >= 0 && value < 1e9))
    return Wrong();
  return value;
}

base::Result<scheduler::StepCost> ParseCost(std::string_view text) {
  const auto parts = Split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return Wrong();
  const auto base = ParseDuration(parts[0]);
  const auto per_row = ParseDuration(parts[1]);
  const auto depth = parts.size() == 3 ? ParseDepth(parts[2]) : base::Result<double>(0.0);
  if (!base || !per_row || !depth) return Wrong();
  return scheduler::StepCost{.base = *base, .per_row = *per_row, .per_row_depth_ns = *depth};
}

std::string FormatCost(const scheduler::StepCost& cost) {
  std::string text = FormatDuration(cost.base) + ":" + FormatDuration(cost.per_row);
  if (cost.per_row_depth_ns == 0) return text;
  char digits[32];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), cost.per_row_depth_ns);
  return text + ":" + std::string(std::begin(digits), end);
}

}  // namespace

base::Result<scheduler::FixedCosts> ParseFixedCosts(std::string_view text) {
  constexpr std::string_view kDecode = "decode=";
  constexpr std::string_view kPrefill = "prefill=";
  const auto parts = Split(Trim(text), ',');
  if (parts.size() != 2 || !parts[0].starts_with(kDecode) || !parts[1].starts_with(kPrefill)) return Wrong();
  const auto decode = ParseCost(parts[0].substr(kDecode.size()));
  const auto prefill = ParseCost(parts[1].substr(kPrefill.size()));
  if (!decode || !prefill) return Wrong();
  return scheduler::FixedCosts{.decode = *decode, .prefill = *prefill};
}

std::string FormatFixedCosts(const scheduler::FixedCosts& costs) {
  return "decode=" + FormatCost(costs.decode) + ",prefill=" + FormatCost(costs.prefill);
}

}  // namespace lares::app
