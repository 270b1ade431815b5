// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/grammar_constraint.h"

#include <cctype>
#include <chrono>
#include <cmath>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "backend/llama/grammar_check.h"
#include "backend/llama/handles.h"
#include "backend/llama/sentence.h"
#include "backend/llama/thread_cpu_clock.h"
#include "backend/llama/trigger.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Fail;

// One token's worth of work. A grammar whose readings multiply doubles it with every token; stopped here it
// has cost a fraction of a second, and some 10 MB.
constexpr std::chrono::milliseconds kMostPerToken{250};

class GrammarConstraint final : public sampling::Constraint {
 public:
  GrammarConstraint(const Vocabulary& vocabulary, SamplerPtr sampler, std::optional<Trigger> trigger)
      : vocabulary_(vocabulary), sampler_(std::move(sampler)), trigger_(std::move(trigger)) {}

  bool Allows(core::TokenId token) override {
    if (trigger_) return true;
    if (!failure_.empty()) return vocabulary_.EndsGeneration(token);
    llama_token_data one{.id = token, .logit = 1.0F, .p = 0.0F};
    Apply(&one, 1);
    return one.logit != -INFINITY;
  }

  void Mask(std::span<float> logits) override {
    if (trigger_) return;
    candidates_.resize(logits.size());
    for (std::size_t i = 0; i < logits.size(); ++i) {
      candidates_[i] = {.id = static_cast<llama_token>(i), .logit = logits[i], .p = 0.0F};
    }
    if (failure_.empty()) Apply(candidates_.data(), candidates_.size());
    for (const llama_token_data& candidate : candidates_) {
      const bool out = !failure_.empty() && !vocabulary_.EndsGeneration(candidate.id);
      logits[static_cast<std::size_t>(candidate.id)] = out ? -INFINITY : candidate.logit;
    }
  }

  void Accept(core::TokenId token) override {
    // The library ends the process when an end token comes too early, and has nothing to do when it is right.
    if (!failure_.empty() || vocabulary_.EndsGeneration(token)) return;
    if (!trigger_) return Advance(token);
    const std::vector<core::TokenId> fed = trigger_->Feed(token, vocabulary_.Piece(token, true));
    if (fed.empty()) return;
    trigger_.reset();
    for (const core::TokenId one : fed) Advance(one);
  }

  std::string_view failure() const override { return failure_; }

 private:
  void Apply(llama_token_data* data, std::size_t size) {
    llama_token_data_array list{.data = data, .size = size, .selected = -1, .sorted = false};
    Bounded([&] { llama_sampler_apply(sampler_.get(), &list); });
  }

  void Advance(core::TokenId token) {
    Bounded([&] { llama_sampler_accept(sampler_.get(), token); });
  }

  template <class Work>
  void Bounded(const Work& work) {
    if (!failure_.empty()) return;
    const auto start = ThreadCpuTime();
    try {
      work();
    } catch (const std::exception&) {
      failure_ = "the answer left its grammar";
      return;
    }
    if (ThreadCpuTime() - start > kMostPerToken) {
      failure_ = "the grammar is too ambiguous: the ways to read the answer so far have become too many";
    }
  }

  const Vocabulary& vocabulary_;
  SamplerPtr sampler_;
  std::optional<Trigger> trigger_;  // until the grammar begins
  std::string failure_;
  std::vector<llama_token_data> candidates_;
};

// Beyond the answer's first token some tokenizers put a space before a special token; it is not in the text.
std::vector<core::TokenId> PrefillTokens(const Vocabulary& vocabulary, const std::string& prompt) {
  std::vector<core::TokenId> tokens = vocabulary.Tokenize(prompt, false, true);
  if (tokens.empty()) return tokens;
  const std::string first = vocabulary.Piece(tokens.front(), true);
  const auto space = [](const std::string& text) {
    return !text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0;
  };
  if (space(first) && !space(prompt)) tokens.erase(tokens.begin());
  return tokens;
}

SamplerPtr MakeSampler(const Vocabulary& vocabulary, const Grammar& grammar) {
  if (!grammar.lazy) {
    return SamplerPtr(llama_sampler_init_grammar(vocabulary.raw(), grammar.gbnf.c_str(), "root"));
  }
  // Words go in as expressions: every character that means something there is escaped.
  std::vector<std::string> patterns = grammar.trigger_patterns;
  for (const std::string& word : grammar.trigger_words) {
    std::string& pattern = patterns.emplace_back();
    for (const char c : word) {
      if (std::string_view(".^$|()*+?[]{}\\/").find(c) != std::string_view::npos) pattern += '\\';
      pattern += c;
    }
  }
  std::vector<const char*> views;
  views.reserve(patterns.size());
  for (const std::string& pattern : patterns) views.push_back(pattern.c_str());
  return SamplerPtr(llama_sampler_init_grammar_lazy_patterns(
      vocabulary.raw(), grammar.gbnf.c_str(), "root", views.data(), views.size(),
      grammar.trigger_tokens.data(), grammar.trigger_tokens.size()));
}

}  // namespace

base::Result<std::unique_ptr<sampling::Constraint>> MakeGrammarConstraint(const Vocabulary& vocabulary,
                                                                          const Grammar& grammar) {
  if (auto ok = CheckGrammar(grammar.gbnf, kSchemaGrammarLimits); !ok) return Fail(ok.error());
  std::optional<Trigger> trigger;
  if (grammar.lazy) {
    auto made = Trigger::Make(grammar);
    if (!made) return Fail(made.error());
    trigger = std::move(*made);
  }
  try {
    SamplerPtr sampler = MakeSampler(vocabulary, grammar);
    if (!sampler) return Fail(Code::kInvalidArgument, "the grammar cannot be used");
    auto constraint = std::make_unique<GrammarConstraint>(vocabulary, std::move(sampler), std::move(trigger));
    if (grammar.lazy) return constraint;
    for (const core::TokenId token : PrefillTokens(vocabulary, grammar.generation_prompt))
      constraint->Accept(token);
    if (constraint->failure().empty()) return constraint;
    return Fail(Code::kInternal, "the grammar does not begin with what the chat template put there");
  } catch (const std::exception& e) {
    return Fail(Code::kInvalidArgument, Sentence("the grammar cannot be used: ", e.what()));
  }
}

}  // namespace lares::backend::llama
