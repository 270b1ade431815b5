// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/workload.h"

#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/bench/word_table.h"
#include "cli/scripted_transport.h"

namespace lares::cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

WordTable Table() {
  WordTable table;
  table.sentences = SplitSentences(
      "The quick brown fox jumps over the lazy dog. Nobody knows why it does so again today; "
      "incomprehensibilities are what they always were here.");
  for (const std::string& word : table.Words()) table.tokens[word] = word.size() > 8 ? 4 : 1;
  table.FindFillers();
  return table;
}

double CountOf(const WordTable& table, const std::string& text) {
  std::istringstream words(text);
  double count = 0;
  for (std::string word; words >> word;) count += table.tokens.at(word);
  return count;
}

BenchOptions Options() {
  BenchOptions options;
  options.model = "m";
  return options;
}

MadeUpRequests::Lengths Lengths(const BenchOptions& options) {
  return {.prompt = LengthDistribution::Parse(options.prompt_tokens).value(),
          .output = LengthDistribution::Parse(options.output_tokens).value()};
}

TEST(SplitSentences, KeepsWholeSentences) {
  EXPECT_THAT(SplitSentences("too short. one two three four five; six"),
              ElementsAre(std::vector<std::string>{"one", "two", "three", "four", "five;"}));
  EXPECT_TRUE(SplitSentences("").empty());
}

TEST(PromptMaker, MakesPromptsOfTheWantedLength) {
  const WordTable table = Table();
  PromptMaker prompts(table, 5);
  for (const std::int32_t tokens : {10, 17, 100, 1000})
    EXPECT_EQ(CountOf(table, prompts.Unique(tokens)), tokens);
}

TEST(PromptMaker, NoTwoPromptsBeginAlike) {
  const WordTable table = Table();
  PromptMaker prompts(table, 5);
  PromptMaker other_seed(table, 6);
  std::set<std::string> beginnings;
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(beginnings.insert(prompts.Unique(30).substr(0, 12)).second);
    EXPECT_TRUE(beginnings.insert(other_seed.Unique(30).substr(0, 12)).second);
  }
}

TEST(PromptMaker, IsRepeatable) {
  const WordTable table = Table();
  PromptMaker one(table, 5);
  PromptMaker two(table, 5);
  EXPECT_EQ(one.Unique(64), two.Unique(64));
  EXPECT_EQ(one.Shared(3, 64), two.Shared(3, 64));
  EXPECT_NE(one.Shared(3, 64), one.Shared(4, 64));
}

TEST(RequestWriter, WritesCompletionsAndChats) {
  BenchOptions options = Options();
  options.extra = R"({"top_k":5,"temperature":1})";
  const auto plain = RequestWriter::Make(options)->FromPrompt("p", 9);
  EXPECT_EQ(plain.path, "/v1/completions");
  json body = json::parse(plain.body);
  EXPECT_EQ(body["prompt"], "p");
  EXPECT_EQ(body["model"], "m");
  EXPECT_EQ(body["max_tokens"], 9);
  EXPECT_EQ(body["stream"], true);
  EXPECT_EQ(body["stream_options"]["include_usage"], true);
  EXPECT_EQ(body["ignore_eos"], true);
  EXPECT_EQ(body["temperature"], 1);
  EXPECT_EQ(body["top_k"], 5);
  options.api = "chat";
  options.stream = false;
  options.ignore_eos = false;
  const auto chat = RequestWriter::Make(options)->FromPrompt("p", 9);
  EXPECT_EQ(chat.path, "/v1/chat/completions");
  body = json::parse(chat.body);
  EXPECT_EQ(body["messages"][0]["content"], "p");
  EXPECT_FALSE(body.contains("stream_options"));
  EXPECT_FALSE(body.contains("ignore_eos"));
  options.extra = "[1]";
  EXPECT_FALSE(RequestWriter::Make(options));
}

