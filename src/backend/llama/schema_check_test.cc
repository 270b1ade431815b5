// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/schema_check.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/llama/answer_grammar.h"
#include "backend/llama/pattern.h"
#include "backend/llama/schema_prepare.h"

namespace lares::backend::llama {
namespace {

using testing::HasSubstr;

constexpr const char* kWhere = "response_format.json_schema.schema";

std::string ParamOf(const std::string& schema, SchemaRigour rigour = SchemaRigour::kExact) {
  const auto checked = CheckSchema(schema, kWhere, rigour);
  return checked ? "" : checked.error().param();
}

std::string Repeat(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

// What passes must also become a grammar.
TEST(SchemaCheck, TakesWhatClientsSend) {
  for (
      const char* schema : {
          R"({})",
          R"({"type":"object"})",
          R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":["integer","null"]}},"required":["a"]})",
          R"({"type":"object","properties":{},"additionalProperties":{"type":"number"}})",
          R"({"type":"array","items":{"enum":["x",1,null]},"minItems":1,"maxItems":5})",
          R"({"type":"array","prefixItems":[{"type":"string"},{"type":"number"}]})",
          R"({"type":"string","pattern":"^[A-Z]{2,4}-(\\d|x)+$"})",
          R"({"type":"string","minLength":1,"maxLength":80})",
          R"({"type":"string","format":"date-time"})",
          R"({"type":"integer","minimum":-3,"exclusiveMaximum":12})",
          R"({"anyOf":[{"type":"string"},{"type":"null"}],"title":"T","default":null})",
          R"({"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#/$defs/n"},{"type":"null"}]}}}}})",
          R"({"allOf":[{"$ref":"#/$defs/a"},{"properties":{"y":{"type":"boolean"}}}],"$defs":{"a":{"properties":{"x":{"const":1}}}}})",
          R"({"type":"object","title":"Pydantic","properties":{"a":{"title":"A","type":"string","description":"d"}},"required":["a"],"additionalProperties":false,"$schema":"x"})",
          // As pydantic and others write them.
          R"({"type":"string","enum":["a","b"],"title":"Kind","default":"a"})",
          R"({"const":"x","type":"string","title":"Kind"})",
          R"({"const":"x","enum":["x"],"type":"string","default":"x"})",
          R"({"type":["string","null"],"enum":["a",null]})",
          R"({"type":"number","enum":[1,2.5]})",
          R"({"type":"integer","const":3})",
          R"({"anyOf":[{"type":"integer"},{"type":"null"}],"type":["integer","null"],"description":"d"})",
          R"({"type":"object","anyOf":[{"properties":{"a":{"const":1}}},{"$ref":"#/$defs/b"}],"$defs":{"b":{"type":"object","properties":{}}}})",
          R"({"$ref":"#/$defs/k","type":"string","$defs":{"k":{"enum":["a","b"],"type":"string"}}})",
          R"({"type":"string","format":"email","minLength":3})",
          R"({"type":"string","pattern":"^[a-z]+$","format":"hostname"})",
          R"({"items":{"type":"string"},"minItems":2})",
          R"({"type":"object","allOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}]})",
          R"({"type":"string","allOf":[{"enum":["a","b"]},{"enum":["b","c"]}]})",
      }) {
    EXPECT_EQ(ParamOf(schema), "") << schema;
    const auto grammar = MakeAnswerGrammar({.kind = core::ResponseFormat::Kind::kJsonSchema, .text = schema});
    EXPECT_TRUE(grammar) << schema << ": " << grammar.error().message();
  }
}

struct Refused {
  const char* schema;
  const char* place;  // below kWhere
};

