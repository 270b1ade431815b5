// SPDX-License-Identifier: Apache-2.0
#include "cli/chat.h"

#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/chat_input.h"

namespace lares::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = LineSource::Kind;

class ScriptedLines final : public LineSource {
 public:
  explicit ScriptedLines(std::deque<Line> lines) : lines_(std::move(lines)) {}
  Line Read(bool more) override {
    asked_for_more = asked_for_more || more;
    if (lines_.empty()) return {};
    Line line = lines_.front();
    lines_.pop_front();
    return line;
  }
  bool asked_for_more = false;

 private:
  std::deque<Line> lines_;
};

ScriptedLines Typed(std::initializer_list<std::string> texts) {
  std::deque<LineSource::Line> lines;
  for (const std::string& text : texts) lines.push_back({Kind::kLine, text});
  return ScriptedLines(std::move(lines));
}

// Answers in turn; remembers what it was asked.
class ScriptedAnswerer final : public Answerer {
 public:
  struct Reply {
    std::string text;
    base::Result<AnswerEnd> end = AnswerEnd{.interrupted = false, .finish = "stop", .usage = {}};
  };
  base::Result<AnswerEnd> Ask(const std::string& body, const AnswerWatch& watch) override {
    bodies.push_back(nlohmann::json::parse(body));
    if (replies.empty()) return base::Fail(base::Code::kInternal, "nothing was scripted");
    Reply reply = replies.front();
    replies.pop_front();
    if (!reply.text.empty()) watch.on_text(reply.text);
    return reply.end;
  }
  std::deque<Reply> replies;
  std::vector<nlohmann::json> bodies;
};

std::string Play(ScriptedLines lines, ScriptedAnswerer& answerer, std::int64_t context = 0) {
  std::ostringstream out;
  Chat chat({}, context, /*colours=*/false,
            {.lines = lines, .answerer = answerer, .out = out, .forget_interrupts = [] {}});
  EXPECT_EQ(chat.Run(), 0);
  return out.str();
}

TEST(ParseChatInput, TellsQuestionsFromCommands) {
  using Input = ChatInput::Kind;
  EXPECT_EQ(ParseChatInput("  why? \n").kind, Input::kQuestion);
  EXPECT_EQ(ParseChatInput("  why? \n").text, "why?");
  EXPECT_EQ(ParseChatInput("  ").kind, Input::kNothing);
  EXPECT_EQ(ParseChatInput("/system be brief").text, "be brief");
  EXPECT_EQ(ParseChatInput("/save a b.md").text, "a b.md");
  EXPECT_EQ(ParseChatInput("/bye").kind, Input::kExit);
  EXPECT_EQ(ParseChatInput("/nonsense x").kind, Input::kUnknown);
  EXPECT_EQ(ParseChatInput("//etc is what?").text, "/etc is what?");
}

TEST(ReadInput, JoinsLines) {
  auto quoted = Typed({"\"\"\"one", "two", "three\"\"\""});
  EXPECT_EQ(ReadInput(quoted).text, "one\ntwo\nthree");
  EXPECT_TRUE(quoted.asked_for_more);
  auto on_one_line = Typed({"\"\"\"one\"\"\""});
  EXPECT_EQ(ReadInput(on_one_line).text, "one");
  auto continued = Typed({"one\\", "two"});
  EXPECT_EQ(ReadInput(continued).text, "one\ntwo");
  auto unfinished = Typed({"\"\"\"one"});
  EXPECT_EQ(ReadInput(unfinished).kind, Kind::kEnd);
}

TEST(Chat, KeepsTheConversation) {
  ScriptedAnswerer answerer;
  answerer.replies = {{"one"}, {"two"}};
  const std::string out = Play(Typed({"a", "b", "/exit", "c"}), answerer);
  EXPECT_THAT(out, HasSubstr("one\n"));
  ASSERT_EQ(answerer.bodies.size(), 2U);
  EXPECT_EQ(answerer.bodies[1]["messages"].size(), 3U);
  EXPECT_EQ(answerer.bodies[1]["messages"][1]["content"], "one");
}

TEST(Chat, CommandsWork) {
  ScriptedAnswerer answerer;
  answerer.replies = {{"one"}, {"two"}, {"three"}};
  const std::string out =
      Play(Typed({"a", "/system be brief", "b", "/clear", "/system -", "c", "/help", "/huh", "/system"}),
           answerer);
  EXPECT_EQ(answerer.bodies[1]["messages"][0]["content"], "be brief");
  EXPECT_EQ(answerer.bodies[2]["messages"].size(), 1U);
  EXPECT_THAT(out, HasSubstr("there is no command /huh"));
  EXPECT_THAT(out, HasSubstr("forget the conversation"));
  EXPECT_THAT(out, HasSubstr("there are no instructions"));
}

