// SPDX-License-Identifier: Apache-2.0
//
// Chat formats of several model families: the real model lends its vocabulary, the templates lie in
// testdata/.
#include "backend/llama/chat_format.h"

#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/llama/grammar_constraint.h"
#include "backend/llama/log_bridge.h"
#include "backend/llama/model_file.h"
#include "backend/llama/test_model.h"

namespace lares::backend::llama {
namespace {

using testing::HasSubstr;
using testing::Not;

const llama_model* Model() {
  static const auto silent = base::Logger::Silent();
  static const LogBridge log(*silent);
  static const ModelPtr model = [] {
    const std::string path = TestModelPath();
    auto read = path.empty() ? base::Result<ModelPtr>(ModelPtr()) : ReadModel(path, 0, {});
    return read ? std::move(*read) : ModelPtr();
  }();
  return model.get();
}

std::string Template(const std::string& name) {
  std::ifstream in(std::string(LARES_SOURCE_DIR) + "/src/backend/llama/testdata/" + name + ".jinja");
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

core::ChatPrompt Question() {
  core::ChatPrompt prompt;
  prompt.messages = {{.role = "system", .content = {core::TextPart{"Be brief."}}},
                     {.role = "user", .content = {core::TextPart{"How warm is it in Paris?"}}}};
  return prompt;
}

core::ChatPrompt QuestionWithTool() {
  core::ChatPrompt prompt = Question();
  prompt.tools = {
      {.name = "get_weather",
       .description = "The weather of a city",
       .parameters = R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"]})"}};
  return prompt;
}

class ChatFormatTest : public testing::Test {
 protected:
  void SetUp() override {
    if (Model() == nullptr) GTEST_SKIP() << kNoTestModel;
  }
  static std::unique_ptr<ChatFormat> Make(const std::string& source) {
    auto made = ChatFormat::Make(Model(), source);
    if (!made) ADD_FAILURE() << made.error().message();
    return made ? std::move(*made) : nullptr;
  }
  static RenderedChat Render(const ChatFormat& format, const core::ChatPrompt& prompt,
                             const core::ResponseFormat& answer = {}) {
    auto rendered = format.Render(prompt, answer, true);
    if (!rendered) ADD_FAILURE() << rendered.error().message();
    return rendered ? std::move(*rendered) : RenderedChat{};
  }
};

TEST_F(ChatFormatTest, TheModelsOwnTemplate) {
  const auto format = Make("");
  ASSERT_TRUE(format);
  EXPECT_EQ(Render(*format, Question()).text,
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHow warm is it in Paris?<|im_end|>\n"
            "<|im_start|>assistant\n");
  core::ChatPrompt parts = Question();
  parts.messages[0].role = "developer";
  parts.messages[1].content.emplace_back(core::TextPart{"Tell me."});
  EXPECT_THAT(Render(*format, parts).text,
              testing::AllOf(HasSubstr("<|im_start|>system\nBe brief."), HasSubstr("in Paris?\nTell me.")));
}

TEST_F(ChatFormatTest, AnOverrideReplacesIt) {
  const auto format = Make(
      "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
      "{% if add_generation_prompt %}[assistant]{% endif %}{{ mood }}");
  ASSERT_TRUE(format);
  core::ChatPrompt prompt = Question();
  prompt.template_arguments = R"({"mood":"!"})";
  EXPECT_EQ(Render(*format, prompt).text,
            "[system] Be brief.\n[user] How warm is it in Paris?\n[assistant]!");
}

TEST_F(ChatFormatTest, ATemplateThatRunsAwayIsRefusedOrStopped) {
  const auto at_load = ChatFormat::Make(Model(), "{{ 'x' * 1000000000 }}");
  ASSERT_FALSE(at_load);
  EXPECT_THAT(at_load.error().message(), HasSubstr("when it is tried out"));
  // Harmless until somebody asks for it.
  const auto format = Make(
      "{% for m in messages %}{{ m.content }}{% endfor %}"
      "{% if bomb %}{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}{% endif %}");
  ASSERT_TRUE(format);
  core::ChatPrompt prompt = Question();
  EXPECT_THAT(Render(*format, prompt).text, HasSubstr("Be brief."));
  prompt.template_arguments = R"({"bomb":true})";
  const auto rendered = format->Render(prompt, {}, true);
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().reason(), "template_limit");
}

TEST_F(ChatFormatTest, WhatATemplateRefusesIsTheClientsError) {
  const auto format = Make(
      "{% for m in messages %}{% if m.role == 'user' and m.content == 'x' %}"
      "{{ raise_exception('no x please') }}{% endif %}{{ m.content }}{% endfor %}");
  ASSERT_TRUE(format);
  core::ChatPrompt prompt = Question();
  prompt.messages[1].content = {core::TextPart{"x"}};
  const auto rendered = format->Render(prompt, {}, true);
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(rendered.error().param(), "messages");
  EXPECT_THAT(rendered.error().message(), testing::AllOf(HasSubstr("no x please"), Not(HasSubstr("\n"))));
}

struct Recorded {
  const char* family;
  const char* file;
  std::string answer;
  std::string content;
  std::string reasoning;
  std::string arguments;
};

void PrintTo(const Recorded& recorded, std::ostream* out) { *out << recorded.family; }

class RecordedAnswer : public ChatFormatTest, public testing::WithParamInterface<Recorded> {};

// What models of these families answer when they call a tool.
const Recorded kRecorded[] = {
    {"Qwen3", "Qwen-Qwen3-0.6B",
     "<think>\nThe user asks for the weather.\n</think>\n\n<tool_call>\n{\"name\": \"get_weather\", "
     "\"arguments\": "
     "{\"city\": \"Paris\"}}\n</tool_call>",
     "", "The user asks for the weather.\n", R"({"city": "Paris"})"},
    {"Glm46", "GLM-4.6",
     "\n<think>A tool "
     "knows.</think>\n<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n"
     "</tool_call>",
     "", "A tool knows.", R"({"city":"Paris"})"},
    {"MistralNemo", "mistralai-Mistral-Nemo-Instruct-2407",
     R"([TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}, "id": "abcdefghi"}])", "", "",
     R"({"city": "Paris"})"},
    {"GptOss", "openai-gpt-oss-120b",
     "<|channel|>analysis<|message|>A tool knows.<|end|><|start|>assistant<|channel|>commentary "
     "to=functions.get_weather <|constrain|>json<|message|>{\"city\":\"Paris\"}",
     "", "A tool knows.", R"({"city":"Paris"})"},
    {"SmolLm2", "",
     "I will look.\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": "
     "\"Paris\"}}\n</tool_call>",
     "I will look.", "", R"({"city": "Paris"})"},
};
INSTANTIATE_TEST_SUITE_P(Families, RecordedAnswer, testing::ValuesIn(kRecorded),
                         [](const auto& param) { return std::string(param.param.family); });

TEST_P(RecordedAnswer, GivesItsPartsWholeAndInPieces) {
  const Recorded& recorded = GetParam();
  const std::string file = recorded.file;
  const auto format = Make(file.empty() ? "" : Template(file));
  ASSERT_TRUE(format);
  const RenderedChat chat = Render(*format, QuestionWithTool());
  EXPECT_THAT(chat.text, HasSubstr("get_weather"));
  ASSERT_TRUE(chat.parser);
  const auto whole = chat.parser->Parse(recorded.answer, false);
  ASSERT_TRUE(whole) << whole.error().message();
  EXPECT_EQ(whole->content, recorded.content);
  EXPECT_EQ(whole->reasoning, recorded.reasoning);
  ASSERT_EQ(whole->tool_calls.size(), 1U);
  EXPECT_EQ(whole->tool_calls[0].name, "get_weather");
  EXPECT_EQ(whole->tool_calls[0].arguments, recorded.arguments);

  // Streamed: no piece is an error, and no call disappears again.
  std::size_t calls = 0;
  for (std::size_t length = 1; length < recorded.answer.size(); ++length) {
    const auto part = chat.parser->Parse(recorded.answer.substr(0, length), true);
    ASSERT_TRUE(part) << recorded.answer.substr(0, length) << ": " << part.error().message();
    EXPECT_GE(part->tool_calls.size(), calls) << length;
    calls = part->tool_calls.size();
    EXPECT_TRUE(whole->content.starts_with(part->content) || part->content.find('<') == std::string::npos)
        << length;
  }
}

// The grammar of each family lets its own recorded call through, also after free text and reasoning.
TEST_P(RecordedAnswer, FitsItsLazyGrammar) {
  const Recorded& recorded = GetParam();
  const std::string file = recorded.file;
  const auto format = Make(file.empty() ? "" : Template(file));
  ASSERT_TRUE(format);
  const RenderedChat chat = Render(*format, QuestionWithTool());
  ASSERT_TRUE(chat.grammar);
  const Vocabulary vocabulary(Model());
  const auto constraint = MakeGrammarConstraint(vocabulary, *chat.grammar);
  ASSERT_TRUE(constraint) << constraint.error().message();
  for (const core::TokenId token : vocabulary.Tokenize(recorded.answer, false, false)) {
    EXPECT_TRUE((*constraint)->Allows(token)) << vocabulary.Piece(token, true);
    (*constraint)->Accept(token);
    ASSERT_EQ((*constraint)->failure(), "");
  }
}

TEST_P(RecordedAnswer, RequiredToolsAndSchemasMakeUsableGrammars) {
  const std::string file = GetParam().file;
  const auto format = Make(file.empty() ? "" : Template(file));
  ASSERT_TRUE(format);
  const Vocabulary vocabulary(Model());
  core::ChatPrompt prompt = QuestionWithTool();
  prompt.tool_choice = core::ToolChoice::kRequired;
  const RenderedChat required = Render(*format, prompt);
  ASSERT_TRUE(required.grammar);
  EXPECT_FALSE(required.grammar->lazy);
  const auto constraint = MakeGrammarConstraint(vocabulary, *required.grammar);
  EXPECT_TRUE(constraint) << constraint.error().message();
  // A family without reasoning leaves schemas to the caller.
  const RenderedChat schema = Render(*format, Question(),
                                     {.kind = core::ResponseFormat::Kind::kJsonSchema,
                                      .text = R"({"type":"object","properties":{"a":{"type":"integer"}}})"});
  if (schema.grammar) {
    EXPECT_TRUE(MakeGrammarConstraint(vocabulary, *schema.grammar));
  }
}

TEST_P(RecordedAnswer, AConversationWithToolsRenders) {
  const std::string file = GetParam().file;
  const auto format = Make(file.empty() ? "" : Template(file));
  ASSERT_TRUE(format);
  core::ChatPrompt prompt = QuestionWithTool();
  prompt.messages.push_back(
      {.role = "assistant",
       .tool_calls = {{.id = "abcdefghi", .name = "get_weather", .arguments = R"({"city":"Paris"})"}}});
  prompt.messages.push_back(
      {.role = "tool", .content = {core::TextPart{"twenty degrees"}}, .tool_call_id = "abcdefghi"});
  const std::string text = Render(*format, prompt).text;
  EXPECT_THAT(text, testing::AllOf(HasSubstr("twenty degrees"), HasSubstr("Paris")));
}

}  // namespace
}  // namespace lares::backend::llama
