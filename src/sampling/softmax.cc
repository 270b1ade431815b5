// SPDX-License-Identifier: Apache-2.0
#include "sampling/softmax.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace lares::sampling {
namespace {

// Four lanes exist on every x86-64 and aarch64, so that no build needs flags for the machine it runs on.
constexpr std::size_t kLanes = 4;
using Floats = float __attribute__((vector_size(16)));
using Ints = std::int32_t __attribute__((vector_size(16)));

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr float kUnderflow = -87.0F;  // exp below is subnormal

Floats Splat(float v) { return Floats{v, v, v, v}; }

Floats Load(const float* from) {
  Floats v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

// Also right when `count` is below a full vector: the missing lanes are -infinity.
Floats LoadTail(const float* from, std::size_t count) {
  Floats v = Splat(kNothing);
  std::memcpy(&v, from, count * sizeof(float));
  return v;
}

// Cody and Waite's reduction and the polynomial of Cephes' expf. Lanes at or below kUnderflow
// and lanes of NaN give 0.
[[gnu::always_inline]] inline Floats Exp(Floats x) {
  const Ints alive = x > Splat(kUnderflow);
  x = alive ? x : Splat(0.0F);
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits of the float's own representation.
  const Floats shifted = x * 1.44269504088896341F + 12582912.0F;
  const Floats n = shifted - 12582912.0F;
  const Floats r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
  Floats p = r * 1.9875691500e-4F + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + r + 1.0F;
  const Ints bits = std::bit_cast<Ints>(p) + (std::bit_cast<Ints>(shifted) << 23);
  return std::bit_cast<Floats>(bits & alive);
}

double Sum(Floats v) {
  return (static_cast<double>(v[0]) + static_cast<double>(v[1])) +
         (static_cast<double>(v[2]) + static_cast<double>(v[3]));
}

// Exponentials of at most kBlock values; `out` has room for whole vectors, or is null. Sums in single
// precision stay exact enough within a block.
double ExpBlock(std::span<const float> x, float max, float scale, float* out) {
  Floats sum0 = Splat(0), sum1 = Splat(0);
  std::size_t i = 0;
  for (; i + 2 * kLanes <= x.size(); i += 2 * kLanes) {
    const Floats a = Exp((Load(&x[i]) - max) * scale), b = Exp((Load(&x[i + kLanes]) - max) * scale);
    sum0 += a;
    sum1 += b;
    if (out != nullptr) {
      std::memcpy(out + i, &a, sizeof a);
      std::memcpy(out + i + kLanes, &b, sizeof b);
    }
  }
  for (; i < x.size(); i += kLanes) {
    const Floats a = Exp((LoadTail(&x[i], std::min(kLanes, x.size() - i)) - max) * scale);
    sum0 += a;
    if (out != nullptr) std::memcpy(out + i, &a, sizeof a);
  }
  return Sum(sum0) + Sum(sum1);
}

}  // namespace

float MaxOf(std::span<const float> x) {
  constexpr std::size_t kChains = 4;  // hides the latency of one comparison behind the others
  std::array<Floats, kChains> best;
  best.fill(Splat(kNothing));
  std::size_t i = 0;
  for (; i + kChains * kLanes <= x.size(); i += kChains * kLanes) {
    for (std::size_t c = 0; c < kChains; ++c) {
      const Floats v = Load(&x[i + c * kLanes]);
      best[c] = v > best[c] ? v : best[c];
    }
  }
  for (; i < x.size(); i += kLanes) {
    const Floats v = LoadTail(&x[i], std::min(kLanes, x.size() - i));
    best[0] = v > best[0] ? v : best[0];
  }
  float top = kNothing;
  for (const Floats& lanes : best) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) top = lanes[lane] > top ? lanes[lane] : top;
  }
  return top;
}

std::optional<std::size_t> ArgMax(std::span<const float> x) {
  const float top = MaxOf(x);
  if (top == kNothing) return std::nullopt;
  return static_cast<std::size_t>(std::ranges::find(x, top) - x.begin());
}

void Exponentiate(std::span<const float> x, float max, float scale, Weights& out) {
  const std::size_t padded = (x.size() + kLanes - 1) / kLanes * kLanes;
  if (out.values.size() < padded) out.values.resize(padded);
  out.blocks.clear();
  out.total = 0;
  for (std::size_t at = 0; at < x.size(); at += Weights::kBlock) {
    const auto block = x.subspan(at, std::min(Weights::kBlock, x.size() - at));
    out.blocks.push_back(ExpBlock(block, max, scale, out.values.data() + at));
    out.total += out.blocks.back();
  }
}

double LogSumExp(std::span<const float> x) {
  const float max = MaxOf(x);
  if (!std::isfinite(max)) return static_cast<double>(max);
  double total = 0;
  for (std::size_t at = 0; at < x.size(); at += Weights::kBlock) {
    total += ExpBlock(x.subspan(at, std::min(Weights::kBlock, x.size() - at)), max, 1.0F, nullptr);
  }
  return static_cast<double>(max) + std::log(total);
}

}  // namespace lares::sampling