TEST(Chat, ACtrlCStopsTheAnswerAndKeepsWhatCame) {
  ScriptedAnswerer answerer;
  answerer.replies = {{"half an ans", AnswerEnd{.interrupted = true, .finish = "", .usage = {}}}, {"whole"}};
  const std::string out = Play(Typed({"a", "b"}), answerer);
  EXPECT_THAT(out, HasSubstr("(stopped)"));
  EXPECT_EQ(answerer.bodies[1]["messages"][1]["content"], "half an ans");
}

TEST(Chat, AnEmptiedLineGoesOn) {
  ScriptedAnswerer answerer;
  answerer.replies = {{"one"}};
  Play(ScriptedLines({{Kind::kInterrupted, ""}, {Kind::kLine, "a"}}), answerer);
  EXPECT_EQ(answerer.bodies.size(), 1U);
}

TEST(Chat, AFailedQuestionIsForgotten) {
  ScriptedAnswerer answerer;
  answerer.replies = {{"", base::Fail(base::Code::kUnavailable, "nothing answers")}, {"one"}};
  const std::string out = Play(Typed({"a", "b"}), answerer);
  EXPECT_THAT(out, HasSubstr("(nothing answers)"));
  EXPECT_EQ(answerer.bodies[1]["messages"].size(), 1U);
}

ScriptedAnswerer::Reply Measured(std::string text, std::int64_t prompt, std::int64_t completion) {
  return {std::move(text),
          AnswerEnd{.interrupted = false, .finish = "stop", .usage = TokenUsage{prompt, completion, {}}}};
}

TEST(Chat, SaysWhenOldTurnsAreDropped) {
  ScriptedAnswerer answerer;
  answerer.replies = {Measured("one", 40, 20), Measured("two", 100, 20), Measured("three", 100, 20)};
  const std::string out = Play(Typed({"a", "b", "c"}), answerer, /*context=*/200);
  EXPECT_THAT(out, HasSubstr("no longer fit into the context and were dropped"));
  EXPECT_EQ(answerer.bodies[0]["messages"].size(), 1U);
  EXPECT_EQ(answerer.bodies[2]["messages"].size(), 3U);
}

TEST(Chat, TheServersCountDecides) {
  const auto too_long = [] {
    return base::Fail(
        base::Error(base::Code::kInvalidArgument, "too long").WithReason("context_length_exceeded"));
  };
  ScriptedAnswerer answerer;
  answerer.replies = {{"one"}, {"", too_long()}, {"two"}, {"", too_long()}, {"", too_long()}};
  const std::string out = Play(Typed({"a", "b", "c"}), answerer);
  EXPECT_EQ(answerer.bodies[2]["messages"].size(), 1U);  // the first turn went
  EXPECT_THAT(out, HasSubstr("the oldest question and its answer"));
  EXPECT_THAT(out, HasSubstr("(too long)"));  // alone, and still too long
}

TEST(Chat, SaysWhyAnAnswerEnds) {
  ScriptedAnswerer answerer;
  answerer.replies = {
      {"x", AnswerEnd{.interrupted = false, .finish = "length", .usage = TokenUsage{60, 40, {}}}},
      {"x", AnswerEnd{.interrupted = false, .finish = "length", .usage = TokenUsage{6, 4, {}}}}};
  const std::string out = Play(Typed({"a", "/clear", "b"}), answerer, 100);
  EXPECT_THAT(out, HasSubstr("the context is full"));
  EXPECT_THAT(out, HasSubstr("its longest length"));
}

TEST(Chat, ShowsNoControlCharacters) {
  ScriptedAnswerer answerer;
  answerer.replies = {{"a\033]0;evil\007b"}};
  EXPECT_THAT(Play(Typed({"q"}), answerer), Not(HasSubstr("\033")));
}

TEST(Chat, SavesAndNeverReplaces) {
  const std::string path = testing::TempDir() + "lares_chat_test.md";
  std::filesystem::remove(path);
  ScriptedAnswerer answerer;
  answerer.replies = {{"one"}};
  const std::string out = Play(Typed({"a", "/save " + path, "/save " + path, "/save"}), answerer);
  EXPECT_THAT(out, HasSubstr("written to"));
  EXPECT_THAT(out, HasSubstr("cannot write"));
  EXPECT_THAT(out, HasSubstr("needs the name"));
  std::ifstream in(path);
  EXPECT_THAT(std::string(std::istreambuf_iterator<char>(in), {}), HasSubstr("**Model:** one"));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace lares::cli
