// SPDX-License-Identifier: Apache-2.0
//
// Grammars on the real model: what it answers freely is far from what is asked for here.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "backend/llama/real_backend_test.h"

namespace lares::backend::llama {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kWeather =
    R"({"type":"object","properties":{"city":{"enum":["Paris","Rome"]},"days":{"type":"integer","minimum":1,"maximum":9}},"required":["city","days"]})";
constexpr const char* kSearch =
    R"({"type":"object","properties":{"query":{"type":"string","maxLength":20}},"required":["query"]})";

class ConstrainedTest : public RealModelTest {
 protected:
  static core::GenerateRequest Ask(const std::string& text) {
    core::ChatPrompt prompt;
    prompt.messages = {{.role = "user", .content = {core::TextPart{text}}}};
    prompt.tools = {};
    core::GenerateRequest request;
    request.prompt = prompt;
    return request;
  }

  // Greedy within the request's grammar, until an end token or `most` tokens.
  static std::string Answer(const Rendered& rendered, int most) {
    auto constraint = rendered.grammar ? backend().MakeConstraint(*rendered.grammar)
                                       : base::Result<std::unique_ptr<sampling::Constraint>>(nullptr);
    if (!constraint) {
      ADD_FAILURE() << constraint.error().message();
      return "";
    }
    std::vector<core::TokenId> tokens;
    for (const core::Symbol& symbol : rendered.prompt.symbols) tokens.push_back(symbol.token());
    std::string text;
    std::int32_t position = 0;
    for (int i = 0; i < most; ++i) {
      auto logits = Read(tokens, 0, position);
      position += static_cast<std::int32_t>(tokens.size());
      core::TokenId best = Best(logits);
      if (*constraint && !(*constraint)->Allows(best)) {
        (*constraint)->Mask(logits);
        best = Best(logits);
        EXPECT_TRUE((*constraint)->Allows(best));
      }
      if (*constraint) (*constraint)->Accept(best);
      if (*constraint && !(*constraint)->failure().empty()) ADD_FAILURE() << (*constraint)->failure();
      if (backend().EndsGeneration(best)) return text;
      text += backend().Piece(best, true);
      tokens = {best};
    }
    return text;
  }

  static Rendered Render(const core::GenerateRequest& request) {
    auto rendered = backend().Render(request);
    if (!rendered) ADD_FAILURE() << rendered.error().message();
    return rendered ? *rendered : Rendered{};
  }

  static core::GenerateRequest WithTools(core::ToolChoice choice, const std::string& name = "") {
    auto request = Ask("Hello there!");
    auto& prompt = std::get<core::ChatPrompt>(request.prompt);
    prompt.tools = {{.name = "get_weather", .description = "The weather", .parameters = kWeather},
                    {.name = "search", .description = "Search the web", .parameters = kSearch}};
    prompt.tool_choice = choice;
    prompt.tool_name = name;
    prompt.parallel_tool_calls = false;
    return request;
  }
};

TEST_F(ConstrainedTest, ASchemaIsHeldInChat) {
  auto request = Ask("Tell me a story.");
  request.response_format = {.kind = core::ResponseFormat::Kind::kJsonSchema, .text = kWeather};
  const auto answer = json::parse(Answer(Render(request), 60), nullptr, false);
  ASSERT_TRUE(answer.is_object());
  EXPECT_TRUE(answer.at("city") == "Paris" || answer.at("city") == "Rome");
  EXPECT_GE(answer.at("days"), 1);
  EXPECT_LE(answer.at("days"), 9);
}

TEST_F(ConstrainedTest, ASchemaAndAGrammarAreHeldInPlainCompletions) {
  core::GenerateRequest request;
  request.prompt = core::TextPrompt{.text = "Once upon a time"};
  request.response_format = {.kind = core::ResponseFormat::Kind::kJsonSchema,
                             .text = R"({"type":"string","pattern":"^\\d{3}-[a-c]+!$","title":"x"})"};
  const std::string text = Answer(Render(request), 20);
  EXPECT_THAT(text, testing::MatchesRegex("\"[0-9][0-9][0-9]-[abc]+!?\"?"));
  ASSERT_TRUE(backend().Truncate(0, 0));
  request.response_format = {.kind = core::ResponseFormat::Kind::kGrammar,
                             .text = "root ::= \"Yes\" \" sir\"{2}"};
  EXPECT_EQ(Answer(Render(request), 20), "Yes sir sir");
}

TEST_F(ConstrainedTest, AnyJsonObjectBegins) {
  auto request = Ask("Hi");
  request.response_format.kind = core::ResponseFormat::Kind::kJsonObject;
  const std::string text = Answer(Render(request), 15);
  EXPECT_TRUE(text.find_first_not_of(" \n\t") != std::string::npos &&
              text[text.find_first_not_of(" \n\t")] == '{')
      << text;
}

TEST_F(ConstrainedTest, ARequiredToolIsCalled) {
  const auto rendered = Render(WithTools(core::ToolChoice::kRequired));
  ASSERT_TRUE(rendered.parser);
  const auto answer = rendered.parser->Parse(Answer(rendered, 120), false);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->tool_calls.size(), 1U);
  EXPECT_THAT(answer->tool_calls[0].name, testing::AnyOf("get_weather", "search"));
  EXPECT_TRUE(json::accept(answer->tool_calls[0].arguments)) << answer->tool_calls[0].arguments;
  EXPECT_EQ(answer->content, "");
}

