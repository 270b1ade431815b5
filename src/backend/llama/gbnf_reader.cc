// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/gbnf_reader.h"

#include <algorithm>
#include <cctype>

#include "backend/llama/sentence.h"
#include "base/utf8.h"

namespace lares::backend::llama {
namespace {

// A repetition the library writes out in full; above it refuses.
constexpr std::size_t kMaxRepeat = 2000;

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-'; }
bool IsHex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Errors stick, as in GgufCursor: after one, nothing is consumed and every loop ends.
class Reader {
 public:
  Reader(std::string_view source, const GrammarLimits& limits) : source_(source), limits_(limits) {}

  base::Result<Gbnf> Read() {
    if (source_.find('\0') != std::string_view::npos) Fail("it holds a NUL byte");
    if (!base::IsValidUtf8(source_)) Fail("it is not valid UTF-8");
    SkipSpace(true);
    while (!failed() && at_ < source_.size()) ReadRule();
    if (!failed()) CheckNames();
    if (failed()) return base::Fail(base::Code::kInvalidArgument, error_);
    return std::move(grammar_);
  }

 private:
  bool failed() const { return !error_.empty(); }
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  void Fail(const std::string& what) {
    if (failed()) return;
    const auto line = 1 + std::ranges::count(source_.substr(0, at_), '\n');
    error_ = Sentence("line ", line, ": ", what);
    at_ = source_.size();
  }

  void SkipSpace(bool lines) {
    while (at_ < source_.size()) {
      const char c = source_[at_];
      if (c == '#') {
        at_ = std::min(source_.find_first_of("\r\n", at_), source_.size());
      } else if (c == ' ' || c == '\t' || (lines && (c == '\r' || c == '\n'))) {
        ++at_;
      } else {
        return;
      }
    }
  }

  std::string ReadName() {
    const std::size_t start = at_;
    while (IsWord(Peek())) ++at_;
    if (at_ == start) Fail("a name is expected");
    return std::string(source_.substr(start, at_ - start));
  }

  std::size_t RuleNamed(const std::string& name) {
    const auto [it, fresh] = ids_.try_emplace(name, grammar_.rules.size());
    if (fresh) AddRule(name);
    return it->second;
  }

  std::size_t AddRule(std::string name) {
    if (grammar_.rules.size() >= limits_.rules)
      Fail(Sentence("there are more than ", limits_.rules, " rules"));
    ++symbols_;
    grammar_.rules.push_back({.name = std::move(name)});
    return grammar_.rules.size() - 1;
  }

  void ReadRule() {
    const std::string name = ReadName();
    SkipSpace(false);
    if (Peek() != ':' || Peek(1) != ':' || Peek(2) != '=')
      return Fail(Sentence("'::=' is expected after ", name));
    at_ += 3;
    SkipSpace(true);
    const std::size_t id = RuleNamed(name);
    if (grammar_.rules[id].defined) return Fail(Sentence("rule ", name, " is there twice"));
    ReadAlternatives(id, 0);
    if (failed() || at_ >= source_.size()) return;
    if (Peek() != '\r' && Peek() != '\n') return Fail("a new line is expected after a rule");
    SkipSpace(true);
  }

  void ReadAlternatives(std::size_t id, std::size_t nesting) {
    if (nesting > limits_.nesting) Fail(Sentence("more than ", limits_.nesting, " nested parentheses"));
    if (failed()) return;
    std::vector<GbnfSequence> alternatives;
    alternatives.push_back(ReadSequence(nesting));
    while (!failed() && Peek() == '|') {
      ++at_;
      SkipSpace(true);
      alternatives.push_back(ReadSequence(nesting));
    }
    grammar_.rules[id].alternatives = std::move(alternatives);
    grammar_.rules[id].defined = true;
  }

  GbnfSequence ReadSequence(std::size_t nesting) {
    GbnfSequence sequence;
    std::size_t weight = 1;  // rules behind the last item
    bool repeatable = false;
    while (!failed()) {
      const char c = Peek();
      const std::size_t before = symbols_;
      const std::size_t length = sequence.size();
      if (c == '"') {
        ReadLiteral(sequence);
      } else if (c == '[') {
        ReadClass(sequence);
      } else if (c == '<' || c == '!') {
        ReadToken(sequence);
      } else if (c == '.') {
        ++at_;
        sequence.push_back({});
      } else if (c == '(') {
        ReadGroup(sequence, nesting);
      } else if (IsWord(c)) {
        const std::size_t rule = RuleNamed(ReadName());
        sequence.push_back({.is_rule = true, .rule = rule});
      } else if (c == '*' || c == '+' || c == '?' || c == '{') {
        if (!repeatable) Fail("there is nothing to repeat");
        if (failed()) break;
        Repeat(sequence.back(), weight, nesting > 0);
        // The library takes "x"?* for left recursion; ("x"?)* says the same.
        repeatable = false;
        SkipSpace(nesting > 0);
        continue;
      } else {
        break;
      }
      SkipSpace(nesting > 0);
      repeatable = sequence.size() > length;
      weight = c == '(' ? std::max<std::size_t>(1, symbols_ - before) : 1;
    }
    return sequence;
  }

  void ReadGroup(GbnfSequence& sequence, std::size_t nesting) {
    ++at_;
    SkipSpace(true);
    const std::size_t group = AddRule("");
    if (failed()) return;
    ReadAlternatives(group, nesting + 1);
    if (failed()) return;
    if (Peek() != ')') return Fail("')' is expected");
    ++at_;
    sequence.push_back({.is_rule = true, .rule = group});
  }

