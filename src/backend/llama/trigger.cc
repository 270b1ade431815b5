// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/trigger.h"

#include <algorithm>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

// The longest word or match that is looked for; those of known templates have up to 60 characters.
constexpr std::size_t kWindow = 256;

}  // namespace

base::Result<Trigger> Trigger::Make(const Grammar& grammar) {
  Trigger trigger;
  trigger.reasoning_start_ = grammar.reasoning_start;
  trigger.reasoning_ends_ = grammar.reasoning_ends;
  if (!grammar.reasoning_start.empty()) {
    // The template may have begun the reasoning itself.
    const std::size_t begun = grammar.generation_prompt.rfind(grammar.reasoning_start);
    trigger.reasoning_ = begun != std::string::npos;
    for (const std::string& end : grammar.reasoning_ends) {
      if (trigger.reasoning_ && grammar.generation_prompt.find(end, begun) != std::string::npos) {
        trigger.reasoning_ = false;
      }
    }
  }
  trigger.tokens_ = grammar.trigger_tokens;
  trigger.words_ = grammar.trigger_words;
  try {
    for (const std::string& pattern : grammar.trigger_patterns) trigger.patterns_.emplace_back(pattern);
  } catch (const std::regex_error& e) {
    return base::Fail(base::Code::kInvalidArgument,
                      Sentence("a trigger is no regular expression: ", e.what()));
  }
  return trigger;
}

std::vector<core::TokenId> Trigger::Feed(core::TokenId token, std::string_view text) {
  if (!reasoning_ && std::ranges::find(tokens_, token) != tokens_.end()) return {token};
  pieces_.push_back({.token = token, .begin = window_.size()});
  window_ += text;
  std::size_t start = 0;
  if (reasoning_ || !FindStart(start)) {
    FollowReasoning();
    Trim();
    return {};
  }
  std::vector<core::TokenId> fed;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const std::size_t end = i + 1 < pieces_.size() ? pieces_[i + 1].begin : window_.size();
    if (end > start) fed.push_back(pieces_[i].token);
  }
  return fed;
}

// Where the match begins. Of expressions the whole match counts: the grammar engine repeats the search within
// the tokens it is fed, and needs what stands before the group it keeps.
bool Trigger::FindStart(std::size_t& start) const {
  start = std::string::npos;
  for (const std::string& word : words_) start = std::min(start, window_.find(word));
  const auto flags = whole_ ? std::regex_constants::match_default : std::regex_constants::match_not_bol;
  for (const std::regex& pattern : patterns_) {
    std::smatch match;
    if (std::regex_search(window_, match, pattern, flags)) {
      start = std::min(start, static_cast<std::size_t>(match.position(0)));
    }
  }
  return start != std::string::npos;
}

void Trigger::FollowReasoning() {
  if (reasoning_start_.empty()) return;
  if (!reasoning_) {
    reasoning_ = window_.find(reasoning_start_) != std::string::npos;
    if (reasoning_) Restart();
    return;
  }
  for (const std::string& end : reasoning_ends_) {
    if (window_.find(end) == std::string::npos) continue;
    reasoning_ = false;
    return Restart();
  }
}

void Trigger::Restart() {
  window_.clear();
  pieces_.clear();
  whole_ = false;
}

void Trigger::Trim() {
  while (pieces_.size() > 1 && window_.size() - pieces_[1].begin >= kWindow) {
    const std::size_t cut = pieces_[1].begin;
    window_.erase(0, cut);
    pieces_.pop_front();
    for (Piece& piece : pieces_) piece.begin -= cut;
    whole_ = false;
  }
}

}  // namespace lares::backend::llama
