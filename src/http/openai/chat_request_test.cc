// SPDX-License-Identifier: Apache-2.0
#include "http/openai/chat_request.h"

#include <string>
#include <variant>

#include <gtest/gtest.h>

namespace lares::http::openai {
namespace {

constexpr const char* kHello = R"("messages":[{"role":"user","content":"hi"}])";

// Parses a body with a user's message and `more` members; must succeed.
ChatRequest Parse(const std::string& more) {
  auto chat = ParseChatRequest("{" + std::string(kHello) + (more.empty() ? "" : "," + more) + "}");
  if (!chat) {
    ADD_FAILURE() << more << ": " << chat.error().message();
    return {};
  }
  return *chat;
}

const core::ChatPrompt& PromptOf(const ChatRequest& chat) {
  return std::get<core::ChatPrompt>(chat.request.prompt);
}

std::string TextOf(const core::Message& message) {
  std::string text;
  for (const auto& part : message.content) text += std::get<core::TextPart>(part).text + "|";
  return text;
}

TEST(ChatRequest, DefaultsAreOpenAis) {
  const ChatRequest chat = Parse("");
  EXPECT_EQ(chat.request.sampling, core::SamplingParams{});
  EXPECT_EQ(chat.request.max_tokens, std::nullopt);
  EXPECT_EQ(chat.request.top_logprobs, -1);
  EXPECT_EQ(chat.request.choices, 1);
  EXPECT_TRUE(chat.request.parse_output);
  EXPECT_FALSE(chat.answer.stream);
  EXPECT_EQ(PromptOf(chat).tool_choice, core::ToolChoice::kAuto);
  EXPECT_TRUE(PromptOf(chat).parallel_tool_calls);
  EXPECT_EQ(TextOf(PromptOf(chat).messages[0]), "hi|");
}

TEST(ChatRequest, MessagesOfAllKinds) {
  const auto chat = ParseChatRequest(R"({"messages":[
    {"role":"developer","content":"be brief"},
    {"role":"user","content":[{"type":"text","text":"a"},{"text":"b"}],"name":"ann"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},
                                                     {"id":"c2","function":{"name":"g","arguments":{"x":[1,2]}}}]},
    {"role":"tool","tool_call_id":"c1","content":"r"},
    {"role":"assistant","refusal":"no","reasoning_content":"hm"},
    {"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,Zm9v","detail":"low"}}]}
  ]})");
  ASSERT_TRUE(chat) << chat.error().message();
  const auto& messages = PromptOf(*chat).messages;
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(TextOf(messages[1]), "a|b|");
  EXPECT_EQ(messages[1].name, "ann");
  EXPECT_TRUE(messages[2].content.empty());
  EXPECT_EQ(messages[2].tool_calls[0], (core::ToolCall{.id = "c1", .name = "f", .arguments = "{}"}));
  EXPECT_EQ(messages[2].tool_calls[1].arguments, R"({"x":[1,2]})");
  EXPECT_EQ(messages[3].tool_call_id, "c1");
  EXPECT_EQ(TextOf(messages[4]), "no|");
  EXPECT_EQ(messages[4].reasoning, "hm");
  EXPECT_EQ(std::get<core::ImagePart>(messages[5].content[0]).bytes, "foo");
}

TEST(ChatRequest, Sampling) {
  const auto s =
      Parse(R"("temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.05,"typical_p":0.8,"frequency_penalty":1,
    "presence_penalty":-1,"repeat_penalty":1.1,"repeat_last_n":128,"seed":42,"logit_bias":{"5":-100,"7":1.5})")
          .request.sampling;
  EXPECT_FLOAT_EQ(s.temperature, 0.5F);
  EXPECT_FLOAT_EQ(s.top_p, 0.9F);
  EXPECT_EQ(s.top_k, 40);
  EXPECT_FLOAT_EQ(s.min_p, 0.05F);
  EXPECT_FLOAT_EQ(s.typical_p, 0.8F);
  EXPECT_FLOAT_EQ(s.frequency_penalty, 1);
  EXPECT_FLOAT_EQ(s.presence_penalty, -1);
  EXPECT_FLOAT_EQ(s.repeat_penalty, 1.1F);
  EXPECT_EQ(s.repeat_last_n, 128);
  EXPECT_EQ(s.seed, 42U);
  EXPECT_EQ(s.logit_bias, (std::map<core::TokenId, float>{{5, -100.0F}, {7, 1.5F}}));
}