  // One item stands for the whole text: only its first character matters for what can begin. An empty one is
  // nothing at all, and cannot be repeated.
  void ReadLiteral(GbnfSequence& sequence) {
    ++at_;
    const std::size_t start = at_;
    while (!failed() && Peek() != '"') ReadChar();
    if (failed()) return;
    if (at_ > start) sequence.push_back({});
    ++at_;
  }

  void ReadClass(GbnfSequence& sequence) {
    ++at_;
    if (Peek() == '^') ++at_;
    const std::size_t start = at_;
    while (!failed() && Peek() != ']') {
      ReadChar();
      if (Peek() == '-' && Peek(1) != ']') {
        ++at_;
        ReadChar();
      }
    }
    if (failed()) return;
    if (at_ == start) return Fail("[] is empty");
    ++at_;
    sequence.push_back({});
  }

  // <[42]> or <name>: one token of the vocabulary.
  void ReadToken(GbnfSequence& sequence) {
    if (!limits_.tokens) return Fail("tokens (<...>) cannot be used");
    if (Peek() == '!') ++at_;
    if (Peek() != '<') return Fail("'<' is expected");
    const std::size_t close = source_.find('>', at_);
    if (close == std::string_view::npos || close - at_ > 256) return Fail("'>' is expected");
    const std::string_view inside = source_.substr(at_ + 1, close - at_ - 1);
    if (inside.starts_with('[')) {
      const bool number = inside.size() > 2 && inside.size() < 12 && inside.ends_with(']') &&
                          std::ranges::all_of(inside.substr(1, inside.size() - 2), IsDigit);
      if (!number) return Fail("<[number]> is expected");
    }
    at_ = close + 1;
    sequence.push_back({});
  }

  void ReadChar() {
    const char c = Peek();
    if (at_ >= source_.size()) return Fail("a text or class is not closed");
    ++at_;
    if (c != '\\') return;
    const char escape = Peek();
    ++at_;
    const std::size_t digits = escape == 'x' ? 2 : escape == 'u' ? 4 : escape == 'U' ? 8 : 0;
    if (digits == 0) {
      constexpr std::string_view kKnown = "trn\\\"[]-";
      if (escape == '\0' || kKnown.find(escape) == std::string_view::npos) Fail("an unknown escape");
      return;
    }
    for (std::size_t i = 0; i < digits && !failed(); ++i, ++at_) {
      if (!IsHex(Peek())) return Fail(Sentence(digits, " hexadecimal digits are expected"));
    }
  }

  std::size_t ReadNumber() {
    const std::size_t start = at_;
    std::size_t value = 0;
    while (IsDigit(Peek()) && at_ - start < 9)
      value = value * 10 + static_cast<std::size_t>(source_[at_++] - '0');
    if (at_ == start || IsDigit(Peek())) Fail("a small number is expected");
    return value;
  }

  void ReadBounds(std::size_t& least, std::size_t& most, bool lines) {
    ++at_;
    SkipSpace(lines);
    least = ReadNumber();
    SkipSpace(lines);
    most = least;
    if (Peek() == ',') {
      ++at_;
      SkipSpace(lines);
      most = IsDigit(Peek()) ? ReadNumber() : kGbnfNoMaximum;
      SkipSpace(lines);
    }
    if (Peek() != '}') return Fail("'}' is expected");
    ++at_;
  }

  void Repeat(GbnfItem& item, std::size_t& weight, bool lines) {
    std::size_t least = Peek() == '+' ? 1 : 0;
    std::size_t most = Peek() == '?' ? 1 : kGbnfNoMaximum;
    if (Peek() == '{') {
      ReadBounds(least, most, lines);
    } else {
      ++at_;
    }
    if (failed()) return;
    if (most < least) return Fail("a repetition {n,m} needs n <= m");
    const std::size_t copies =
        most == kGbnfNoMaximum ? std::max<std::size_t>(least, 1) : std::max<std::size_t>(most, 1);
    if (copies > kMaxRepeat || weight * copies > kMaxRepeat) {
      return Fail(Sentence("a repetition writes out more than ", kMaxRepeat, " rules"));
    }
    weight *= copies;
    symbols_ += most == kGbnfNoMaximum ? 1 : most - least;
    grammar_.repetitions += copies;
    if (grammar_.repetitions > limits_.repetitions) return Fail("there are too many repetitions in all");
    item.least = least;
    item.most = most;
  }

  void CheckNames() {
    for (const GbnfRule& rule : grammar_.rules) {
      if (!rule.defined) return Fail(Sentence("rule ", rule.name, " is used, but not defined"));
    }
    const auto root = ids_.find("root");
    if (root == ids_.end()) return Fail("there is no rule 'root'");
    grammar_.root = root->second;
  }

  std::string_view source_;
  const GrammarLimits& limits_;
  std::size_t at_ = 0;
  std::string error_;
  Gbnf grammar_;
  std::size_t symbols_ = 0;  // rules that the library will have made so far, with those for repetitions
  std::map<std::string, std::size_t, std::less<>> ids_;
};

}  // namespace

base::Result<Gbnf> ReadGbnf(std::string_view source, const GrammarLimits& limits) {
  if (source.size() > limits.bytes) {
    return base::Fail(base::Code::kInvalidArgument,
                      Sentence("it has ", source.size(), " bytes; at most ", limits.bytes, " are allowed"));
  }
  return Reader(source, limits).Read();
}

}  // namespace lares::backend::llama
