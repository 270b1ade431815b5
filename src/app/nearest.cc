// SPDX-License-Identifier: Apache-2.0
#include "app/nearest.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace lares::app {
namespace {
constexpr std::size_t kTooLong = 128;
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  if (a.size() > kTooLong || b.size() > kTooLong) return std::numeric_limits<std::size_t>::max();
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> older(width);
  std::vector<std::size_t> old(width);
  std::vector<std::size_t> now(width);
  for (std::size_t j = 0; j < width; ++j) old[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const std::size_t replace = old[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({replace, old[j] + 1, now[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], older[j - 2] + 1);
      }
    }
    std::swap(older, old);
    std::swap(old, now);
  }
  return old[b.size()];
}

std::optional<std::string_view> Nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::optional<std::string_view> best;
  std::size_t best_distance = std::numeric_limits<std::size_t>::max();
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = EditDistance(word, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  // A third of the letters wrong is still a typing error; more is another word.
  if (!best || best_distance > std::max<std::size_t>(2, std::max(word.size(), best->size()) / 3)) return {};
  return best;
}

}  // namespace lares::app