TEST(ChatRequest, WhatOtherServersClientsSend) {
  EXPECT_EQ(Parse(R"("top_k":-1)").request.sampling.top_k, 0);
  EXPECT_EQ(Parse(R"("seed":-1)").request.sampling.seed, std::nullopt);
  EXPECT_EQ(Parse(R"("seed":18446744073709551615)").request.sampling.seed, ~0ULL);
  EXPECT_FLOAT_EQ(Parse(R"("repetition_penalty":1.2)").request.sampling.repeat_penalty, 1.2F);
  EXPECT_EQ(Parse(R"("logit_bias":[[3,-5],[4,false]])").request.sampling.logit_bias,
            (std::map<core::TokenId, float>{{3, -5.0F}, {4, -100.0F}}));
  EXPECT_EQ(Parse(R"("n_predict":-1)").request.max_tokens, std::nullopt);
  EXPECT_EQ(Parse(R"("n_predict":7)").request.max_tokens, 7);
  const ChatRequest chat = Parse(R"("ignore_eos":true,"min_tokens":3,"max_tokens":9.0,"return_token_ids":true,
    "stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true})");
  EXPECT_TRUE(chat.request.ignore_eos);
  EXPECT_EQ(chat.request.min_tokens, 3);
  EXPECT_EQ(chat.request.max_tokens, 9);
  EXPECT_TRUE(chat.answer.return_token_ids);
  EXPECT_TRUE(chat.answer.stream && chat.answer.include_usage && chat.answer.continuous_usage);
  Parse(
      R"("user":5,"metadata":{"a":[1]},"store":true,"service_tier":"auto","reasoning_effort":"low","cache_prompt":true,
    "skip_special_tokens":true,"nobody_knows":{"deep":[1,{"x":null}]},"":1,"modalities":["text"],"verbosity":"low",
    "use_beam_search":false,"length_penalty":1.0,"mirostat":0,"stop_token_ids":[],"lora":[],"priority":3,"echo":false)");
}

TEST(ChatRequest, MaxTokens) {
  EXPECT_EQ(Parse(R"("max_tokens":5)").request.max_tokens, 5);
  EXPECT_EQ(Parse(R"("max_completion_tokens":6)").request.max_tokens, 6);
  EXPECT_EQ(Parse(R"("max_completion_tokens":6,"max_tokens":5)").request.max_tokens, 6)
      << "the newer name wins";
  EXPECT_EQ(Parse(R"("max_tokens":null)").request.max_tokens, std::nullopt);
}

TEST(ChatRequest, Stop) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(Parse(R"("stop":"a")").request.stop, Strings{"a"});
  EXPECT_EQ(Parse(R"("stop":["a","b"])").request.stop, (Strings{"a", "b"}));
  EXPECT_TRUE(Parse(R"("stop":null)").request.stop.empty());
  EXPECT_TRUE(Parse(R"("stop":"")").request.stop.empty());
  EXPECT_TRUE(Parse(R"("stop":[])").request.stop.empty());
}

TEST(ChatRequest, Logprobs) {
  EXPECT_EQ(Parse(R"("logprobs":true)").request.top_logprobs, 0);
  EXPECT_EQ(Parse(R"("logprobs":true,"top_logprobs":5)").request.top_logprobs, 5);
  EXPECT_EQ(Parse(R"("logprobs":false)").request.top_logprobs, -1);
  EXPECT_EQ(Parse(R"("logprobs":false,"top_logprobs":0)").request.top_logprobs, -1);
}

