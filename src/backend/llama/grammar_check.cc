// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/grammar_check.h"

#include <algorithm>
#include <vector>

#include "backend/llama/gbnf_reader.h"
#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

constexpr std::size_t kMaxChain = 2000;  // rules that begin with each other
constexpr std::size_t kMany = std::size_t{1} << 40U;

std::size_t Add(std::size_t a, std::size_t b) { return std::min(a + b, kMany); }
std::size_t Times(std::size_t a, std::size_t b) { return b != 0 && a > kMany / b ? kMany : a * b; }

std::string NameOf(const GbnfRule& rule) { return rule.name.empty() ? "(...)" : rule.name; }

bool HasEmptyAlternative(const GbnfRule& rule) {
  return std::ranges::any_of(rule.alternatives, [](const GbnfSequence& sequence) {
    return std::ranges::all_of(sequence, [](const GbnfItem& item) { return item.most == 0; });
  });
}

// The engine takes an endless repetition of a rule with an empty alternative for left recursion, wherever it
// stands.
std::string WhyRepetitionFails(const Gbnf& grammar) {
  for (const GbnfRule& rule : grammar.rules) {
    for (const GbnfSequence& sequence : rule.alternatives) {
      for (const GbnfItem& item : sequence) {
        if (!item.is_rule || item.most != kGbnfNoMaximum) continue;
        const GbnfRule& repeated = grammar.rules[item.rule];
        if (HasEmptyAlternative(repeated)) {
          return Sentence("rule ", NameOf(repeated), " may be empty and is repeated without end");
        }
      }
    }
  }
  return "";
}

// Counts, per rule, the places where its first character may fit: what the engine keeps apart before anything
// was read. Finds left recursion on the way.
class Beginnings {
 public:
  explicit Beginnings(const Gbnf& grammar) : grammar_(grammar), facts_(grammar.rules.size()) {}

  std::size_t Count(std::size_t rule) {
    Visit(rule, 0);
    return facts_[rule].beginnings;
  }
  const std::string& error() const { return error_; }

 private:
  enum class State : unsigned char { kNew, kOpen, kDone };
  struct Fact {
    State state = State::kNew;
    bool may_be_empty = false;
    std::size_t beginnings = 0;
  };

  void Visit(std::size_t id, std::size_t depth) {
    if (!error_.empty() || facts_[id].state == State::kDone) return;
    if (facts_[id].state == State::kOpen) {
      error_ = Sentence("rule ", Name(id), " begins with itself (left recursion)");
      return;
    }
    if (depth > kMaxChain) {
      error_ = Sentence("more than ", kMaxChain, " rules begin with each other");
      return;
    }
    facts_[id].state = State::kOpen;
    Fact fact{.state = State::kDone};
    for (const GbnfSequence& sequence : grammar_.rules[id].alternatives) AddSequence(sequence, fact, depth);
    facts_[id] = fact;
  }

  void AddSequence(const GbnfSequence& sequence, Fact& fact, std::size_t depth) {
    for (const GbnfItem& item : sequence) {
      if (item.most == 0) continue;
      std::size_t beginnings = 1;
      bool empty = false;
      if (item.is_rule) {
        Visit(item.rule, depth + 1);
        if (!error_.empty()) return;
        beginnings = facts_[item.rule].beginnings;
        empty = facts_[item.rule].may_be_empty;
      }
      // Copies of something that may be empty can each be the one that begins. (Without end they are all the
      // same.)
      const std::size_t copies = empty && item.most != kGbnfNoMaximum ? item.most : 1;
      fact.beginnings = Add(fact.beginnings, Times(beginnings, copies));
      if (!empty && item.least > 0) return;
    }
    fact.may_be_empty = true;
  }

  std::string Name(std::size_t id) const { return NameOf(grammar_.rules[id]); }

  const Gbnf& grammar_;
  std::vector<Fact> facts_;
  std::string error_;
};

}  // namespace

base::Status CheckGrammar(std::string_view gbnf, const GrammarLimits& limits) {
  const auto grammar = ReadGbnf(gbnf, limits);
  if (!grammar) return base::Fail(grammar.error());
  if (const std::string why = WhyRepetitionFails(*grammar); !why.empty()) {
    return base::Fail(base::Code::kInvalidArgument, why);
  }
  Beginnings beginnings(*grammar);
  // Rules that root does not reach are built as well, and must not recurse to the left either.
  std::size_t most = 0;
  for (std::size_t rule = 0; rule < grammar->rules.size() && beginnings.error().empty(); ++rule) {
    most = std::max(most, beginnings.Count(rule));
  }
  if (!beginnings.error().empty()) return base::Fail(base::Code::kInvalidArgument, beginnings.error());
  if (most <= limits.beginnings) return {};
  return base::Fail(base::Code::kInvalidArgument,
                    Sentence("a rule can begin in more than ", limits.beginnings,
                             " ways: too many optional parts stand beside each other"));
}

}  // namespace lares::backend::llama
