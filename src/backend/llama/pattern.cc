// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/pattern.h"

#include <cctype>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

constexpr int kMaxGroups = 16;

// What may not stand between the quotes of a JSON string as it is, for use within [^...].
constexpr std::string_view kUnsafe = "\"\\\\\\x00-\\x1F";

// \d, \w and \s within [...]; empty for other escapes.
std::string_view ClassOf(char escape) {
  switch (escape) {
    case 'd':
      return "0-9";
    case 'w':
      return "a-zA-Z0-9_";
    case 's':
      return " ";  // the other spaces are control characters
    default:
      return "";
  }
}

// Reads the body of a pattern and writes its safe form on the way.
class PatternReader {
 public:
  PatternReader(std::string_view body, std::int64_t max_repeat) : body_(body), max_repeat_(max_repeat) {}

  std::string Read() {
    while (at_ < body_.size()) {
      if (std::string why = Step(body_[at_]); !why.empty()) return why;
    }
    return groups_ == 0 ? "" : "a group is not closed";
  }
  const std::string& safe() const { return safe_; }

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
      case '.':
        return Item(Sentence("[^", kUnsafe, "]"), 1);
      case '|':
        ++at_;
        item_ = false;
        safe_ += '|';
        return "";
      default:
        return Safe(c) ? Item(std::string(1, c), 1) : kWhyUnsafe;
    }
  }

  static bool Safe(char c) { return c != '"' && static_cast<unsigned char>(c) >= 0x20; }

  std::string Item(const std::string& text, std::size_t length) {
    safe_ += text;
    at_ += length;
    item_ = true;
    return "";
  }

  std::string OpenGroup() {
    ++at_;
    if (++groups_ > kMaxGroups) return Sentence("more than ", kMaxGroups, " nested groups");
    if (body_.substr(at_).starts_with("?:")) {
      at_ += 2;
    } else if (body_.substr(at_).starts_with("?")) {
      return "look-around, named groups and flags are not supported";
    }
    safe_ += '(';
    item_ = false;
    return "";
  }

  std::string CloseGroup() {
    if (--groups_ < 0) return "a group is closed that was not opened";
    return Item(")", 1);
  }

  std::string Class() {
    std::string inside;
    ++at_;
    const bool negated = body_.substr(at_).starts_with("^");
    if (negated) ++at_;
    const std::size_t start = at_;
    while (at_ < body_.size() && body_[at_] != ']') {
      if (std::string why = ClassPart(inside, negated); !why.empty()) return why;
    }
    if (at_ >= body_.size()) return "a class is not closed";
    if (at_ == start) return "an empty class";
    return Item(negated ? Sentence("[^", kUnsafe, inside, "]") : Sentence("[", inside, "]"), 1);
  }

  std::string ClassPart(std::string& inside, bool negated) {
    const char c = body_[at_++];
    if (c != '\\') {
      if (!negated && !Safe(c)) return kWhyUnsafe;
      inside += c;
      return "";
    }
    const char escape = at_ < body_.size() ? body_[at_++] : '\0';
    if (const std::string_view known = ClassOf(escape); !known.empty()) {
      inside += known;
      return "";
    }
    if (escape == ']' || escape == '-' || escape == '[') {
      inside += Sentence("\\", std::string_view(&escape, 1));
      return "";
    }
    // Escaped for no reason; in a class they are themselves.
    if (std::string_view("^$.()|{}*+?/").find(escape) != std::string_view::npos && escape != '^') {
      inside += escape;
      return "";
    }
    return kWhyEscape;
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
    safe_ += body_.substr(at_, length);
    at_ += length;
    item_ = false;
    return "";
  }

  std::string Escape() {
    const char escape = at_ + 1 < body_.size() ? body_[at_ + 1] : '\0';
    if (const std::string_view known = ClassOf(escape); !known.empty())
      return Item(Sentence("[", known, "]"), 2);
    if (escape == '-' || escape == '/') return Item(std::string(1, escape), 2);
    if (std::string_view("^$.[]()|{}*+?").find(escape) == std::string_view::npos) return kWhyEscape;
    return Item(Sentence("\\", std::string_view(&escape, 1)), 2);
  }

  static constexpr const char* kWhyUnsafe = "quotes and control characters are written otherwise in JSON";
  static constexpr const char* kWhyEscape =
      "an escape that is not supported (there are \\d, \\w, \\s and \\. etc.)";

  std::string_view body_;
  std::int64_t max_repeat_;
  std::size_t at_ = 0;
  int groups_ = 0;
  bool item_ = false;  // something that can be repeated stands to the left
  std::string safe_;
};

std::string_view Body(std::string_view pattern) { return pattern.substr(1, pattern.size() - 2); }

}  // namespace

std::string WhyPatternFails(std::string_view pattern, std::int64_t max_repeat) {
  if (pattern.size() < 2 || pattern.front() != '^' || pattern.back() != '$') {
    return "it must begin with ^ and end with $";
  }
  return PatternReader(Body(pattern), max_repeat).Read();
}

std::string JsonSafePattern(std::string_view pattern) {
  PatternReader reader(Body(pattern), INT64_MAX);
  reader.Read();
  return Sentence("^", reader.safe(), "$");
}

}  // namespace lares::backend::llama
