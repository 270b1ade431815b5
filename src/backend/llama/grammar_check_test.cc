// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/grammar_check.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <llama.h>

#include "backend/llama/handles.h"

namespace lares::backend::llama {
namespace {

using testing::HasSubstr;

std::string Why(const std::string& gbnf) {
  const auto checked = CheckGrammar(gbnf);
  return checked ? "" : checked.error().message();
}

TEST(GrammarCheck, WhatPassesTheLibraryBuilds) {
  for (const char* gbnf : {
           "root ::= \"yes\" | \"no\"",
           "# a comment\nroot ::= (\"a\" | [^b-d\\x41\\]-] ){2,5} ws\nws ::= [ \\t\\n]*\n",
           "root ::= item (\",\" item)*\nitem ::= [0-9]+ (\".\" [0-9]{1,3})?",
           "root ::=\n  \"a\"\n  | \"b\"\n",  // the library reads on after ::= and |, so does this
           "root ::= . \"\\u00e9\" \"\" \"x\"?",
           "root ::= (a? \" \"?)+\na ::= \"x\"",
           "root ::= \"a\"{0} \"b\"{3,}",
           "root ::= v\nv ::= \"[\" (v (\",\" v)*)? \"]\" | \"1\"",
       }) {
    const std::string why = Why(gbnf);
    const SamplerPtr sampler(llama_sampler_init_grammar(nullptr, gbnf, "root"));
    EXPECT_EQ(why.empty(), sampler != nullptr) << gbnf << ": " << why;
  }
}

TEST(GrammarCheck, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(Why(""), HasSubstr("no rule 'root'"));
  EXPECT_THAT(Why("start ::= \"a\""), HasSubstr("no rule 'root'"));
  EXPECT_THAT(Why("root ::= \"a\"\nb := \"c\""), HasSubstr("line 2: '::=' is expected after b"));
  EXPECT_THAT(Why("root ::= x"), HasSubstr("rule x is used, but not defined"));
  EXPECT_THAT(Why("root ::= \"a"), HasSubstr("not closed"));
  EXPECT_THAT(Why("root ::= [a"), HasSubstr("not closed"));
  EXPECT_THAT(Why("root ::= (\"a\""), HasSubstr("')' is expected"));
  EXPECT_THAT(Why("root ::= *"), HasSubstr("nothing to repeat"));
  EXPECT_THAT(Why("root ::= \"a\"?*"), HasSubstr("nothing to repeat"));
  EXPECT_THAT(Why("root ::= \"\"*"), HasSubstr("nothing to repeat"));
  EXPECT_THAT(Why("root ::= \"\\q\""), HasSubstr("unknown escape"));
  EXPECT_THAT(Why("root ::= \"a\"{5,2}"), HasSubstr("n <= m"));
  EXPECT_THAT(Why("root ::= \"a\"{99999}"), HasSubstr("2000"));
  EXPECT_THAT(Why("root ::= ((\"a\"{0,100}){0,100}){0,100}"), HasSubstr("2000"));
  EXPECT_THAT(Why("root ::= <[5]>"), HasSubstr("tokens"));
  EXPECT_THAT(Why("root ::= \"a\"\nroot ::= \"b\""), HasSubstr("twice"));
  EXPECT_THAT(Why(std::string("root ::= \"a\0\"", 13)), HasSubstr("NUL"));
  EXPECT_THAT(Why("root ::= \"a\xd4\""), HasSubstr("UTF-8")) << "the library would read over the quote";
}

TEST(GrammarCheck, FindsLeftRecursionThatTheLibraryMisses) {
  EXPECT_THAT(Why("root ::= root \"a\" | \"b\""), HasSubstr("left recursion"));
  EXPECT_THAT(Why("root ::= a\na ::= b\nb ::= root \"x\""), HasSubstr("left recursion"));
  // o may be empty only by way of another rule: the library does not notice, and never returns.
  EXPECT_THAT(Why("root ::= e root \"x\" | \"y\"\ne ::= o\no ::= \"z\"?"), HasSubstr("left recursion"));
  EXPECT_THAT(Why("root ::= e*\ne ::= \"a\" | \"\""), HasSubstr("may be empty"));
}

TEST(GrammarCheck, BoundsWhatExplodes) {
  EXPECT_THAT(Why("root ::= " + std::string(40, '(') + "\"a\"" + std::string(40, ')')),
              HasSubstr("parentheses"));
  EXPECT_THAT(Why("root ::= \"" + std::string(70'000, 'a') + "\""), HasSubstr("bytes"));
  std::string optional = "root ::= a a a a a a a a\n";
  for (char rule = 'a'; rule < 'h'; ++rule) {
    optional += std::string(1, rule) + " ::=";
    for (int i = 0; i < 8; ++i) optional += std::string(" ") + static_cast<char>(rule + 1);
    optional += "\n";
  }
  EXPECT_THAT(Why(optional + "h ::= \"x\"?\n"), HasSubstr("ways"));
  std::string doubling = "root ::= a0 | a0 \"x\"\n";
  for (int i = 0; i < 60; ++i) {
    const std::string next = "a" + std::to_string(i + 1);
    doubling += "a" + std::to_string(i) + " ::= " + next + " | " + next + " \"y\"\n";
  }
  EXPECT_THAT(Why(doubling + "a60 ::= \"z\"\n"), HasSubstr("ways"))
      << "the library takes 2^60 steps for this";
}

}  // namespace
}  // namespace lares::backend::llama