TEST(ChatRequest, Formats) {
  using Kind = core::ResponseFormat::Kind;
  const auto format = [](const std::string& more) { return Parse(more).request.response_format; };
  EXPECT_EQ(format(R"("response_format":{"type":"text"})").kind, Kind::kText);
  EXPECT_EQ(format(R"("response_format":{"type":"json_object"})").kind, Kind::kJsonObject);
  const core::ResponseFormat schema{.kind = Kind::kJsonSchema, .text = R"({"type":"object","z":1,"a":2})"};
  const std::string text = schema.text;
  EXPECT_EQ(
      format(R"("response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":)" +
             text + "}}"),
      schema)
      << "in its own order";
  EXPECT_EQ(format(R"("response_format":{"type":"json_object","schema":)" + text + "}"), schema);
  EXPECT_EQ(format(R"("json_schema":)" + text), schema);
  EXPECT_EQ(format(R"("guided_json":)" + text), schema);
  EXPECT_EQ(format(R"("guided_json":"{\"type\":\"object\",\"z\":1,\"a\":2}")"), schema);
  EXPECT_EQ(format(R"("structured_outputs":{"json":)" + text + "}"), schema);
  const core::ResponseFormat grammar{.kind = Kind::kGrammar, .text = "root ::= \"a\""};
  EXPECT_EQ(format(R"("grammar":"root ::= \"a\"")"), grammar);
  EXPECT_EQ(format(R"("guided_grammar":"root ::= \"a\"")"), grammar);
  EXPECT_EQ(format(R"("guided_choice":["yes","n\"o"])").text, R"(root ::= "yes" | "n\"o")");
  EXPECT_EQ(format(R"("grammar":"")").kind, Kind::kText);
}

TEST(ChatRequest, Tools) {
  const std::string tools =
      R"("tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"z":1,"a":2}}},
                                        {"type":"function","function":{"name":"g"}}])";
  const auto prompt = [&](const std::string& more) { return PromptOf(Parse(tools + more)); };
  const core::ChatPrompt plain = prompt("");
  EXPECT_EQ(plain.tools[0], (core::Tool{.name = "f", .description = "d", .parameters = R"({"z":1,"a":2})"}));
  EXPECT_EQ(plain.tools[1].parameters, "");
  EXPECT_EQ(prompt(R"(,"tool_choice":"none")").tool_choice, core::ToolChoice::kNone);
  EXPECT_EQ(prompt(R"(,"tool_choice":"auto")").tool_choice, core::ToolChoice::kAuto);
  EXPECT_EQ(prompt(R"(,"tool_choice":"required")").tool_choice, core::ToolChoice::kRequired);
  const auto named = prompt(R"(,"tool_choice":{"type":"function","function":{"name":"g"}})");
  EXPECT_EQ(named.tool_choice, core::ToolChoice::kNamed);
  EXPECT_EQ(named.tool_name, "g");
  EXPECT_EQ(prompt(R"(,"tool_choice":{"type":"function","name":"g"})").tool_name, "g");
  const auto allowed = prompt(R"(,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required",
    "tools":[{"type":"function","function":{"name":"g"}}]}})");
  EXPECT_EQ(allowed.tool_choice, core::ToolChoice::kRequired);
  ASSERT_EQ(allowed.tools.size(), 1U);
  EXPECT_EQ(allowed.tools[0].name, "g");
  EXPECT_FALSE(prompt(R"(,"parallel_tool_calls":false)").parallel_tool_calls);
  EXPECT_EQ(PromptOf(Parse(R"("chat_template_kwargs":{"enable_thinking":false})")).template_arguments,
            R"({"enable_thinking":false})");
}

struct Wrong {
  const char* more;
  const char* param;
};

class ChatRequestErrors : public testing::TestWithParam<Wrong> {};