TEST(SchemaCheck, NamesThePlaceOfWhatItRefuses) {
  const Refused refused[] = {
      {"no json", ""},
      {"[]", ""},
      {R"({"type":"objekt"})", ".type"},
      {R"({"type":[]})", ".type"},
      {R"({"type":["string","string"]})", ".type"},
      {R"({"properties":{"a":{"patternProperties":{}}}})", ".properties.a.patternProperties"},
      {R"({"properties":{"a":{"not":{}}}})", ".properties.a.not"},
      {R"({"type":"array","items":{"uniqueItems":true}})", ".items.uniqueItems"},
      {R"({"type":"object","minProperties":1})", ".minProperties"},
      {R"({"if":{},"then":{}})", ".if"},
      {R"({"type":"number","minimum":1})", ".minimum"},
      {R"({"type":"string","minItems":1})", ".minItems"},
      {R"({"type":"string","maxLength":100000})", ".maxLength"},
      {R"({"type":"array","items":{},"minItems":-1})", ".minItems"},
      {R"({"type":"string","pattern":"a+"})", ".pattern"},
      {R"({"type":"string","pattern":"^(?=x).*$"})", ".pattern"},
      {R"({"type":"string","pattern":"^\\bx$"})", ".pattern"},
      {R"({"type":"string","pattern":"^say \"x\"$"})", ".pattern"},
      {R"({"type":"string","pattern":"^a{9999}$"})", ".pattern"},
      {R"({"enum":[]})", ".enum"},
      {R"({"properties":{"a":{}},"required":["b"]})", ".required"},
      {R"({"properties":{"a":true}})", ".properties.a"},
      {R"({"anyOf":[]})", ".anyOf"},
      {R"({"anyOf":[{"type":"string"},{"oops":1}]})", ".anyOf[1].oops"},
      {R"({"anyOf":[{}],"properties":{}})", ".properties"},
      {R"({"allOf":[{"type":"string"}]})", ".allOf[0]"},
      {R"({"$ref":"http://x/y"})", ".$ref"},
      {R"({"$ref":"#/$defs/none"})", ".$ref"},
      {R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}})", ".$defs.a.$ref"},
      {R"({"$ref":"#/default","default":{"type":"string","maxLength":99999}})", ".$ref.maxLength"},
      {R"({"type":"array","items":[{}],"maxItems":3})", ".maxItems"},
      // Of two keywords the grammar would hold one and drop the other without a word.
      {R"({"type":"string","pattern":"^a+$","minLength":2})", ".minLength"},
      {R"({"pattern":"^a+$","maxLength":2})", ".maxLength"},
      {R"({"type":"string","pattern":"^a+$","format":"date"})", ".format"},
      {R"({"type":"string","format":"uuid","maxLength":2})", ".maxLength"},
      {R"({"type":"integer","minimum":3,"exclusiveMinimum":5})", ".exclusiveMinimum"},
      {R"({"type":["integer","null"],"maximum":3,"exclusiveMaximum":3})", ".exclusiveMaximum"},
      {R"({"enum":["a","bbb"],"minLength":2})", ".minLength"},
      {R"({"properties":{"a":{"const":{"b":1},"required":["b"],"properties":{"b":{}}}}})",
       ".properties.a.properties"},
      {R"({"const":"a","enum":["b"]})", ".enum"},
      {R"({"type":"string","enum":["a",1]})", ".type"},
      {R"({"type":"integer","const":1.5})", ".type"},
      {R"({"minItems":2})", ".minItems"},
      {R"({"properties":{"a":{"maxItems":2}}})", ".properties.a.maxItems"},
      {R"({"type":"string","anyOf":[{"type":"string"},{"type":"null"}]})", ".type"},
      {R"({"type":"object","anyOf":[{"properties":{}},{}]})", ".type"},
      {R"({"type":"object","$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}})", ".type"},
      {R"({"type":"integer","allOf":[{"enum":[1]}]})", ".allOf"},
      {R"({"type":"object","allOf":[{"enum":["a"]}]})", ".type"},
      {R"({"allOf":[{"properties":{"a":{}}},{"properties":{"a":{"type":"string"}}}]})",
       ".allOf[1].properties.a"},
      {R"({"allOf":[{"properties":{"a":{}}},{"enum":["a"]}]})", ".allOf[1]"},
      {R"({"allOf":[{"enum":["a"]},{"enum":["b"]}]})", ".allOf"},
      {R"({"allOf":[{"const":1}]})", ".allOf[0]"},
      {R"({"allOf":[{"type":["object","null"],"properties":{"a":{}},"required":["a"]}]})", ".allOf[0].type"},
  };
  for (const Refused& one : refused) {
    EXPECT_EQ(ParamOf(one.schema), std::string(kWhere) + one.place) << one.schema;
  }
}

