// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/template_guard.h"

#include <exception>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jinja/runtime.h>

#include "backend/llama/render_budget.h"

namespace lares::backend::llama {
namespace {

using testing::HasSubstr;

// What the template renders, "limit: ..." when it ran into one, or "error".
std::string Render(const std::string& source) {
  auto parsed = ParseGuarded(source);
  if (!parsed) return "refused: " + parsed.error().message();
  try {
    const RenderBudget budget(
        {.cpu = std::chrono::milliseconds(1000), .bytes = 64U << 20U, .value_bytes = 8U << 20U});
    jinja::context context(parsed->source);
    jinja::runtime runtime(context);
    const jinja::value results = runtime.execute(parsed->program);
    return jinja::runtime::gather_string_parts(results)->as_string().str();
  } catch (const RenderLimit& limit) {
    return "limit: " + limit.what;
  } catch (const std::exception& e) {
    return std::string("error: ") + e.what();
  }
}

TEST(TemplateGuard, ChangesNothingThatBehaves) {
  EXPECT_EQ(Render("a{{ 1 + 2 }}b"), "a3b");
  EXPECT_EQ(Render("{% for i in range(3) %}{{ i }},{% endfor %}"), "0,1,2,");
  EXPECT_EQ(Render("{% for i in range(5) if i % 2 == 0 %}{{ i }}{% else %}-{% endfor %}"), "024");
  EXPECT_EQ(Render("{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i > 3 %}{% break %}"
                   "{% endif %}{{ i }}{% endfor %}"),
            "013");
  EXPECT_EQ(
      Render("{% set ns = namespace(n=1) %}{% for i in range(3) %}{% set ns.n = ns.n * 2 %}{% endfor %}{{ "
             "ns.n }}"),
      "8");
  EXPECT_EQ(Render("{% macro f(x, y='z') %}[{{ x }}{{ y }}]{% endmacro %}{{ f(1) }}{{ f(2, y=3) }}"),
            "[1z][23]");
  EXPECT_EQ(Render("{% set x %}in{{ 1 }}{% endset %}{{ x|upper }}"), "IN1");
  EXPECT_EQ(Render("{{ 'a b'|replace(' ', '-') }} {{ ['x','y']|join('+') }} {{ 'ab' * 3 }}"),
            "a-b x+y ababab");
  EXPECT_EQ(Render("{{ 'x' if 1 > 2 else 'y' }}{{ 'b' in 'abc' }}{{ 'abcd'[1:3] }}{{ not true }}"),
            "yTruebcFalse");
  EXPECT_EQ(Render("{{ {'a': [1, {'b': 2}]}|tojson }}"), R"({"a": [1, {"b": 2}]})");
  EXPECT_EQ(Render("{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}in{% endcall %}"), "<in>");
  EXPECT_EQ(Render("{% filter upper %}a{{ 'b' }}{% endfilter %}"), "AB");
  EXPECT_EQ(Render("{{ 3 is odd }}{{ x is defined }}{{ 6 is divisibleby(3) }}"), "TrueFalseTrue");
}

TEST(TemplateGuard, StopsWhatRunsAway) {
  const std::string loop = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}";
  const std::string letters(100, 'a');
  std::string lines;
  for (int i = 0; i < 50; ++i) lines += "a\\n";
  const std::string ends = "{% endfor %}{% endfor %}{% endfor %}";
  EXPECT_THAT(Render(loop + ends), HasSubstr("limit: took more than"));
  EXPECT_THAT(Render(loop + "x" + ends), HasSubstr("limit: "));
  EXPECT_THAT(Render("{{ range(10**9) }}{{ range(1000000000) }}"),
              testing::AnyOf(HasSubstr("limit"), HasSubstr("refused")));
  EXPECT_THAT(Render("{% set r = range %}{{ r(1000000000) }}"), HasSubstr("limit: counts too far"));
  EXPECT_THAT(Render("{{ 'x' * 1000000000 }}"), HasSubstr("limit: makes a value"));
  EXPECT_THAT(Render("{{ 1000000000 * 'x' }}"), HasSubstr("limit: makes a value"));
  EXPECT_THAT(
      Render(
          "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"),
      HasSubstr("limit: makes"));
  EXPECT_THAT(
      Render(
          "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}"),
      HasSubstr("limit: makes"));
  EXPECT_THAT(
      Render(
          "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}"),
      HasSubstr("limit: makes"));
  EXPECT_THAT(
      Render("{% set ns = namespace(l=[1]) %}{% for i in range(999) %}{% set ns.l = [ns.l] %}{% endfor %}"),
      HasSubstr("limit: nests"));
  EXPECT_THAT(Render("{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(1) }}"),
              HasSubstr("limit: calls itself"));
  EXPECT_THAT(Render("{% set ns = namespace() %}{% set ns.a = ns %}{{ ns|tojson }}"), HasSubstr("limit: "));
  EXPECT_THAT(Render("{% set l = [] %}{{ l.append(l) }}{{ l|tojson }}"), HasSubstr("limit: "));
  EXPECT_THAT(Render("{{ ('a' * 10000)|replace('a', 'b' * 100000) }}"), HasSubstr("limit: makes a value"));
  EXPECT_THAT(Render("{{ ('" + letters + "' * 9000)|replace('a', 'bc')|length }}"),
              HasSubstr("limit: splits or replaces"));
  EXPECT_THAT(Render("{{ ('" + letters + "' * 9000).split('a')|length }}"), HasSubstr("limit: splits"));
  EXPECT_THAT(Render("{{ ('" + letters + "' * 900 ~ 'b') in ('" + letters + "' * 9000) }}"),
              HasSubstr("limit: searches"));
  EXPECT_THAT(Render("{{ ['" + letters + "' * 45000, '" + letters + "' * 45000]|join('z') }}"),
              HasSubstr("limit: makes a value"));
  EXPECT_THAT(Render("{{ ('" + lines + "' * 2000)|indent(200) }}"), HasSubstr("limit: makes a value"));
  EXPECT_THAT(Render("{{ [1]|tojson(indent=1000000) }}"), HasSubstr("limit: "));
  EXPECT_THAT(Render("{% call range(99999999) %}{% endcall %}"), HasSubstr("limit: calls something"));
  EXPECT_THAT(Render("{% for i in range(9999) %}{{ 'x' * 9999 }}{% endfor %}"),
              HasSubstr("limit: makes too much"));
}

TEST(TemplateGuard, RefusesWhatCannotBeParsedSafely) {
  EXPECT_THAT(Render("{{ " + std::string(5000, '(') + "1" + std::string(5000, ')') + " }}"),
              HasSubstr("nested brackets"));
  EXPECT_THAT(Render("{{ " + std::string(5000, '[')), HasSubstr("refused"));
  std::string negations = "{{ ";
  for (int i = 0; i < 5000; ++i) negations += "not ";
  EXPECT_THAT(Render(negations + "1 }}"), HasSubstr("refused"));
  std::string blocks;
  std::string branches = "{% if 0 %}";
  for (int i = 0; i < 2000; ++i) {
    blocks += "{% if 1 %}";
    branches += "{% elif 0 %}";
  }
  EXPECT_THAT(Render(blocks), HasSubstr("nested blocks"));
  EXPECT_THAT(Render(branches + "{% endif %}"), HasSubstr("branches"));
  EXPECT_THAT(Render(std::string(200'000, 'x')), HasSubstr("bytes"));
  EXPECT_THAT(Render("{% for x in y %}"), HasSubstr("refused"));
  EXPECT_THAT(Render("{{ 'open }}"), HasSubstr("refused"));
}

}  // namespace
}  // namespace lares::backend::llama
