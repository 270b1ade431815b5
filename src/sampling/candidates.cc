// SPDX-License-Identifier: Apache-2.0
#include "sampling/candidates.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lares::sampling {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();

// Most distributions have their nucleus within this distance (a factor of 3,000 in probability) of the best.
constexpr float kNear = 8.0F;
// Below, a row is quicker looked at whole.
constexpr std::size_t kFewCandidates = 2048;

}  // namespace

bool Better(const ScoredToken& a, const ScoredToken& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

void SelectTop(std::span<const float> logits, std::size_t k, std::vector<ScoredToken>& out) {
  out.clear();
  if (k == 0) return;
  const std::size_t capacity = std::max<std::size_t>(2 * k, 64);
  float floor = kNothing;  // the k-th best so far; equals come later and lose by id
  const auto shrink = [&] {
    if (out.size() <= k) return;
    const auto kth = out.begin() + static_cast<std::ptrdiff_t>(k - 1);
    std::ranges::nth_element(out, kth, Better);
    floor = kth->logit;
    out.resize(k);
  };
  const auto offer = [&](std::size_t i) {
    if (!(logits[i] > floor)) return;
    out.push_back({static_cast<core::TokenId>(i), logits[i]});
    if (out.size() >= capacity) shrink();
  };
  // Soon nearly everything lies below the floor: look at eight values with one branch.
  std::size_t i = 0;
  for (; i + 8 <= logits.size(); i += 8) {
    bool any = false;
    for (std::size_t j = 0; j < 8; ++j) any |= logits[i + j] > floor;
    if (!any) continue;
    for (std::size_t j = 0; j < 8; ++j) offer(i + j);
  }
  for (; i < logits.size(); ++i) offer(i);
  shrink();
}

void Candidates::Reset(std::span<const float> logits) {
  logits_ = logits;
  ids_in_use_ = false;
}

void Candidates::Reserve(std::size_t n) {
  if (kept_.size() >= n) return;
  kept_.resize(n);
  ids_.resize(n);
}

void Candidates::Use(std::size_t kept) {
  logits_ = std::span<const float>(kept_).first(kept);
  ids_in_use_ = true;
}

// Compacts, in place once the candidates are a copy: the write position never passes the read position.
// Writes always and steps on when the token is kept, because which are is hard to predict for a processor.
template <class Keep>
std::size_t Candidates::Compact(const Keep& keep) {
  const std::size_t n = logits_.size();
  if (!ids_in_use_) Reserve(n);
  const float* const logits = logits_.data();
  float* const kept = kept_.data();
  core::TokenId* const ids = ids_.data();
  std::size_t to = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const core::TokenId id = ids_in_use_ ? ids[i] : static_cast<core::TokenId>(i);
    const float logit = logits[i];
    kept[to] = logit;
    ids[to] = id;
    to += keep(i, logit) ? 1 : 0;
  }
  return to;
}

void Candidates::KeepTopK(std::size_t k) {
  if (k >= logits_.size() || ids_in_use_) return;
  SelectTop(logits_, k, top_);
  Reserve(top_.size());
  for (std::size_t i = 0; i < top_.size(); ++i) {
    kept_[i] = top_[i].logit;
    ids_[i] = top_[i].token;
  }
  Use(top_.size());
}

void Candidates::KeepTopP(double p) {
  const float max = MaxOf(logits_);
  if (!std::isfinite(max)) return;
  Exponentiate(logits_, max, 1.0F, weights_);
  const double mass = p * weights_.total;
  if (!ids_in_use_ && logits_.size() > kFewCandidates && NearHold(max, mass)) {
    Use(near_);
    Exponentiate(logits_, max, 1.0F, weights_);
  }
  KeepMass({.max = max, .centre = 0.0F}, mass);
}

// Copies the tokens near the best one. True when they have the wanted mass: the others do not matter then.
bool Candidates::NearHold(float max, double mass) {
  const float floor = max - kNear;
  // A look at every 64th tells when so many are near that copying them would be a detour.
  std::size_t near_in_sample = 0;
  for (std::size_t i = 0; i < logits_.size(); i += 64) near_in_sample += logits_[i] > floor ? 1 : 0;
  if (near_in_sample > logits_.size() / 256) return false;
  near_ = Compact([floor](std::size_t, float logit) { return logit > floor; });
  double held = 0;
  for (std::size_t i = 0; i < near_; ++i) {
    held += static_cast<double>(weights_.values[static_cast<std::size_t>(ids_[i])]);
  }
  return held >= mass;
}

void Candidates::KeepTypical(double p) {
  const float max = MaxOf(logits_);
  if (!std::isfinite(max)) return;
  Exponentiate(logits_, max, 1.0F, weights_);
  // A token's surprise is (max - logit) + log(total), so the expected surprise lies `centre` above that of
  // the best token, and the logarithm cancels.
  double expected = 0;
  for (std::size_t i = 0; i < logits_.size(); ++i) {
    const float w = weights_.values[i];
    if (w > 0) expected += static_cast<double>(w) * static_cast<double>(max - logits_[i]);
  }
  KeepMass({.max = max, .centre = static_cast<float>(expected / weights_.total)}, p * weights_.total);
}

void Candidates::KeepMass(Distance distance, double mass) {
  const Border border = border_finder_.Find(logits_, weights_, distance, mass);
  Use(Compact([&](std::size_t i, float logit) {
    return weights_.values[i] > 0 && border.Keeps(distance(logit), i);
  }));
}

void Candidates::KeepMinP(double p) {
  const float max = MaxOf(logits_);
  if (!std::isfinite(max)) return;
  const auto floor = static_cast<float>(static_cast<double>(max) + std::log(p));
  Use(Compact([floor](std::size_t, float logit) { return logit >= floor; }));
}

std::optional<core::TokenId> Candidates::Draw(double temperature, double uniform) {
  const float max = MaxOf(logits_);
  if (max == kNothing) return std::nullopt;
  const auto best = [&] { return token(*ArgMax(logits_)); };
  if (!std::isfinite(max)) return best();
  Exponentiate(logits_, max, static_cast<float>(1.0 / temperature), weights_);
  if (!(weights_.total > 0)) return best();  // a temperature so small that its inverse overflows

  double rest = uniform * weights_.total;
  std::size_t block = 0;
  while (block + 1 < weights_.blocks.size() && rest >= weights_.blocks[block])
    rest -= weights_.blocks[block++];
  const std::size_t begin = block * Weights::kBlock;
  const std::size_t end = std::min(begin + Weights::kBlock, logits_.size());
  std::optional<std::size_t> last;  // rounding may leave a rest behind the last weight
  for (std::size_t i = begin; i < end; ++i) {
    const auto w = static_cast<double>(weights_.values[i]);
    if (w <= 0) continue;
    last = i;
    if (rest < w) break;
    rest -= w;
  }
  return last ? token(*last) : best();
}

}  // namespace lares::sampling