TEST_P(ChatRequestErrors, NameTheField) {
  const std::string more = GetParam().more;
  const bool own_messages = more.find("\"messages\"") != std::string::npos;
  const auto chat = ParseChatRequest("{" + (own_messages ? "" : std::string(kHello) + ",") + more + "}");
  ASSERT_FALSE(chat);
  EXPECT_EQ(chat.error().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(chat.error().param(), GetParam().param) << chat.error().message();
  EXPECT_FALSE(chat.error().message().empty());
  EXPECT_FALSE(chat.error().reason().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, ChatRequestErrors,
    testing::Values(
        Wrong{R"("messages":null)", "messages"}, Wrong{R"("messages":"hi")", "messages"},
        Wrong{R"("messages":[])", "messages"}, Wrong{R"("messages":[5])", "messages[0]"},
        Wrong{R"("messages":[{"content":"hi"}])", "messages[0].role"},
        Wrong{R"("messages":[{"role":"wizard","content":"hi"}])", "messages[0].role"},
        Wrong{R"("messages":[{"role":5,"content":"hi"}])", "messages[0].role"},
        Wrong{R"("messages":[{"role":"user"}])", "messages[0].content"},
        Wrong{R"("messages":[{"role":"user","content":5}])", "messages[0].content"},
        Wrong{R"("messages":[{"role":"user","content":[5]}])", "messages[0].content[0]"},
        Wrong{R"("messages":[{"role":"user","content":[{"type":"text"}]}])", "messages[0].content[0].text"},
        Wrong{R"("messages":[{"role":"user","content":[{"type":"input_audio"}]}])",
              "messages[0].content[0].type"},
        Wrong{R"("messages":[{"role":"user","content":[{}]}])", "messages[0].content[0].type"},
        Wrong{R"("messages":[{"role":"user","content":[{"type":"image_url"}]}])",
              "messages[0].content[0].image_url"},
        Wrong{
            R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://a/b"}}]}])",
            "messages[0].content[0].image_url.url"},
        Wrong{R"("messages":[{"role":"assistant","tool_calls":[{}]}])", "messages[0].tool_calls[0].function"},
        Wrong{R"("messages":[{"role":"assistant","tool_calls":[5]}])", "messages[0].tool_calls[0].function"},
        Wrong{R"("messages":[{"role":"assistant","tool_calls":[{"function":{}}]}])",
              "messages[0].tool_calls[0].function.name"},
        Wrong{R"("messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":5}}]}])",
              "messages[0].tool_calls[0].function.arguments"},
        Wrong{R"("model":5)", "model"}, Wrong{R"("temperature":3)", "temperature"},
        Wrong{R"("temperature":"hot")", "temperature"}, Wrong{R"("temperature":-0.1)", "temperature"},
        Wrong{R"("top_p":0)", "top_p"}, Wrong{R"("top_p":1.5)", "top_p"}, Wrong{R"("min_p":2)", "min_p"},
        Wrong{R"("typical_p":0)", "typical_p"}, Wrong{R"("top_k":2000000)", "top_k"},
        Wrong{R"("top_k":1.5)", "top_k"}, Wrong{R"("presence_penalty":-3)", "presence_penalty"},
        Wrong{R"("frequency_penalty":9)", "frequency_penalty"},
        Wrong{R"("repeat_penalty":0)", "repeat_penalty"},
        Wrong{R"("repetition_penalty":11)", "repetition_penalty"},
        Wrong{R"("repeat_last_n":-1)", "repeat_last_n"}, Wrong{R"("seed":"one")", "seed"},
        Wrong{R"("seed":1.5)", "seed"}, Wrong{R"("logit_bias":5)", "logit_bias"},
        Wrong{R"("logit_bias":{"x":1})", "logit_bias"}, Wrong{R"("logit_bias":{"1":1000})", "logit_bias"},
        Wrong{R"("logit_bias":{"1":"a"})", "logit_bias"},
        Wrong{R"("logit_bias":{"99999999999":1})", "logit_bias"},
        Wrong{R"("logit_bias":[[1]])", "logit_bias"},
        Wrong{R"("logit_bias":[[99999999999,1]])", "logit_bias"}, Wrong{R"("n":0)", "n"},
        Wrong{R"("n":1000)", "n"}, Wrong{R"("n":"1")", "n"}, Wrong{R"("max_tokens":0)", "max_tokens"},
        Wrong{R"("max_tokens":-1)", "max_tokens"}, Wrong{R"("max_tokens":1.5)", "max_tokens"},
        Wrong{R"("max_tokens":4294967296)", "max_tokens"},
        Wrong{R"("max_completion_tokens":0)", "max_completion_tokens"},
        Wrong{R"("min_tokens":-1)", "min_tokens"}, Wrong{R"("ignore_eos":1)", "ignore_eos"},
        Wrong{R"("stop":5)", "stop"}, Wrong{R"("stop":["a",5])", "stop[1]"},
        Wrong{R"("stream":"yes")", "stream"}, Wrong{R"("stream_options":5)", "stream_options"},
        Wrong{R"("stream_options":{"include_usage":1})", "stream_options.include_usage"},
        Wrong{R"("logprobs":"yes")", "logprobs"},
        Wrong{R"("logprobs":true,"top_logprobs":21)", "top_logprobs"},
        Wrong{R"("top_logprobs":2)", "top_logprobs"}, Wrong{R"("response_format":"json")", "response_format"},
        Wrong{R"("response_format":{"type":"xml"})", "response_format.type"},
        Wrong{R"("response_format":{})", "response_format.type"},
        Wrong{R"("response_format":{"type":"json_schema"})", "response_format.json_schema"},
        Wrong{R"("response_format":{"type":"json_schema","json_schema":{}})",
              "response_format.json_schema.schema"},
        Wrong{R"("response_format":{"type":"json_schema","json_schema":{"schema":5}})",
              "response_format.json_schema.schema"},
        Wrong{R"("response_format":{"type":"json_object"},"grammar":"x")", "grammar"},
        Wrong{R"("guided_json":"{")", "guided_json"}, Wrong{R"("guided_choice":[])", "guided_choice"},
        Wrong{R"("guided_choice":[5])", "guided_choice"}, Wrong{R"("guided_regex":"a+")", "guided_regex"},
        Wrong{R"("structured_outputs":{"regex":"a"})", "structured_outputs.regex"},
        Wrong{R"("tools":"f")", "tools"}, Wrong{R"("tools":[5])", "tools[0]"},
        Wrong{R"("tools":[{"type":"function"}])", "tools[0].function"},
        Wrong{R"("tools":[{"type":"web_search"}])", "tools[0].type"},
        Wrong{R"("tools":[{"type":"function","function":{"name":"a b"}}])", "tools[0].function.name"},
        Wrong{R"("tools":[{"type":"function","function":{"name":"f","parameters":5}}])",
              "tools[0].function.parameters"},
        Wrong{R"("tool_choice":"sometimes")", "tool_choice"}, Wrong{R"("tool_choice":5)", "tool_choice"},
        Wrong{R"("tool_choice":{"type":"function"})", "tool_choice.function.name"},
        Wrong{R"("tool_choice":{"type":"custom"})", "tool_choice.type"},
        Wrong{R"("tool_choice":{"type":"allowed_tools"})", "tool_choice.tools"},
        Wrong{R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"tools":[{"name":"x"}]}})",
              "tool_choice.allowed_tools.tools[0]"},
        Wrong{R"("parallel_tool_calls":"no")", "parallel_tool_calls"},
        Wrong{R"("chat_template_kwargs":[])", "chat_template_kwargs"},
        Wrong{R"("functions":[{"name":"f"}])", "functions"},
        Wrong{R"("use_beam_search":true)", "use_beam_search"}, Wrong{R"("mirostat":2)", "mirostat"},
        Wrong{R"("stop_token_ids":[1])", "stop_token_ids"},
        Wrong{R"("modalities":["audio"])", "modalities"}));

}  // namespace
}  // namespace lares::http::openai
