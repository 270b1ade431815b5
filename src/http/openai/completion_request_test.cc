// SPDX-License-Identifier: Apache-2.0
#include "http/openai/completion_request.h"

#include <string>
#include <variant>

#include <gtest/gtest.h>

#include "http/openai/embeddings.h"
#include "http/openai/tokenize.h"

namespace lares::http::openai {
namespace {

using core::TextPrompt;
using core::TokenPrompt;

CompletionRequest Parse(const std::string& body) {
  auto completion = ParseCompletionRequest(body);
  if (!completion) {
    ADD_FAILURE() << body << ": " << completion.error().message();
    return {};
  }
  return *completion;
}

TEST(CompletionRequest, PromptsOfAllForms) {
  const auto one = Parse(R"({"prompt":"a"})");
  ASSERT_EQ(one.requests.size(), 1U);
  EXPECT_EQ(one.requests[0].prompt, core::Prompt(TextPrompt{.text = "a", .parse_special = true}));
  EXPECT_FALSE(one.requests[0].parse_output);
  EXPECT_EQ(one.requests[0].max_tokens, 16) << "OpenAI's default";
  const auto texts = Parse(R"({"prompt":["a","b"],"add_special_tokens":false,"max_tokens":3})");
  ASSERT_EQ(texts.requests.size(), 2U);
  EXPECT_EQ(texts.requests[1].prompt,
            core::Prompt(TextPrompt{.text = "b", .add_special = false, .parse_special = true}));
  EXPECT_EQ(texts.requests[1].max_tokens, 3);
  const auto ids = Parse(R"({"prompt":[1,2,3]})");
  ASSERT_EQ(ids.requests.size(), 1U);
  EXPECT_EQ(ids.requests[0].prompt, core::Prompt(TokenPrompt{.tokens = {1, 2, 3}}));
  const auto lists = Parse(R"({"prompt":[[1],[2,3]]})");
  ASSERT_EQ(lists.requests.size(), 2U);
  EXPECT_EQ(lists.requests[1].prompt, core::Prompt(TokenPrompt{.tokens = {2, 3}}));
}

TEST(CompletionRequest, ItsOwnFields) {
  EXPECT_EQ(Parse(R"({"prompt":"a","logprobs":0})").requests[0].top_logprobs, 0);
  EXPECT_EQ(Parse(R"({"prompt":"a","logprobs":5})").requests[0].top_logprobs, 5);
  EXPECT_EQ(Parse(R"({"prompt":"a","logprobs":null})").requests[0].top_logprobs, -1);
  EXPECT_TRUE(Parse(R"({"prompt":"a","echo":true})").echo);
  EXPECT_EQ(Parse(R"({"prompt":"a","n":2,"best_of":2,"suffix":""})").requests[0].choices, 2);
  EXPECT_EQ(Parse(R"({"prompt":"a","n_predict":-1})").requests[0].max_tokens, std::nullopt);
}

struct Wrong {
  const char* body;
  const char* param;
};

class CompletionErrors : public testing::TestWithParam<Wrong> {};

TEST_P(CompletionErrors, NameTheField) {
  const auto completion = ParseCompletionRequest(GetParam().body);
  ASSERT_FALSE(completion);
  EXPECT_EQ(completion.error().param(), GetParam().param) << completion.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Table, CompletionErrors,
    testing::Values(Wrong{R"({})", "prompt"}, Wrong{R"({"prompt":5})", "prompt"},
                    Wrong{R"({"prompt":[]})", "prompt"}, Wrong{R"({"prompt":{}})", "prompt"},
                    Wrong{R"({"prompt":[1,"a"]})", "prompt"}, Wrong{R"({"prompt":["a",1]})", "prompt[1]"},
                    Wrong{R"({"prompt":[[]]})", "prompt[0]"}, Wrong{R"({"prompt":[[1],[-1]]})", "prompt[1]"},
                    Wrong{R"({"prompt":[1.5]})", "prompt"}, Wrong{R"({"prompt":[99999999999]})", "prompt"},
                    Wrong{R"({"prompt":[true]})", "prompt[0]"},
                    Wrong{R"({"prompt":"a","best_of":2})", "best_of"},
                    Wrong{R"({"prompt":"a","suffix":"b"})", "suffix"},
                    Wrong{R"({"prompt":"a","logprobs":true})", "logprobs"},
                    Wrong{R"({"prompt":"a","logprobs":21})", "logprobs"},
                    Wrong{R"({"prompt":"a","echo":true,"logprobs":1})", "echo"},
                    Wrong{R"({"prompt":[1],"echo":true})", "echo"},
                    Wrong{R"({"prompt":"a","max_tokens":0})", "max_tokens"},
                    Wrong{R"({"prompt":"a","prompt_logprobs":1})", "prompt_logprobs"}));

TEST(CompletionRequest, TooManyPrompts) {
  std::string body = R"({"prompt":["a")";
  for (std::size_t i = 0; i < kMaxPrompts; ++i) body += R"(,"a")";
  EXPECT_EQ(ParseCompletionRequest(body + "]}").error().param(), "prompt");
}

TEST(EmbeddingsRequest, InputsAndFormats) {
  const auto plain =
      ParseEmbeddingsRequest(R"({"input":"a","model":"m","encoding_format":"base64","dimensions":8})");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->request.model, "m");
  EXPECT_TRUE(plain->base64);
  EXPECT_EQ(plain->dimensions, 8U);
  EXPECT_FALSE(ParseEmbeddingsRequest(R"({"input":["a",[1,2]]})")->base64);
  const auto param = [](const char* body) { return ParseEmbeddingsRequest(body).error().param(); };
  EXPECT_EQ(param(R"({})"), "input");
  EXPECT_EQ(param(R"({"input":""})"), "input");
  EXPECT_EQ(param(R"({"input":["a",""]})"), "input");
  EXPECT_EQ(param(R"({"input":[{}]})"), "input[0]");
  EXPECT_EQ(param(R"({"input":"a","dimensions":0})"), "dimensions");
  EXPECT_EQ(param(R"({"input":"a","encoding_format":"hex"})"), "encoding_format");
}

TEST(EmbeddingsAnswer, ShortensAndScales) {
  std::vector<std::vector<float>> vectors = {{3, 4, 5}, {0, 0, 1}};
  ASSERT_TRUE(Shorten(vectors, 2));
  EXPECT_EQ(vectors[0], (std::vector<float>{0.6F, 0.8F}));
  EXPECT_EQ(vectors[1], (std::vector<float>{0, 0})) << "nothing to scale";
  EXPECT_FALSE(Shorten(vectors, 3));
}

TEST(EmbeddingsAnswer, FloatAndBase64) {
  const core::EmbedAnswer answer{.vectors = {{1.0F, -0.5F}}, .prompt_tokens = 3};
  EXPECT_EQ(EmbeddingsAnswer("m", answer, false),
            R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,-0.5]}],"model":"m",)"
            R"("usage":{"prompt_tokens":3,"total_tokens":3}})");
  EXPECT_NE(EmbeddingsAnswer("m", answer, true).find(R"("embedding":"AACAPwAAAL8=")"), std::string::npos);
}

