// SPDX-License-Identifier: Apache-2.0
//
// What a request may make the server copy, and the fields of other servers that change an answer.
#include <string>

#include <gtest/gtest.h>

#include "http/openai/chat_request.h"
#include "http/openai/completion_request.h"

namespace lares::http::openai {
namespace {

// The member that is named as wrong in a completion with `more` members; empty when nothing is.
std::string WrongIn(const std::string& more, const std::string& prompt = R"("a")") {
  const auto completion = ParseCompletionRequest(R"({"prompt":)" + prompt + "," + more + "}");
  return completion ? "" : completion.error().param();
}

std::string Quoted(std::size_t bytes) { return '"' + std::string(bytes, 'x') + '"'; }

TEST(RequestBounds, SchemasAndGrammars) {
  const std::string large = R"({"type":"object","description":)" + Quoted(kMaxFormatBytes) + "}";
  EXPECT_EQ(WrongIn(R"("json_schema":)" + large), "json_schema");
  EXPECT_EQ(WrongIn(R"("guided_json":)" + large), "guided_json");
  EXPECT_EQ(WrongIn(R"("response_format":{"type":"json_schema","json_schema":{"schema":)" + large + "}}"),
            "response_format.json_schema.schema");
  EXPECT_EQ(WrongIn(R"("grammar":)" + Quoted(kMaxFormatBytes + 1)), "grammar");
  EXPECT_EQ(WrongIn(R"("grammar":)" + Quoted(kMaxFormatBytes)), "");
  EXPECT_EQ(WrongIn(R"("guided_choice":["a",)" + Quoted(kMaxFormatBytes) + "]"), "guided_choice");
}

TEST(RequestBounds, StopStrings) {
  EXPECT_EQ(WrongIn(R"("stop":)" + Quoted(core::kMaxStopBytes)), "");
  EXPECT_EQ(WrongIn(R"("stop":)" + Quoted(core::kMaxStopBytes + 1)), "stop");
  EXPECT_EQ(WrongIn(R"("stop":["a",)" + Quoted(core::kMaxStopBytes + 1) + "]"), "stop[1]");
  std::string many = R"("stop":["a")";
  for (std::size_t i = 0; i < core::kMaxStopStrings; ++i) many += R"(,"a")";
  EXPECT_EQ(WrongIn(many + "]"), "stop");
}

TEST(RequestBounds, EchoedPrompts) {
  const std::string half = Quoted(kMaxEchoBytes / 2);
  EXPECT_EQ(WrongIn(R"("echo":true,"n":2)", half), "");
  EXPECT_EQ(WrongIn(R"("echo":true,"n":3)", half), "echo");
  EXPECT_EQ(WrongIn(R"("echo":true)", "[" + half + "," + half + "," + half + "]"), "echo");
  EXPECT_EQ(WrongIn(R"("echo":false,"n":3)", half), "");
}

TEST(ForeignFields, ProbabilitiesAsLlamaServerAsksForThem) {
  const auto of_completion = [](const std::string& more) {
    return ParseCompletionRequest(R"({"prompt":"a",)" + more + "}")->requests[0].top_logprobs;
  };
  EXPECT_EQ(of_completion(R"("n_probs":5)"), 5);
  EXPECT_EQ(of_completion(R"("n_probs":0)"), -1);
  EXPECT_EQ(of_completion(R"("n_probs":5,"logprobs":2)"), 2);
  EXPECT_EQ(WrongIn(R"("n_probs":21)"), "n_probs");
  EXPECT_EQ(WrongIn(R"("n_probs":5,"echo":true)"), "echo");
  const auto of_chat = [](const std::string& more) {
    return ParseChatRequest(R"({"messages":[{"role":"user","content":"a"}],)" + more + "}")
        ->request.top_logprobs;
  };
  EXPECT_EQ(of_chat(R"("n_probs":5)"), 5);
  EXPECT_EQ(of_chat(R"("n_probs":5,"logprobs":false)"), -1);
  EXPECT_EQ(of_chat(R"("n_probs":5,"logprobs":true,"top_logprobs":2)"), 2);
}

TEST(ForeignFields, WhatWouldChangeTheAnswerIsRefusedByName) {
  EXPECT_EQ(WrongIn(R"("post_sampling_probs":true)"), "post_sampling_probs");
  EXPECT_EQ(WrongIn(R"("skip_special_tokens":false)"), "skip_special_tokens");
  EXPECT_EQ(WrongIn(R"("return_tokens_as_token_ids":true)"), "return_tokens_as_token_ids");
  EXPECT_EQ(WrongIn(R"("n_indent":4)"), "n_indent");
  EXPECT_EQ(WrongIn(R"("logits_processors":["x"])"), "logits_processors");
  EXPECT_EQ(WrongIn(R"("post_sampling_probs":false,"skip_special_tokens":true,"n_indent":0)"), "");
}

}  // namespace
}  // namespace lares::http::openai
