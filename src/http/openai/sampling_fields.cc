// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/openai/generate_fields.h"

namespace lares::http::openai {
namespace {

constexpr std::size_t kMaxBiases = 1024;

// Bounds are checked here, under the name the client used; core::Validate checks them again for everybody.
void ReadFloat(Fields& body, const char* name, double low, double high, bool open_low, float& out) {
  const auto value = body.Number(name);
  if (!value) return;
  const bool ok = std::isfinite(*value) && *value <= high && (open_low ? *value > low : *value >= low);
  if (!ok) {
    const auto text = [](double number) { return Json(number).dump(); };
    body.Fail(name, "'" + std::string(name) + "' must be " + (open_low ? "above " : "from ") + text(low) +
                        (open_low ? " and at most " : " to ") + text(high) + ", got " + text(*value));
    return;
  }
  out = static_cast<float>(*value);
}

std::optional<core::TokenId> TokenOf(std::string_view key) {
  core::TokenId token = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token);
  if (error != std::errc{} || end != key.data() + key.size() || token < 0) return std::nullopt;
  return token;
}

void AddBias(Fields& body, std::optional<core::TokenId> token, const Json& bias,
             core::SamplingParams& sampling) {
  if (!token) return body.Fail("logit_bias", "'logit_bias' must map token ids to numbers");
  double value = -100;  // llama-server's false: never
  if (bias.is_number()) {
    value = bias.get<double>();
  } else if (!bias.is_boolean() || bias.get<bool>()) {
    return body.Fail("logit_bias", "a bias must be a number, not " + std::string(TypeWord(bias)),
                     "invalid_type");
  }
  if (!(value >= -100 && value <= 100)) return body.Fail("logit_bias", "a bias must be from -100 to 100");
  sampling.logit_bias[*token] = static_cast<float>(value);
}

// {"50256": -100}, or llama-server's [[50256, -100]].
void ReadLogitBias(Fields& body, core::SamplingParams& sampling) {
  const Json* biases = body.Any("logit_bias");
  if (biases == nullptr) return;
  if (!biases->is_object() && !biases->is_array()) {
    return body.Fail("logit_bias", "'logit_bias' must be an object, not " + std::string(TypeWord(*biases)),
                     "invalid_type");
  }
  if (biases->size() > kMaxBiases) {
    return body.Fail("logit_bias", "'logit_bias' may name at most " + std::to_string(kMaxBiases) + " tokens");
  }
  if (biases->is_object()) {
    for (const auto& [key, bias] : biases->items()) AddBias(body, TokenOf(key), bias, sampling);
    return;
  }
  for (const Json& pair : *biases) {
    const bool is_pair = pair.is_array() && pair.size() == 2;
    const auto id = is_pair ? AsInteger(pair[0]) : std::nullopt;
    const bool fits = id && *id >= 0 && *id <= INT32_MAX;
    if (!fits) return body.Fail("logit_bias", "'logit_bias' must hold pairs of a token id and a number");
    AddBias(body, static_cast<core::TokenId>(*id), pair[1], sampling);
  }
}

void ReadSeed(Fields& body, core::SamplingParams& sampling) {
  const Json* seed = body.Any("seed");
  if (seed == nullptr) return;
  if (seed->is_number_unsigned()) {
    sampling.seed = seed->get<std::uint64_t>();
    return;
  }
  const auto value = AsInteger(*seed);
  if (!value) return body.Fail("seed", "'seed' must be an integer", "invalid_type");
  if (*value != -1) sampling.seed = static_cast<std::uint64_t>(*value);  // -1: llama-server's "any"
}

}  // namespace

void ReadSampling(Fields& body, core::SamplingParams& s) {
  ReadFloat(body, "temperature", 0, 2, false, s.temperature);
  ReadFloat(body, "top_p", 0, 1, true, s.top_p);
  ReadFloat(body, "min_p", 0, 1, false, s.min_p);
  ReadFloat(body, "typical_p", 0, 1, true, s.typical_p);
  ReadFloat(body, "frequency_penalty", -2, 2, false, s.frequency_penalty);
  ReadFloat(body, "presence_penalty", -2, 2, false, s.presence_penalty);
  ReadFloat(body, "repetition_penalty", 0, 10, true, s.repeat_penalty);  // vLLM's name
  ReadFloat(body, "repeat_penalty", 0, 10, true, s.repeat_penalty);      // llama-server's
  // vLLM says -1 for off, llama-server 0.
  if (const auto k = body.Integer("top_k", -1, 1'000'000))
    s.top_k = *k < 0 ? 0 : static_cast<std::int32_t>(*k);
  if (const auto n = body.Integer("repeat_last_n", 0, 4096)) s.repeat_last_n = static_cast<std::int32_t>(*n);
  ReadSeed(body, s);
  ReadLogitBias(body, s);
}

}  // namespace lares::http::openai