TEST_F(ConstrainedTest, ANamedToolIsTheOneCalled) {
  for (const std::string name : {"get_weather", "search"}) {
    ASSERT_TRUE(backend().Truncate(0, 0));
    const auto rendered = Render(WithTools(core::ToolChoice::kNamed, name));
    ASSERT_TRUE(rendered.parser);
    const auto answer = rendered.parser->Parse(Answer(rendered, 120), false);
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->tool_calls.size(), 1U);
    EXPECT_EQ(answer->tool_calls[0].name, name);
    EXPECT_TRUE(json::accept(answer->tool_calls[0].arguments)) << answer->tool_calls[0].arguments;
  }
}

TEST_F(ConstrainedTest, AToolThatMayBeCalledLeavesTheAnswerFree) {
  const auto rendered = Render(WithTools(core::ToolChoice::kAuto));
  ASSERT_TRUE(rendered.grammar);
  EXPECT_TRUE(rendered.grammar->lazy);
  const auto made = backend().MakeConstraint(*rendered.grammar);
  ASSERT_TRUE(made);
  sampling::Constraint& constraint = **made;
  for (const core::TokenId token : backend().Tokenize("Sure. <tool_call>\n{\"name\": \"", false, true)) {
    EXPECT_TRUE(constraint.Allows(token));
    constraint.Accept(token);
  }
  EXPECT_TRUE(constraint.Allows(backend().Tokenize("search", false, false)[0]));
  EXPECT_FALSE(constraint.Allows(backend().Tokenize("delete", false, false)[0]))
      << "from here on only the tools";
  EXPECT_FALSE(constraint.Allows(backend().EndTokens()[0]));
}

TEST_F(ConstrainedTest, NoToolsMeansNoGrammar) {
  const auto rendered = Render(WithTools(core::ToolChoice::kNone));
  EXPECT_FALSE(rendered.grammar);
  EXPECT_FALSE(Render(Ask("Hi")).grammar);
  EXPECT_FALSE(Render(Ask("Hi")).parser) << "plain text needs no parser";
}

TEST_F(ConstrainedTest, AnEndTokenTooEarlyIsNoDisaster) {
  const auto made = backend().MakeConstraint({.gbnf = "root ::= \"abc\""});
  ASSERT_TRUE(made);
  const core::TokenId end = backend().EndTokens()[0];
  EXPECT_FALSE((*made)->Allows(end));
  (*made)->Accept(end);
  EXPECT_EQ((*made)->failure(), "");
}

TEST_F(ConstrainedTest, ATokenOutsideTheGrammarEndsIt) {
  const auto made = backend().MakeConstraint({.gbnf = "root ::= \"abc\""});
  ASSERT_TRUE(made);
  (*made)->Accept(backend().Tokenize("zzz", false, false)[0]);
  EXPECT_NE((*made)->failure(), "");
  const core::TokenId end = backend().EndTokens()[0];
  EXPECT_TRUE((*made)->Allows(end));
  std::vector<float> logits(static_cast<std::size_t>(backend().facts().vocabulary), 1.0F);
  (*made)->Mask(logits);
  EXPECT_EQ(Best(logits), end);
}

// Every "a" can open either kind of bracket: twice as many readings per letter.
TEST_F(ConstrainedTest, AnAmbiguousGrammarIsStoppedBeforeItExplodes) {
  const auto made =
      backend().MakeConstraint({.gbnf = "root ::= s\ns ::= \"a\" s \"b\" | \"a\" s \"c\" | \"d\""});
  ASSERT_TRUE(made);
  const core::TokenId a = backend().Tokenize("a", false, false)[0];
  int accepted = 0;
  while ((*made)->failure().empty() && accepted < 200) {
    (*made)->Accept(a);
    ++accepted;
  }
  EXPECT_THAT((*made)->failure(), HasSubstr("ambiguous"));
  EXPECT_LT(accepted, 40);
}

TEST_F(ConstrainedTest, ErrorsNameTheParameter) {
  const auto param = [](const core::GenerateRequest& request) {
    const auto rendered = backend().Render(request);
    return rendered ? std::string("none") : rendered.error().param();
  };
  auto request = Ask("x");
  request.response_format = {.kind = core::ResponseFormat::Kind::kJsonSchema,
                             .text = R"({"properties":{"a":{"patternProperties":{}}}})"};
  EXPECT_EQ(param(request), "response_format.json_schema.schema.properties.a.patternProperties");
  request = Ask("x");
  request.response_format = {.kind = core::ResponseFormat::Kind::kGrammar, .text = "root ::="};
  EXPECT_EQ(param(request), "none");
  request.response_format.text = "root := 1";
  EXPECT_EQ(param(request), "grammar");

  EXPECT_EQ(param(WithTools(core::ToolChoice::kNamed, "nobody")), "tool_choice");
  request = WithTools(core::ToolChoice::kAuto);
  auto& prompt = std::get<core::ChatPrompt>(request.prompt);
  prompt.tools[1].parameters = "{";
  EXPECT_EQ(param(request), "tools[1].function.parameters");
  prompt.tools[1] = prompt.tools[0];
  EXPECT_EQ(param(request), "tools[1].function.name");
  prompt.tools.clear();
  prompt.template_arguments = "[1]";
  EXPECT_EQ(param(request), "chat_template_kwargs");
  prompt.template_arguments = R"({"enable_thinking":"yes"})";
  EXPECT_EQ(param(request), "chat_template_kwargs.enable_thinking");
  prompt.template_arguments.clear();
  prompt.tool_choice = core::ToolChoice::kRequired;
  EXPECT_EQ(param(request), "tool_choice");
  request = Ask("x");
  std::get<core::ChatPrompt>(request.prompt).messages[0].content.emplace_back(core::ImagePart{});
  EXPECT_EQ(param(request), "messages[0].content[1]");
  request.prompt = core::TokenPrompt{.tokens = {1, 2, 49152}};
  EXPECT_EQ(param(request), "prompt");
}

}  // namespace
}  // namespace lares::backend::llama
