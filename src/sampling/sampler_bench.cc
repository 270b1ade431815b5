// SPDX-License-Identifier: Apache-2.0
//
// What one token costs, by vocabulary and parameters. "peaked" looks like a model that knows how to go on,
// "flat" like one that has no idea: the hard case for everything that wants to look at few tokens only.
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "sampling/sampler.h"

namespace lares::sampling {
namespace {

std::vector<float> Row(std::size_t size, bool peaked) {
  std::mt19937 random(7);
  std::normal_distribution<float> bulk(0.0F, peaked ? 2.5F : 1.0F);
  std::vector<float> row(size);
  for (float& v : row) v = bulk(random);
  for (std::size_t i = 0; peaked && i < 20; ++i) {
    row[(i * 7919) % size] = 22.0F - 0.7F * static_cast<float>(i);
  }
  return row;
}

void Run(benchmark::State& state, const SamplerOptions& options, bool peaked) {
  const auto row = Row(static_cast<std::size_t>(state.range(0)), peaked);
  const std::vector<core::TokenId> prompt(64, 5);
  Sampler sampler(options, nullptr, prompt);
  for ([[maybe_unused]] auto _ : state) {
    const Draw draw = sampler.Sample(row);
    benchmark::DoNotOptimize(draw.token);
    sampler.Accept(draw.token);
  }
}

SamplerOptions With(core::SamplingParams params) { return {.params = std::move(params), .seed = 1}; }

void Register(const char* name, const SamplerOptions& options) {
  for (const bool peaked : {true, false}) {
    benchmark::RegisterBenchmark((std::string(name) + (peaked ? "/peaked" : "/flat")).c_str(),
                                 [=](benchmark::State& state) { Run(state, options, peaked); })
        ->Arg(49152)
        ->Arg(151936)
        ->Unit(benchmark::kMicrosecond);
  }
}

const bool kRegistered = [] {
  Register("greedy", With({.temperature = 0}));
  Register("greedy_penalties", With({.temperature = 0, .frequency_penalty = 0.5F, .repeat_penalty = 1.1F}));
  Register("temperature", With({.temperature = 0.8F}));
  Register("top_k40_top_p_min_p", With({.temperature = 0.8F, .top_k = 40, .top_p = 0.95F, .min_p = 0.05F}));
  Register("top_k1000", With({.temperature = 0.8F, .top_k = 1000}));
  Register("top_p", With({.temperature = 0.8F, .top_p = 0.95F}));
  Register("min_p", With({.temperature = 0.8F, .min_p = 0.05F}));
  Register("typical", With({.temperature = 0.8F, .typical_p = 0.9F}));
  SamplerOptions logprobs = With({.temperature = 0.8F, .top_p = 0.95F});
  logprobs.top_logprobs = 20;
  Register("top_p_logprobs20", logprobs);
  return true;
}();

}  // namespace
}  // namespace lares::sampling