TEST(SchemaCheck, BoundsSizeNestingAndExpansion) {
  const std::string deep = Repeat(R"({"type":"array","items":)", 40) + "{}" + Repeat("}", 40);
  EXPECT_NE(ParamOf(deep), "");
  EXPECT_EQ(ParamOf(Repeat("[", 5000)), kWhere);
  EXPECT_EQ(ParamOf(R"({"description":")" + std::string(70'000, 'x') + "\"}"), kWhere);
  // Each level would be built once for each type.
  const std::string types = R"({"type":["object","array","string","number","boolean","null"],"items":)";
  EXPECT_NE(ParamOf(Repeat(types, 8) + "{}" + Repeat("}", 8)), "");
  std::string many = R"({"type":"object","properties":{)";
  for (int i = 0; i < 300; ++i) many += (i == 0 ? "\"p" : ",\"p") + std::to_string(i) + R"(":{})";
  EXPECT_EQ(ParamOf(many + "}}"), std::string(kWhere) + ".properties");
}

TEST(SchemaCheck, ToolsMayRefineButNotBreakBounds) {
  EXPECT_EQ(ParamOf(R"({"type":"number","minimum":1,"uniqueItems":true,"x-hint":1})", SchemaRigour::kBounded),
            "");
  EXPECT_NE(ParamOf(R"({"type":"string","maxLength":100000})", SchemaRigour::kBounded), "");
  const std::string relaxed = PrepareSchema(
      R"({"properties":{"pattern":{"type":"string","pattern":"\\d","maxLength":100000,"minLength":2}}})",
      SchemaRigour::kBounded);
  EXPECT_EQ(relaxed, R"({"properties":{"pattern":{"type":"string","minLength":2}}})");
  EXPECT_EQ(PrepareSchema(R"({ "a": 1 })", SchemaRigour::kBounded), R"({ "a": 1 })")
      << "untouched, byte for byte";
}

// Types are followed through references that go round and branch; it must not take for ever.
TEST(SchemaCheck, ReferencesThatMultiplyAreNotFollowedWithoutEnd) {
  const std::string branching =
      R"({"type":"string","$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"}]},)"
      R"("b":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}}})";
  EXPECT_EQ(ParamOf(branching), std::string(kWhere) + ".type");
}

// The many optional properties that the check allows must still make a grammar that can be used.
TEST(SchemaCheck, LargestAllowedObjectMakesAGrammar) {
  std::string schema = R"({"type":"object","properties":{)";
  for (int i = 0; i < 256; ++i)
    schema += (i == 0 ? "\"p" : ",\"p") + std::to_string(i) + R"(":{"type":"string"})";
  schema += "}}";
  EXPECT_EQ(ParamOf(schema), "");
  const auto grammar = MakeAnswerGrammar({.kind = core::ResponseFormat::Kind::kJsonSchema, .text = schema});
  EXPECT_TRUE(grammar) << grammar.error().message();
}

TEST(Pattern, LetsNothingThroughThatIsNoJson) {
  EXPECT_EQ(JsonSafePattern("^a.$"), R"(^a[^"\\\x00-\x1F]$)");
  EXPECT_EQ(JsonSafePattern("^[^x]+$"), R"(^[^"\\\x00-\x1Fx]+$)");
  EXPECT_EQ(JsonSafePattern("^(?:\\d{4}|[\\w.]*)\\.$"), R"(^([0-9]{4}|[a-zA-Z0-9_.]*)\.$)");
}

TEST(AnswerGrammar, NamesTheParameter) {
  using Kind = core::ResponseFormat::Kind;
  const auto grammar = MakeAnswerGrammar({.kind = Kind::kGrammar, .text = "root ::= x"});
  ASSERT_FALSE(grammar);
  EXPECT_EQ(grammar.error().param(), "grammar");
  EXPECT_THAT(grammar.error().message(), HasSubstr("rule x"));
}

}  // namespace
}  // namespace lares::backend::llama
