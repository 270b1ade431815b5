// SPDX-License-Identifier: Apache-2.0
//
// Embedding and ranking: on the caller's thread, beside the loop.
#include <charconv>
#include <numeric>
#include <utility>

#include "engine/local/local_engine.h"
#include "engine/refusals.h"

namespace lares::engine {
namespace {

using base::Code;

// Which input an error of the backend speaks of: "input" where there was one, else "input[3]".
std::optional<std::size_t> InputOf(std::string_view param) {
  if (param == "input") return 0;
  if (!param.starts_with("input[")) return std::nullopt;
  param.remove_prefix(6);
  std::size_t index = 0;
  const auto read = std::from_chars(param.data(), param.data() + param.size(), index);
  return read.ec == std::errc{} ? std::optional(index) : std::nullopt;
}

// `documents_at`: the first input that is a document, or holds one.
base::Error AboutRanking(base::Error error, std::size_t documents_at) {
  const auto input = InputOf(error.param());
  if (!input) return error;
  if (*input < documents_at) return std::move(error).WithParam("query");
  return std::move(error).WithParam("documents[" + std::to_string(*input - documents_at) + "]");
}

float Dot(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

}  // namespace

// Asked at every turn by a thread of low priority: it must not hold the lock that the engine thread needs.
std::optional<base::Error> LocalEngine::WhyEmbedNoMore(std::optional<base::Time> deadline,
                                                       const std::stop_token& stop) const {
  if (stop.stop_requested()) return base::Error(Code::kCancelled, "the client went away");
  if (deadline && clock_.Now() >= *deadline) {
    return base::Error(Code::kDeadlineExceeded, "the request's deadline has passed");
  }
  if (stop_) return base::Error(Code::kUnavailable, "the server is stopping").WithReason("stopping");
  return std::nullopt;
}

base::Result<LocalEngine::Tokens> LocalEngine::TokensOf(const core::Prompt& input) const {
  if (const auto* tokens = std::get_if<core::TokenPrompt>(&input)) return tokens->tokens;
  if (const auto* text = std::get_if<core::TextPrompt>(&input)) {
    return backend_->Tokenize(text->text, text->add_special, text->parse_special);
  }
  return base::Fail(base::Error(Code::kInvalidArgument, "an input is text or tokens").WithParam("input"));
}

base::Result<std::vector<std::vector<float>>> LocalEngine::EmbedTokens(std::span<const Tokens> inputs,
                                                                       std::optional<base::Time> deadline,
                                                                       const std::stop_token& stop) {
  auto vectors = backend_->Embed(inputs, [&] {
    observer_.OnAlive();
    return WhyEmbedNoMore(deadline, stop).has_value();
  });
  if (!vectors && vectors.error().code() == Code::kCancelled) {
    if (auto why = WhyEmbedNoMore(deadline, stop)) return base::Fail(std::move(*why));
  }
  return vectors;
}

base::Result<core::EmbedAnswer> LocalEngine::Embed(const core::EmbedRequest& request,
                                                   const std::stop_token& stop) {
  if (auto backend = Ready(); !backend) return base::Fail(backend.error());
  if (backend_->facts().purpose == core::ModelPurpose::kRank) return base::Fail(CannotEmbed(options_.model));
  core::EmbedAnswer answer;
  std::vector<Tokens> inputs;
  for (const core::Prompt& input : request.inputs) {
    if (auto why = WhyEmbedNoMore(request.deadline, stop)) return base::Fail(std::move(*why));
    auto tokens = TokensOf(input);
    if (!tokens) return base::Fail(tokens.error());
    answer.prompt_tokens += static_cast<std::int32_t>(tokens->size());
    inputs.push_back(std::move(*tokens));
  }
  auto vectors = EmbedTokens(inputs, request.deadline, stop);
  if (!vectors) return base::Fail(vectors.error());
  answer.vectors = std::move(*vectors);
  return answer;
}

base::Result<core::RankAnswer> LocalEngine::Rank(const core::RankRequest& request,
                                                 const std::stop_token& stop) {
  if (auto backend = Ready(); !backend) return base::Fail(backend.error());
  const core::ModelPurpose purpose = backend_->facts().purpose;
  if (purpose == core::ModelPurpose::kGenerate) return base::Fail(CannotRank(options_.model));
  const bool by_likeness = purpose == core::ModelPurpose::kEmbed;
  core::RankAnswer answer;
  std::vector<Tokens> inputs;
  if (by_likeness) inputs.push_back(backend_->Tokenize(request.query, true, false));
  for (const std::string& document : request.documents) {
    if (auto why = WhyEmbedNoMore(request.deadline, stop)) return base::Fail(std::move(*why));
    inputs.push_back(by_likeness ? backend_->Tokenize(document, true, false)
                                 : backend_->TokenizePair(request.query, document));
  }
  for (const Tokens& input : inputs) answer.prompt_tokens += static_cast<std::int32_t>(input.size());
  const std::size_t documents_at = by_likeness ? 1 : 0;
  auto vectors = EmbedTokens(inputs, request.deadline, stop);
  if (!vectors) return base::Fail(AboutRanking(std::move(vectors.error()), documents_at));
  for (std::size_t i = documents_at; i < vectors->size(); ++i) {
    const std::vector<float>& vector = (*vectors)[i];
    answer.scores.push_back(by_likeness ? Dot(vectors->front(), vector) : vector.front());
  }
  return answer;
}

}  // namespace lares::engine