TEST(TokenizeRequest, BothFamilies) {
  const auto llama = ParseTokenizeRequest(R"({"content":"a","with_pieces":true})");
  ASSERT_TRUE(llama);
  EXPECT_EQ(std::get<TextPrompt>(llama->prompt),
            (TextPrompt{.text = "a", .add_special = false, .parse_special = true}));
  EXPECT_TRUE(llama->with_pieces);
  const auto vllm = ParseTokenizeRequest(R"({"prompt":"a"})");
  ASSERT_TRUE(vllm);
  EXPECT_EQ(std::get<TextPrompt>(vllm->prompt),
            (TextPrompt{.text = "a", .add_special = true, .parse_special = true}));
  const auto chat = ParseTokenizeRequest(R"({"messages":[{"role":"user","content":"a"}]})");
  ASSERT_TRUE(chat);
  EXPECT_EQ(std::get<core::ChatPrompt>(chat->prompt).messages.size(), 1U);
  EXPECT_EQ(ParseTokenizeRequest("{}").error().param(), "content");
  EXPECT_EQ(ParseTokenizeRequest(R"({"content":5})").error().param(), "content");
}

TEST(TokenizeAnswer, Shapes) {
  const std::vector<core::TokenId> tokens = {1, 2};
  EXPECT_EQ(TokenizeAnswer({.tokens = tokens, .count = 2, .max_model_len = 9}),
            R"({"tokens":[1,2],"count":2,"max_model_len":9})");
  const std::vector<std::string> pieces = {"a", "\xc3"};
  EXPECT_EQ(TokenizeAnswer({.tokens = tokens, .pieces = pieces, .count = 2, .max_model_len = 9}),
            R"({"tokens":[{"id":1,"piece":"a"},{"id":2,"piece":[195]}],"count":2,"max_model_len":9})");
  EXPECT_EQ(TokenizeAnswer({.count = 4, .max_model_len = 9, .count_only = true}),
            R"({"count":4,"max_model_len":9})");
  EXPECT_EQ(DetokenizeAnswer("a\"\xff"),
            "{\"content\":\"a\\\"\xEF\xBF\xBD\",\"prompt\":\"a\\\"\xEF\xBF\xBD\"}");
}

TEST(DetokenizeRequest, Tokens) {
  EXPECT_EQ(ParseDetokenizeRequest(R"({"tokens":[1,2.0]})")->tokens, (std::vector<core::TokenId>{1, 2}));
  for (const char* body : {R"({})", R"({"tokens":5})", R"({"tokens":[-1]})", R"({"tokens":[1.5]})",
                           R"({"tokens":[null]})", R"({"tokens":[1e300]})"}) {
    EXPECT_EQ(ParseDetokenizeRequest(body).error().param(), "tokens") << body;
  }
}

}  // namespace
}  // namespace lares::http::openai
