// SPDX-License-Identifier: Apache-2.0
#include "cli/answerer.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/answer_printer.h"
#include "cli/scripted_transport.h"

namespace lares::cli {
namespace {

using ::testing::HasSubstr;

struct Asked {
  base::Result<AnswerEnd> end = AnswerEnd{};
  std::string text;
  std::string notes;
  std::string waited_for;
  std::size_t exchanges = 0;
};

Asked Ask(std::vector<ScriptedTransport::Script> scripts,
          const std::function<bool(const std::string&)>& interrupted = {}) {
  base::ManualClock clock;
  ScriptedTransport transport(clock);
  for (auto& script : scripts) transport.scripts.push_back(std::move(script));
  Asked asked;
  HttpAnswerer answerer(transport, clock, [&] { return interrupted && interrupted(asked.text); });
  AnswerWatch watch;
  watch.on_text = [&](std::string_view text) { asked.text += text; };
  watch.on_note = [&](std::string_view note) { asked.notes += note; };
  watch.on_waiting = [&](std::string_view why) { asked.waited_for += why; };
  asked.end = answerer.Ask("{}", watch);
  asked.exchanges = transport.requests.size();
  return asked;
}

ScriptedTransport::Script Stream(std::vector<std::string> events) {
  ScriptedTransport::Script script;
  for (const std::string& event : events)
    script.pieces.push_back({std::chrono::milliseconds(1), "data: " + event + "\n\n"});
  return script;
}

TEST(HttpAnswerer, StreamsAnAnswer) {
  const Asked asked =
      Ask({Stream({R"({"choices":[{"delta":{"content":"he"}}]})",
                   R"({"choices":[{"delta":{"content":"llo"},"finish_reason":"stop"}]})",
                   R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}})", "[DONE]"})});
  ASSERT_TRUE(asked.end) << asked.end.error().message();
  EXPECT_EQ(asked.text, "hello");
  EXPECT_EQ(asked.end->finish, "stop");
  ASSERT_TRUE(asked.end->usage);
  EXPECT_EQ(asked.end->usage->prompt, 3);
}

TEST(HttpAnswerer, SaysWhatTheServerSays) {
  const Asked asked =
      Ask({{.pieces = {{{}, R"({"error":{"message":"too long","code":"context_length_exceeded"}})"}},
            .end = {.status = 400}}});
  ASSERT_FALSE(asked.end);
  EXPECT_EQ(asked.end.error().message(), "too long");
  EXPECT_EQ(asked.end.error().reason(), "context_length_exceeded");
  const Asked key = Ask({{.pieces = {{{}, R"({"error":{"message":"no key"}})"}}, .end = {.status = 401}}});
  EXPECT_THAT(key.end.error().message(), HasSubstr("LARES_API_KEY"));
  const Asked busy = Ask({{.pieces = {{{}, R"({"error":{"message":"full"}})"}},
                           .end = {.status = 429, .retry_after = std::chrono::seconds(7)}}});
  EXPECT_THAT(busy.end.error().message(), HasSubstr("in 7 s"));
}

TEST(HttpAnswerer, AnErrorInsideTheStreamIsAnError) {
  const Asked asked = Ask(
      {Stream({R"({"choices":[{"delta":{"content":"he"}}]})", R"({"error":{"message":"engine died"}})"})});
  ASSERT_FALSE(asked.end);
  EXPECT_EQ(asked.end.error().message(), "engine died");
}

TEST(HttpAnswerer, AStreamThatBreaksOffIsAnError) {
  EXPECT_FALSE(Ask({Stream({R"({"choices":[{"delta":{"content":"he"}}]})"})}).end);
  const Asked cut = Ask({{.pieces = {}, .end = {.status = 200, .failure = "cut"}}});
  EXPECT_EQ(cut.end.error().message(), "cut");
}

TEST(HttpAnswerer, WaitsWhileTheModelLoads) {
  const ScriptedTransport::Script loading{.pieces = {{{}, R"({"error":{"message":"loading, 40 %"}})"}},
                                          .end = {.status = 503, .retry_after = std::chrono::seconds(1)}};
  const Asked asked =
      Ask({loading, loading, Stream({R"({"choices":[{"text":"x","finish_reason":"stop"}]})", "[DONE]"})});
  ASSERT_TRUE(asked.end);
  EXPECT_EQ(asked.exchanges, 3U);
  EXPECT_EQ(asked.notes, "loading, 40 %");  // once
}

TEST(HttpAnswerer, HandsOnWhyTheServerKeepsItWaiting) {
  ScriptedTransport::Script script =
      Stream({R"({"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]})", "[DONE]"});
  script.pieces.insert(script.pieces.begin(), {{std::chrono::milliseconds(1), ": keep-alive\n\n"},
                                               {std::chrono::milliseconds(1), ": 40 percent\n\n"}});
  const Asked asked = Ask({script});
  ASSERT_TRUE(asked.end) << asked.end.error().message();
  EXPECT_EQ(asked.waited_for, "40 percent");
}

TEST(HttpAnswerer, AnInterruptEndsTheRequest) {
  const auto after_he = [](const std::string& text) { return text == "he"; };
  const Asked asked = Ask({Stream({R"({"choices":[{"delta":{"content":"he"}}]})",
                                   R"({"choices":[{"delta":{"content":"llo"}}]})"})},
                          after_he);
  ASSERT_TRUE(asked.end);
  EXPECT_TRUE(asked.end->interrupted);
  EXPECT_EQ(asked.text, "he");
  const Asked at_once = Ask({Stream({"[DONE]"})}, [](const std::string&) { return true; });
  ASSERT_FALSE(at_once.end);
  EXPECT_EQ(at_once.end.error().code(), base::Code::kCancelled);
}

std::string Printed(AnswerPrinter::Style style, const std::function<void(const AnswerWatch&)>& play) {
  std::ostringstream out;
  AnswerPrinter printer(out, style);
  play(printer.Watch());
  printer.Finish();
  return out.str();
}

TEST(AnswerPrinter, APipeGetsTheAnswerAndNothingElse) {
  EXPECT_EQ(Printed({},
                    [](const AnswerWatch& watch) {
                      for (int i = 0; i < 20; ++i) watch.on_waiting("the model is loading");
                      watch.on_note("loading");
                      watch.on_reasoning("hm");
                      watch.on_text("a\033b");
                    }),
            "a\033b\n");
}

TEST(AnswerPrinter, ATerminalGetsSignsOfLife) {
  const std::string out = Printed({.terminal = true, .colours = true}, [](const AnswerWatch& watch) {
    for (int i = 0; i < 10; ++i) watch.on_waiting({});
    watch.on_reasoning("hm");
    watch.on_text("yes\n");
  });
  EXPECT_THAT(out, HasSubstr("..."));
  EXPECT_THAT(out, HasSubstr("\033[2mhm\033[0m\n\nyes\n"));
  EXPECT_TRUE(out.ends_with("yes\n"));
}

TEST(AnswerPrinter, ATerminalIsToldWhyThereIsNothingYet) {
  const std::string out = Printed({.terminal = true}, [](const AnswerWatch& watch) {
    for (int i = 0; i < 10; ++i) watch.on_waiting("40 percent\033[2J");
    watch.on_text("yes\n");
  });
  EXPECT_THAT(out, HasSubstr("40 percent"));
  EXPECT_THAT(out, testing::Not(HasSubstr("\033")));
  EXPECT_THAT(out, HasSubstr("\r              ")) << "it goes when the answer comes";
  EXPECT_TRUE(out.ends_with("\ryes\n"));
}

}  // namespace
}  // namespace lares::cli