TEST(MadeUpRequests, PrefixesAreShared) {
  const WordTable table = Table();
  PromptMaker prompts(table, 1);
  BenchOptions options = Options();
  options.shared_prefix = 40;
  options.prefix_groups = 2;
  options.prompt_tokens = "20";
  const auto writer = RequestWriter::Make(options).value();
  MadeUpRequests requests(options, Lengths(options), writer, prompts);
  std::vector<std::string> texts;
  for (int i = 0; i < 4; ++i) texts.push_back(json::parse(requests.Next()->body)["prompt"]);
  const std::string first = prompts.Shared(0, 40) + " ";
  const std::string second = prompts.Shared(1, 40) + " ";
  EXPECT_TRUE(texts[0].starts_with(first) && texts[2].starts_with(first));
  EXPECT_TRUE(texts[1].starts_with(second) && texts[3].starts_with(second));
  EXPECT_NE(texts[0], texts[2]);
  EXPECT_EQ(CountOf(table, texts[0]), 60);
}

TEST(ParseReplay, ReadsEveryForm) {
  const auto lines = ParseReplay(
      "{\"at\":1.5,\"body\":{\"prompt\":\"a\"}}\n\n{\"messages\":[],\"at\":0}\n{\"prompt_tokens\":5,\"output_"
      "tokens\":7,\"at\":2}\n");
  ASSERT_TRUE(lines) << lines.error().message();
  ASSERT_EQ(lines->size(), 3U);
  EXPECT_EQ((*lines)[0].at, 1.5);
  EXPECT_EQ(json::parse((*lines)[1].body), json::parse("{\"messages\":[]}"));
  EXPECT_EQ((*lines)[2].output_tokens, 7);
}

