// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/length_distribution.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace lares::cli {
namespace {

constexpr std::string_view kLogNormalPrefix = "lognormal:";
constexpr std::string_view kTo = "..";

template <class T>
bool ReadNumber(std::string_view text, T& out) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && rest == text.data() + text.size();
}

bool ReadRange(std::string_view text, std::int64_t& least, std::int64_t& most) {
  const std::size_t to = text.find(kTo);
  if (to == std::string_view::npos) {
    if (!ReadNumber(text, least)) return false;
    most = least;
  } else if (!ReadNumber(text.substr(0, to), least) || !ReadNumber(text.substr(to + kTo.size()), most)) {
    return false;
  }
  return least >= 1 && least <= most && most <= LengthDistribution::kMost;
}

}  // namespace

base::Result<LengthDistribution> LengthDistribution::Parse(std::string_view text) {
  const auto wrong = [&] {
    return base::Fail(
        base::Code::kInvalidArgument,
        "\"" + std::string(text.substr(0, 60)) +
            "\" is no length; say 128, 64..512, lognormal:MEDIAN,SIGMA or lognormal:MEDIAN,SIGMA,64..512");
  };
  LengthDistribution lengths;
  if (!text.starts_with(kLogNormalPrefix)) {
    if (!ReadRange(text, lengths.least_, lengths.most_)) return wrong();
    return lengths;
  }
  lengths.kind_ = Kind::kLogNormal;
  const std::string_view rest = text.substr(kLogNormalPrefix.size());
  const std::size_t first = rest.find(',');
  if (first == std::string_view::npos) return wrong();
  const std::size_t second = rest.find(',', first + 1);
  const bool bounded = second != std::string_view::npos;
  const std::string_view sigma =
      rest.substr(first + 1, bounded ? second - first - 1 : std::string_view::npos);
  if (!ReadNumber(rest.substr(0, first), lengths.median_) || !ReadNumber(sigma, lengths.sigma_))
    return wrong();
  if (!(lengths.median_ >= 1 && lengths.median_ <= kMost && lengths.sigma_ >= 0 && lengths.sigma_ <= 10))
    return wrong();
  if (bounded && !ReadRange(rest.substr(second + 1), lengths.least_, lengths.most_)) return wrong();
  return lengths;
}

std::int32_t LengthDistribution::Draw(Random& random) const {
  if (kind_ == Kind::kUniform) {
    const auto span = static_cast<std::uint64_t>(most_ - least_ + 1);
    return static_cast<std::int32_t>(least_ + static_cast<std::int64_t>(random.Below(span)));
  }
  const double drawn = median_ * std::exp(sigma_ * random.Normal());
  const double bounded = std::clamp(drawn, static_cast<double>(least_), static_cast<double>(most_));
  return static_cast<std::int32_t>(bounded);
}

}  // namespace lares::cli
