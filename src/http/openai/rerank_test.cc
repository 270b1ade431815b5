// SPDX-License-Identifier: Apache-2.0
#include "http/openai/rerank.h"

#include <gtest/gtest.h>

#include "http/openai/json.h"

namespace lares::http::openai {
namespace {

base::Error Refused(std::string_view body) {
  auto request = ParseRerankRequest(body);
  EXPECT_FALSE(request) << body;
  return request ? base::Error(base::Code::kInternal, "") : request.error();
}

TEST(Rerank, ReadsDocumentsAsStringsAndAsObjects) {
  const auto request = ParseRerankRequest(
      R"({"model":"m","query":"q","documents":["a",{"text":"b"}],"top_n":1,"return_documents":true})");
  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->request.model, "m");
  EXPECT_EQ(request->request.query, "q");
  EXPECT_EQ(request->request.documents, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request->top_n, 1U);
  EXPECT_TRUE(request->return_documents);
}

TEST(Rerank, WithoutANumberAllAreWantedAndMoreThanAllAreAll) {
  EXPECT_EQ(ParseRerankRequest(R"({"query":"q","documents":["a","b"]})")->top_n, 2U);
  EXPECT_EQ(ParseRerankRequest(R"({"query":"q","documents":["a","b"],"top_n":100})")->top_n, 2U);
}

TEST(Rerank, SaysWhatIsWrong) {
  EXPECT_EQ(Refused(R"({"documents":["a"]})").param(), "query");
  EXPECT_EQ(Refused(R"({"query":"","documents":["a"]})").param(), "query");
  EXPECT_EQ(Refused(R"({"query":"q"})").param(), "documents");
  EXPECT_EQ(Refused(R"({"query":"q","documents":[]})").param(), "documents");
  EXPECT_EQ(Refused(R"({"query":"q","documents":["a",3]})").param(), "documents[1]");
  EXPECT_EQ(Refused(R"({"query":"q","documents":["a",""]})").param(), "documents[1]");
  EXPECT_EQ(Refused(R"({"query":"q","documents":[{"title":"a"}]})").param(), "documents[0].text");
  EXPECT_EQ(Refused(R"({"query":"q","documents":["a"],"top_n":0})").param(), "top_n");
  std::string many = R"({"query":"q","documents":[)";
  for (int i = 0; i < 2048; ++i) many += "\"a\",";
  EXPECT_EQ(Refused(many + "\"a\"]}").param(), "documents");
}

TEST(Rerank, AnswersTheBestFirstAndEqualsInTheirOrder) {
  auto request = ParseRerankRequest(R"({"query":"q","documents":["a","b","c","d"],"top_n":3})");
  ASSERT_TRUE(request);
  request->request.id = "rerank-1";
  const Json answer =
      Json::parse(RerankAnswer("m", *request, {.scores = {0.25F, 0.5F, 0.5F, 0.125F}, .prompt_tokens = 7}));
  ASSERT_EQ(answer["results"].size(), 3U);
  EXPECT_EQ(answer["results"][0]["index"], 1);
  EXPECT_EQ(answer["results"][1]["index"], 2);
  EXPECT_EQ(answer["results"][2]["index"], 0);
  EXPECT_EQ(answer["results"][0]["relevance_score"], 0.5);
  EXPECT_FALSE(answer["results"][0].contains("document"));
  EXPECT_EQ(answer["id"], "rerank-1");
  EXPECT_EQ(answer["usage"]["total_tokens"], 7);
}

TEST(Rerank, GivesTheDocumentsBackWhenAsked) {
  const auto request = ParseRerankRequest(R"({"query":"q","documents":["a","b"],"return_documents":true})");
  ASSERT_TRUE(request);
  const Json answer = Json::parse(RerankAnswer("m", *request, {.scores = {0.0F, 1.0F}}));
  EXPECT_EQ(answer["results"][0]["document"]["text"], "b");
}

}  // namespace
}  // namespace lares::http::openai
