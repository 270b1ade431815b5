// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/template_shape.h"

#include <string_view>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using jinja::token;

// Several times what the templates of known models need.
constexpr int kMaxBrackets = 48;       // within one expression
constexpr int kMaxBlocks = 48;         // if, for, macro, set, call, filter
constexpr int kMaxBlockTokens = 2000;  // in one {{ }} or {% %}
constexpr int kMaxBranches = 500;      // elif, over all

bool Opens(token::type type) {
  return type == token::open_paren || type == token::open_square_bracket || type == token::open_curly_bracket;
}
bool Closes(token::type type) {
  return type == token::close_paren || type == token::close_square_bracket ||
         type == token::close_curly_bracket;
}
bool BeginsBlock(std::string_view word) {
  return word == "if" || word == "for" || word == "macro" || word == "call" || word == "filter";
}

// {% set a %}...{% endset %}, not {% set a = 1 %}.
bool BeginsSetBlock(const std::vector<token>& tokens, std::size_t at) {
  if (tokens[at].value != "set") return false;
  for (; at < tokens.size() && tokens[at].t != token::close_statement; ++at) {
    if (tokens[at].t == token::equals) return false;
  }
  return true;
}

}  // namespace

std::string WhyTooDeep(const std::vector<token>& tokens) {
  int brackets = 0;
  int blocks = 0;
  int in_block = 0;
  int branches = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const token::type type = tokens[i].t;
    if (type == token::text || type == token::comment) continue;
    if (type == token::open_statement || type == token::open_expression) in_block = brackets = 0;
    if (Opens(type) && ++brackets > kMaxBrackets)
      return Sentence("more than ", kMaxBrackets, " nested brackets");
    if (Closes(type)) --brackets;
    if (++in_block > kMaxBlockTokens)
      return Sentence("an expression of more than ", kMaxBlockTokens, " words");
    if (i == 0 || tokens[i - 1].t != token::open_statement || type != token::identifier) continue;
    const std::string_view word = tokens[i].value;
    if ((BeginsBlock(word) || BeginsSetBlock(tokens, i)) && ++blocks > kMaxBlocks)
      return Sentence("more than ", kMaxBlocks, " nested blocks");
    if (word.starts_with("end") && word != "endgeneration") --blocks;
    if (word == "elif" && ++branches > kMaxBranches) return Sentence("more than ", kMaxBranches, " branches");
  }
  return "";
}

}  // namespace lares::backend::llama
