// SPDX-License-Identifier: Apache-2.0
//
// Answers and chunks against the shapes of OpenAI's API.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/openai/chat_answer.h"
#include "http/openai/completion_answer.h"

namespace lares::http::openai {
namespace {

using nlohmann::json;

const AnswerHead kHead{.id = "chatcmpl-1", .created = 1700000000, .model = "m", .fingerprint = "fp_1"};
const core::Usage kUsage{.prompt_tokens = 5, .cached_tokens = 2, .completion_tokens = 3};

core::TokenLogprob Logprob(const char* bytes) {
  return {.chosen = {.id = 1, .bytes = bytes, .logprob = -0.25F},
          .top = {{.id = 2, .bytes = "x", .logprob = -2.0F}}};
}

// The one event of a stream in `text`.
json Event(const std::string& text) {
  EXPECT_TRUE(text.starts_with("data: ") && text.ends_with("\n\n")) << text;
  return json::parse(text.substr(6));
}

TEST(ChatAnswer, Whole) {
  ChoiceText choice;
  choice.Add({.text = "Hel", .ids = {7}, .logprobs = {Logprob("Hel")}});
  choice.Add({.text = "lo", .reasoning = "hm", .ids = {8}, .finish = core::FinishReason::kLength});
  const json answer =
      json::parse(ChatAnswer(kHead, std::vector{choice}, kUsage, true, {.return_token_ids = true}));
  EXPECT_EQ(answer["id"], "chatcmpl-1");
  EXPECT_EQ(answer["object"], "chat.completion");
  EXPECT_EQ(answer["created"], 1700000000);
  EXPECT_EQ(answer["system_fingerprint"], "fp_1");
  const json& only = answer["choices"][0];
  EXPECT_EQ(only["message"],
            json::parse(R"({"role":"assistant","content":"Hello","refusal":null,"reasoning_content":"hm"})"));
  EXPECT_EQ(only["finish_reason"], "length");
  EXPECT_EQ(only["token_ids"], json::array({7, 8}));
  EXPECT_EQ(only["logprobs"]["content"][0],
            json::parse(R"({"token":"Hel","logprob":-0.25,"bytes":[72,101,108],
                            "top_logprobs":[{"token":"x","logprob":-2,"bytes":[120]}]})"));
  EXPECT_EQ(answer["usage"], json::parse(R"({"prompt_tokens":5,"completion_tokens":3,"total_tokens":8,
                                            "prompt_tokens_details":{"cached_tokens":2}})"));
}

TEST(ChatAnswer, ToolCallsAreJoined) {
  ChoiceText choice;
  choice.Add({.tool_calls = {{.index = 0, .id = "c0", .name = "f", .arguments = "{\"a\":"}}});
  choice.Add({.tool_calls = {{.index = 0, .arguments = "1}"},
                             {.index = 1, .id = "c1", .name = "g", .arguments = "{}"}},
              .finish = core::FinishReason::kToolCalls});
  const json answer = json::parse(ChatAnswer(kHead, std::vector{choice}, kUsage, false, {}));
  const json& message = answer["choices"][0]["message"];
  EXPECT_TRUE(message["content"].is_null());
  EXPECT_EQ(message["tool_calls"][0],
            json::parse(R"({"id":"c0","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}})"));
  EXPECT_EQ(message["tool_calls"][1]["function"]["name"], "g");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_TRUE(answer["choices"][0]["logprobs"].is_null());
}

TEST(ChatChunks, OneEventPerDelta) {
  const ChatChunks chunks(kHead, {.stream = true}, false);
  std::string out;
  chunks.AppendRole(out, 1);
  EXPECT_EQ(
      Event(out)["choices"][0],
      json::parse(
          R"({"index":1,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null})"));
  EXPECT_FALSE(Event(out).contains("usage"));
  out.clear();
  chunks.AppendDelta(out, {.choice = 1, .text = "a\n"}, kUsage);
  EXPECT_EQ(Event(out)["object"], "chat.completion.chunk");
  EXPECT_EQ(Event(out)["choices"][0]["delta"], json::parse(R"({"content":"a\n"})"));
  out.clear();
  chunks.AppendDelta(out, {.ids = {5}}, kUsage);
  EXPECT_EQ(out, "") << "text that is held back is nobody's business";
  chunks.AppendDelta(out, {.finish = core::FinishReason::kStop}, kUsage);
  EXPECT_EQ(Event(out)["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(Event(out)["choices"][0]["delta"], json::object());
  out.clear();
  chunks.AppendUsage(out, kUsage);
  EXPECT_EQ(out, "");
}

TEST(ChatChunks, ToolCallParts) {
  const ChatChunks chunks(kHead, {.stream = true}, false);
  std::string out;
  chunks.AppendDelta(out, {.tool_calls = {{.index = 0, .id = "c", .name = "f", .arguments = ""}}}, kUsage);
  EXPECT_EQ(Event(out)["choices"][0]["delta"]["tool_calls"][0],
            json::parse(R"({"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}})"));
  out.clear();
  chunks.AppendDelta(out, {.tool_calls = {{.index = 0, .arguments = "{}"}}}, kUsage);
  EXPECT_EQ(Event(out)["choices"][0]["delta"]["tool_calls"][0],
            json::parse(R"({"index":0,"function":{"arguments":"{}"}})"));
}

TEST(ChatChunks, UsageAsAskedFor) {
  std::string out;
  const ChatChunks last(kHead, {.stream = true, .include_usage = true}, false);
  last.AppendDelta(out, {.text = "a"}, kUsage);
  EXPECT_TRUE(Event(out)["usage"].is_null());
  out.clear();
  last.AppendUsage(out, kUsage);
  EXPECT_EQ(Event(out)["choices"], json::array());
  EXPECT_EQ(Event(out)["usage"]["total_tokens"], 8);
  out.clear();
  const ChatChunks always(kHead, {.stream = true, .include_usage = true, .continuous_usage = true}, false);
  always.AppendDelta(out, {.text = "a"}, kUsage);
  EXPECT_EQ(Event(out)["usage"]["completion_tokens"], 3);
}

TEST(CompletionAnswer, Whole) {
  ChoiceText choice;
  choice.Add({.text = "ab", .logprobs = {Logprob("a"), Logprob("b")}});
  choice.Add({.finish = core::FinishReason::kStop});
  const json answer = json::parse(CompletionAnswer(kHead, std::vector{choice}, kUsage, 1, {}));
  EXPECT_EQ(answer["object"], "text_completion");
  EXPECT_EQ(answer["choices"][0],
            json::parse(R"({"text":"ab","index":0,"finish_reason":"stop","logprobs":{"tokens":["a","b"],
              "token_logprobs":[-0.25,-0.25],"top_logprobs":[{"x":-2},{"x":-2}],"text_offset":[0,1]}})"));
  EXPECT_TRUE(json::parse(CompletionAnswer(kHead, std::vector{choice}, kUsage, 0,
                                           {}))["choices"][0]["logprobs"]["top_logprobs"]
                  .is_null());
  EXPECT_TRUE(
      json::parse(CompletionAnswer(kHead, std::vector{choice}, kUsage, -1, {}))["choices"][0]["logprobs"]
          .is_null());
}

TEST(CompletionChunks, OffsetsGoOn) {
  CompletionChunks chunks(kHead, {.stream = true, .include_usage = true}, 0, 2);
  std::string out;
  chunks.AppendDelta(out, {.choice = 1, .text = "ab", .logprobs = {Logprob("ab")}}, kUsage);
  EXPECT_EQ(Event(out)["choices"][0]["logprobs"]["text_offset"], json::array({0}));
  EXPECT_TRUE(Event(out)["usage"].is_null());
  out.clear();
  chunks.AppendDelta(out, {.choice = 1, .text = "c", .logprobs = {Logprob("c")}}, kUsage);
  EXPECT_EQ(Event(out)["choices"][0]["logprobs"]["text_offset"], json::array({2}));
  EXPECT_EQ(Event(out)["choices"][0]["index"], 1);
}

}  // namespace
}  // namespace lares::http::openai