TEST(ParseReplay, NamesTheLine) {
  EXPECT_THAT(ParseReplay("{\"prompt\":\"a\"}\nnonsense").error().message(), HasSubstr("line 2"));
  for (const auto* text : {"", "{}", "[]", "{\"at\":-1,\"prompt\":\"\"}", "{\"at\":\"x\",\"prompt\":\"\"}",
                           "{\"prompt_tokens\":0,\"output_tokens\":1}", "{\"prompt_tokens\":1}"}) {
    EXPECT_FALSE(ParseReplay(text)) << text;
  }
  EXPECT_FALSE(ParseReplay("{\"body\":" + std::string(100'000, '[')));
}

TEST(MakeReplay, SendsInTheOrderOfTimes) {
  const auto lines = ParseReplay("{\"at\":2,\"prompt\":\"b\"}\n{\"at\":1,\"messages\":[]}\n").value();
  const auto writer = RequestWriter::Make(Options()).value();
  const auto replay = MakeReplay(lines, writer, nullptr, 2);
  ASSERT_TRUE(replay) << replay.error().message();
  EXPECT_TRUE(replay->timed);
  EXPECT_EQ(replay->requests[0].path, "/v1/chat/completions");
  EXPECT_EQ(replay->requests[0].due, std::chrono::milliseconds(500));
  EXPECT_EQ(json::parse(replay->requests[1].body)["model"], "m");
  const auto untimed = MakeReplay(ParseReplay("{\"prompt\":\"b\"}").value(), writer, nullptr, 1);
  EXPECT_FALSE(untimed->timed);
  EXPECT_FALSE(MakeReplay(ParseReplay("{\"body\":{}}").value(), writer, nullptr, 1));
}

TEST(KeepWithin, BoundsTimeAndNumber) {
  const auto kept = [](std::optional<base::Duration> duration, std::optional<std::int32_t> most) {
    std::vector<PlannedRequest> requests;
    for (int i = 0; i < 5; ++i) requests.push_back({.due = std::chrono::seconds(i), .path = "/", .body = ""});
    KeepWithin(duration, most, requests);
    return requests.size();
  };
  EXPECT_EQ(kept({}, {}), 5U);
  EXPECT_EQ(kept(std::chrono::seconds(3), {}), 3U);
  EXPECT_EQ(kept({}, 2), 2U);
  EXPECT_EQ(kept(std::chrono::seconds(3), 4), 3U);
  EXPECT_EQ(kept(std::chrono::hours(1), 9), 5U);
}

ScriptedTransport::Script Says(const std::string& body, int status = 200) {
  return {.pieces = {{{}, body}}, .end = {.status = status}};
}

TEST(CountTokens, AsksTheServerForEachWord) {
  base::ManualClock clock;
  ScriptedTransport transport(clock);
  transport.fallback = Says(R"({"tokens":[1,2]})");
  WordTable table;
  table.sentences = {{"alpha", "beta"}};
  ASSERT_TRUE(CountTokens(transport, "m", {{"beta", 1}}, {}, table));
  EXPECT_EQ(table.tokens.at("alpha"), 2);
  EXPECT_EQ(table.tokens.at("beta"), 1);
  EXPECT_EQ(table.tokens.at("7"), 2);
  EXPECT_TRUE(table.exact);
  EXPECT_THAT(table.fillers, ElementsAre("beta"));
  EXPECT_THAT(*transport.requests.back().body, HasSubstr("\"model\":\"m\""));
  EXPECT_EQ(transport.requests.size(), 12U);  // one to try, then ten digits and a word
}

TEST(CountTokens, FallsBackToAMean) {
  base::ManualClock clock;
  ScriptedTransport transport(clock);
  transport.scripts = {
      Says("no such page", 404),
      Says(R"({"choices":[{"text":"x"}],"usage":{"prompt_tokens":3,"completion_tokens":1}})")};
  WordTable table;
  table.sentences = {{"alpha", "beta"}};
  ASSERT_TRUE(CountTokens(transport, "m", {}, {}, table));
  EXPECT_FALSE(table.exact);
  EXPECT_EQ(table.tokens.at("alpha"), 1.5);
}

TEST(CountTokens, AnErrorIsNotHidden) {
  base::ManualClock clock;
  ScriptedTransport transport(clock);
  transport.fallback = Says(R"({"error":{"message":"there is no model m","code":"model_not_found"}})", 404);
  WordTable table;
  table.sentences = {{"alpha"}};
  const auto counted = CountTokens(transport, "m", {}, {}, table);
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().message(), "there is no model m");
}

TEST(CountTokens, CanBeInterrupted) {
  base::ManualClock clock;
  ScriptedTransport transport(clock);
  transport.fallback = Says(R"({"tokens":[1,2]})");
  WordTable table;
  table.sentences = {{"alpha", "beta"}};
  int asked = 0;
  const auto third_time = [&] { return ++asked == 3; };
  const auto counted = CountTokens(transport, "m", {}, third_time, table);
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().code(), base::Code::kCancelled);
  EXPECT_EQ(transport.running(), 0U);

  // A server that never answers holds nobody up either.
  ScriptedTransport silent(clock);
  silent.fallback = {.pieces = {{std::chrono::hours(1), ""}}};
  EXPECT_EQ(CountTokens(silent, "m", {}, [] { return true; }, table).error().code(), base::Code::kCancelled);
  EXPECT_LT(clock.Now(), base::Time{std::chrono::minutes(1)});
}

TEST(WordCounts, SurviveBeingWritten) {
  const std::string file = testing::TempDir() + "lares_word_counts.json";
  std::filesystem::remove(file);
  EXPECT_TRUE(ReadWordCounts(file)->empty());
  const WordTable table = Table();
  ASSERT_TRUE(WriteWordCounts(file, table));
  const auto counts = ReadWordCounts(file);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->at("fox"), 1);
  std::filesystem::remove(file);
}

TEST(CorpusText, IsAlwaysSomething) {
  EXPECT_GT(SplitSentences(*CorpusText("")).size(), 3U);
  EXPECT_FALSE(CorpusText("/no/such/file"));
}

}  // namespace
}  // namespace lares::cli
