// SPDX-License-Identifier: Apache-2.0
#include "engine/local/preparation.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/digest.h"
#include "base/id.h"

namespace lares::engine {
namespace {

using base::Code;

// Cached state is shared within one tenant, adapter set and model only (the model: one engine holds one).
std::uint64_t SaltOf(const core::GenerateRequest& request) {
  std::string text = request.principal.tenant;
  for (const core::AdapterUse& adapter : request.adapters) {
    text += '\0' + adapter.name + '\0' + std::to_string(adapter.scale);
  }
  return std::stoull(base::Sha256Hex(text).substr(0, 16), nullptr, 16);
}

base::Error TooLong(std::int64_t prompt, std::int64_t wanted, std::int32_t context, const char* param) {
  std::string message = "this model's context is " + std::to_string(context) + " tokens, the request needs " +
                        std::to_string(prompt + wanted) + " (" + std::to_string(prompt) + " in the prompt, " +
                        std::to_string(wanted) + " for the answer)";
  return base::Error(Code::kInvalidArgument, std::move(message))
      .WithReason("context_length_exceeded")
      .WithParam(param);
}

base::Result<std::int32_t> MaxNew(const core::GenerateRequest& request, std::int64_t prompt,
                                  const PreparationLimits& limits) {
  const std::int64_t left = limits.context - prompt;
  const std::int64_t wanted =
      request.max_tokens.value_or(std::clamp<std::int64_t>(left, 1, limits.default_max_new));
  if (wanted > left) {
    const bool chat = std::holds_alternative<core::ChatPrompt>(request.prompt);
    return base::Fail(TooLong(prompt, wanted, limits.context, chat ? "messages" : "prompt"));
  }
  return static_cast<std::int32_t>(wanted);
}

std::vector<core::TokenId> Tail(const std::vector<core::Symbol>& prompt, std::int32_t count) {
  std::vector<core::TokenId> tail;
  const auto wanted = std::min(prompt.size(), static_cast<std::size_t>(std::max(count, 0)));
  for (std::size_t i = prompt.size() - wanted; i < prompt.size(); ++i) {
    if (prompt[i].is_token()) tail.push_back(prompt[i].token());
  }
  return tail;
}

ChoiceRecipe RecipeOf(const backend::Backend& backend, const core::GenerateRequest& request,
                      backend::Rendered& rendered, std::int32_t max_new) {
  ChoiceRecipe recipe;
  ChoiceOptions& options = recipe.options;
  options.request = request.id;
  options.max_new = max_new;
  options.stop = request.stop;
  options.stop.insert(options.stop.end(), rendered.stop.begin(), rendered.stop.end());
  options.visible_specials = std::move(rendered.preserved_tokens);
  options.parser = std::move(rendered.parser);
  options.prompt_tail = Tail(rendered.prompt.symbols, request.sampling.repeat_last_n);
  options.sampler = {.params = request.sampling,
                     .seed = request.sampling.seed.value_or(base::RandomSeed()),
                     .choice = 0,
                     .min_tokens = request.min_tokens,
                     .ignore_eos = request.ignore_eos,
                     .end_tokens = backend.EndTokens(),
                     .top_logprobs = request.top_logprobs};
  recipe.grammar = std::move(rendered.grammar);
  return recipe;
}

}  // namespace

base::Result<std::unique_ptr<Choice>> MakeChoice(const backend::Backend& backend, const ChoiceRecipe& recipe,
                                                 std::int32_t index,
                                                 std::span<const core::TokenId> produced) {
  std::unique_ptr<sampling::Constraint> constraint;
  if (recipe.grammar) {
    auto made = backend.MakeConstraint(*recipe.grammar);
    if (!made) return base::Fail(made.error());
    constraint = std::move(*made);
  }
  ChoiceOptions options = recipe.options;
  options.index = index;
  options.sampler.choice = index;
  auto choice = std::make_unique<Choice>(backend, std::move(options), std::move(constraint));
  choice->Replay(produced);
  return choice;
}

base::Result<Prepared> Prepare(const backend::Backend& backend, const core::GenerateRequest& request,
                               const PreparationLimits& limits) {
  auto rendered = backend.Render(request);
  if (!rendered) return base::Fail(rendered.error());
  if (rendered->prompt.symbols.empty()) {
    return base::Fail(base::Error(Code::kInvalidArgument, "the prompt is empty").WithParam("prompt"));
  }
  std::int64_t cells = 0;
  for (const core::Symbol& symbol : rendered->prompt.symbols) cells += symbol.rows;
  auto max_new = MaxNew(request, cells, limits);
  if (!max_new) return base::Fail(max_new.error());

  Prepared prepared;
  prepared.max_new = *max_new;
  prepared.salt = SaltOf(request);
  prepared.recipe = std::make_shared<const ChoiceRecipe>(RecipeOf(backend, request, *rendered, *max_new));
  for (std::int32_t i = 0; i < request.choices; ++i) {
    const auto index = static_cast<std::size_t>(i);
    auto produced = index < request.produced.size() ? request.produced[index] : std::vector<core::TokenId>{};
    auto choice = MakeChoice(backend, *prepared.recipe, i, produced);
    if (!choice) return base::Fail(choice.error());
    produced.resize(static_cast<std::size_t>((*choice)->produced()));
    prepared.choices.push_back(std::move(*choice));
    prepared.produced.push_back(std::move(produced));
  }
  prepared.prompt = std::move(rendered->prompt.symbols);
  return prepared;
}

}  // namespace lares::engine
