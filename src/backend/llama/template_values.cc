// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/template_values.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "backend/llama/render_budget.h"

namespace lares::backend::llama {
namespace {

using jinja::is_val;
using jinja::value;

constexpr std::size_t kNodeBytes = 64;  // of a list's item or a text's part, roughly
constexpr std::int64_t kMaxRange = 10'000;
constexpr std::int64_t kMaxIndent = 256;
constexpr std::size_t kMaxWork =
    4'000'000'000;  // bytes compared or moved by one operation: about half a second

std::size_t TextBytes(const value& text) {
  return text->val_str.length() + kNodeBytes * text->val_str.parts.size();
}

std::size_t Times(std::size_t a, std::size_t b) {
  std::size_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

[[noreturn]] void TooLarge() { throw RenderLimit{"makes a value that is too large"}; }

const value& Unwrapped(const value& argument) {
  const auto* keyword = dynamic_cast<const jinja::value_kwarg_t*>(argument.get());
  return keyword == nullptr ? argument : keyword->val;
}

std::size_t LongestText(const std::vector<value>& args) {
  std::size_t longest = 0;
  for (const value& argument : args) {
    const value& plain = Unwrapped(argument);
    if (is_val<jinja::value_string>(plain)) longest = std::max(longest, plain->val_str.length());
  }
  return longest;
}

std::int64_t LargestNumber(const std::vector<value>& args) {
  std::int64_t largest = 0;
  for (const value& argument : args) {
    const value& plain = Unwrapped(argument);
    if (!is_val<jinja::value_int>(plain) && !is_val<jinja::value_float>(plain)) continue;
    const std::int64_t number = plain->as_int();
    largest = std::max(largest, number < 0 ? -(number + 1) : number);
  }
  return largest;
}

std::size_t Occurrences(const std::string& text, const std::string& part) {
  if (part.empty()) return text.size() + 1;
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

// Searching compares up to every byte with every byte.
void CheckSearch(std::size_t text, std::size_t part) {
  if (Times(text, part) > kMaxWork) throw RenderLimit{"searches too much text"};
}

// The engine moves the rest of the text once for every place that is found.
void CheckEdits(const jinja::string& text, const jinja::string& part) {
  CheckSearch(text.length(), part.length());
  if (Times(Occurrences(text.str(), part.str()), text.length()) > kMaxWork) {
    throw RenderLimit{"splits or replaces too much text"};
  }
}

// The texts of a list joined, each followed by `separator` bytes.
std::size_t JoinedBytes(const value& list, std::size_t separator) {
  std::size_t bytes = 0;
  for (const value& item : list->val_arr) bytes += item->val_str.length() + separator;
  return bytes;
}

}  // namespace

void SpendOn(const value& made) {
  RenderBudget* budget = RenderBudget::Current();
  if (budget == nullptr || !made) return;
  if (is_val<jinja::value_string>(made)) {
    const std::size_t bytes = TextBytes(made);
    if (bytes > budget->limits().value_bytes) TooLarge();
    budget->Spend(bytes);
  } else if (!made->val_arr.empty() || !made->val_obj.empty()) {
    budget->Spend(kNodeBytes * (made->val_arr.size() + made->val_obj.size()));
  }
}

void CheckWhole(const value& root) {
  const RenderBudget* budget = RenderBudget::Current();
  if (budget == nullptr || !root || (root->val_arr.empty() && root->val_obj.empty())) return;
  std::vector<std::pair<const value*, std::size_t>> left = {{&root, 0}};  // with its depth
  std::size_t nodes = 0;
  std::size_t bytes = 0;
  while (!left.empty()) {
    const auto [at, depth] = left.back();
    left.pop_back();
    if (!*at) continue;
    bytes += TextBytes(*at);
    if (++nodes > budget->limits().value_nodes || bytes > budget->limits().value_bytes) TooLarge();
    if (depth > budget->limits().value_depth) throw RenderLimit{"nests values too deeply"};
    for (const value& item : (*at)->val_arr) left.emplace_back(&item, depth + 1);
    for (const auto& [key, item] : (*at)->val_obj) left.emplace_back(&item, depth + 1);
  }
}

void CheckChanged(const value& changed) {
  try {
    CheckWhole(changed);
  } catch (const RenderLimit&) {
    changed->val_arr.clear();
    changed->val_obj.clear();
    if (auto* object = dynamic_cast<jinja::value_object_t*>(changed.get())) object->unordered.clear();
    throw;
  }
}

void CheckRepeat(const value& left, const value& right) {
  const RenderBudget* budget = RenderBudget::Current();
  if (budget == nullptr) return;
  const bool text_left = is_val<jinja::value_string>(left);
  const value& text = text_left ? left : right;
  const value& times = text_left ? right : left;
  if (!is_val<jinja::value_string>(text) || !is_val<jinja::value_int>(times) || times->as_int() <= 0) return;
  if (Times(TextBytes(text), static_cast<std::size_t>(times->as_int())) > budget->limits().value_bytes)
    TooLarge();
}

void CheckContains(const value& part, const value& whole) {
  if (RenderBudget::Current() == nullptr) return;
  if (!is_val<jinja::value_string>(part) || !is_val<jinja::value_string>(whole)) return;
  CheckSearch(whole->val_str.length(), part->val_str.length());
}

void CheckCall(const std::string& name, const value& input, const std::vector<value>& args) {
  const RenderBudget* budget = RenderBudget::Current();
  if (budget == nullptr) return;
  const std::size_t limit = budget->limits().value_bytes;
  if (name == "range") {
    // Only its length matters, but numbers beyond this serve nobody in a prompt.
    if (LargestNumber(args) > kMaxRange) throw RenderLimit{"counts too far"};
  } else if (name == "replace" && input && args.size() > 1) {
    CheckEdits(input->val_str, Unwrapped(args[0])->val_str);
    // At worst every character is replaced.
    const std::size_t found = Occurrences(input->val_str.str(), Unwrapped(args[0])->val_str.str());
    if (Times(found, LongestText(args) + 1) > limit) TooLarge();
  } else if ((name == "split" || name == "rsplit") && input) {
    CheckEdits(input->val_str, args.empty() ? jinja::string(" ") : Unwrapped(args[0])->val_str);
  } else if (name == "join" && input) {
    if (JoinedBytes(input, LongestText(args)) > limit) TooLarge();
  } else if (name == "indent" && input) {
    const std::string text = input->val_str.str();
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    const std::size_t width = std::max(LongestText(args), static_cast<std::size_t>(LargestNumber(args)));
    if (Times(lines, width) > limit) TooLarge();
  } else if (name == "tojson") {
    if (LargestNumber(args) > kMaxIndent || LongestText(args) > kMaxIndent) TooLarge();
  }
}

}  // namespace lares::backend::llama
