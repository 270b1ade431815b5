// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/pattern_check.h"

#include <cctype>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

constexpr int kMaxGroups = 16;

class PatternReader {
 public:
  PatternReader(std::string_view body, std::int64_t max_repeat) : body_(body), max_repeat_(max_repeat) {}

  std::string Read() {
    while (at_ < body_.size()) {
      if (std::string why = Step(body_[at_]); !why.empty()) return why;
    }
    return groups_ == 0 ? "" : "a group is not closed";
  }

 private:
  std::string Step(char c) {
    switch (c) {
      case '(':
        return OpenGroup();
      case ')':
        return CloseGroup();
      case '[':
        return Class();
      case '{':
        return Braces();
      case '*':
      case '+':
      case '?':
        return Repeat(1);
      case '^':
      case '$':
        return "^ and $ may only stand at its ends";
      case ']':
      case '}':
        return Sentence("a lone '", std::string_view(&c, 1), "'");
      case '\\':
        return Escape();
      case '|':
        ++at_;
        item_ = false;
        return "";
      default:
        ++at_;
        item_ = true;
        return "";
    }
  }

  std::string OpenGroup() {
    ++at_;
    if (++groups_ > kMaxGroups) return Sentence("more than ", kMaxGroups, " nested groups");
    if (body_.substr(at_).starts_with("?:")) {
      at_ += 2;
    } else if (body_.substr(at_).starts_with("?")) {
      return "look-around, named groups and flags are not supported";
    }
    item_ = false;
    return "";
  }

  std::string CloseGroup() {
    ++at_;
    if (--groups_ < 0) return "a group is closed that was not opened";
    item_ = true;
    return "";
  }

  std::string Class() {
    ++at_;
    const std::size_t start = at_;
    while (at_ < body_.size() && body_[at_] != ']') {
      if (body_[at_] == '\\') {
        // In a grammar's classes these mean the same as in the expression.
        constexpr std::string_view kSame = "trn\\]-[\"";
        if (at_ + 1 >= body_.size() || kSame.find(body_[at_ + 1]) == std::string_view::npos) {
          return "an escape within [] is not supported (write 0-9 for \\d, a-zA-Z0-9_ for \\w)";
        }
        ++at_;
      }
      ++at_;
    }
    if (at_ >= body_.size()) return "a class is not closed";
    if (at_ == start) return "an empty class";
    ++at_;
    item_ = true;
    return "";
  }

  // {n}, {n,} and {n,m}.
  std::string Braces() {
    const std::size_t close = body_.find('}', at_);
    if (close == std::string_view::npos) return "{ without }";
    const std::string_view inside = body_.substr(at_ + 1, close - at_ - 1);
    const std::size_t comma = inside.find(',');
    const std::string_view low = inside.substr(0, comma);
    const std::string_view high = comma == std::string_view::npos ? low : inside.substr(comma + 1);
    const std::int64_t least = Number(low);
    const std::int64_t most = high.empty() ? least : Number(high);
    if (least < 0 || most < least) return "a repetition that is not {n}, {n,} or {n,m}";
    if (most > max_repeat_) return Sentence("more than ", max_repeat_, " repetitions");
    return Repeat(close + 1 - at_);
  }

  static std::int64_t Number(std::string_view digits) {
    if (digits.empty() || digits.size() > 9) return -1;
    std::int64_t value = 0;
    for (const char c : digits) {
      if (std::isdigit(static_cast<unsigned char>(c)) == 0) return -1;
      value = value * 10 + (c - '0');
    }
    return value;
  }

  std::string Repeat(std::size_t length) {
    if (!item_) return "nothing to repeat";
    at_ += length;
    item_ = false;
    return "";
  }

  std::string Escape() {
    constexpr std::string_view kLiteral = "^$.[]()|{}*+?\\trn\"-";
    if (at_ + 1 >= body_.size() || kLiteral.find(body_[at_ + 1]) == std::string_view::npos) {
      return "an escape that is not supported (write [0-9] for \\d, [a-zA-Z0-9_] for \\w)";
    }
    at_ += 2;
    item_ = true;
    return "";
  }

  std::string_view body_;
  std::int64_t max_repeat_;
  std::size_t at_ = 0;
  int groups_ = 0;
  bool item_ = false;  // something that can be repeated stands to the left
};

}  // namespace

std::string WhyPatternFails(std::string_view pattern, std::int64_t max_repeat) {
  if (pattern.size() < 2 || pattern.front() != '^' || pattern.back() != '$') {
    return "it must begin with ^ and end with $";
  }
  return PatternReader(pattern.substr(1, pattern.size() - 2), max_repeat).Read();
}

}  // namespace lares::backend::llama
