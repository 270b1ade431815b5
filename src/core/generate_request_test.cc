// SPDX-License-Identifier: Apache-2.0
#include "core/generate_request.h"

#include <functional>

#include <gtest/gtest.h>

namespace lares::core {
namespace {

GenerateRequest Good() {
  GenerateRequest request;
  request.prompt = ChatPrompt{.messages = {{.role = "user", .content = {TextPart{"hi"}}}}};
  return request;
}

// The parameter that is refused; empty: none.
std::string Refused(const std::function<void(GenerateRequest&)>& change) {
  GenerateRequest request = Good();
  change(request);
  const auto status = Validate(request);
  if (status) return {};
  EXPECT_EQ(status.error().code(), base::Code::kInvalidArgument);
  return status.error().param();
}

ChatPrompt& ChatOf(GenerateRequest& request) { return std::get<ChatPrompt>(request.prompt); }

TEST(GenerateRequest, AnOrdinaryOneIsValid) {
  EXPECT_TRUE(Validate(Good()));
  GenerateRequest text;
  text.prompt = TextPrompt{.text = ""};
  EXPECT_TRUE(Validate(text));
}

TEST(GenerateRequest, NumbersAreBounded) {
  EXPECT_EQ(Refused([](auto& r) { r.choices = 0; }), "n");
  EXPECT_EQ(Refused([](auto& r) { r.choices = kMaxChoices; }), "");
  EXPECT_EQ(Refused([](auto& r) { r.choices = kMaxChoices + 1; }), "n");
  EXPECT_EQ(Refused([](auto& r) { r.top_logprobs = kMaxTopLogprobs + 1; }), "top_logprobs");
  EXPECT_EQ(Refused([](auto& r) { r.top_logprobs = -2; }), "top_logprobs");
  EXPECT_EQ(Refused([](auto& r) { r.max_tokens = 0; }), "max_tokens");
  EXPECT_EQ(Refused([](auto& r) { r.min_tokens = -1; }), "min_tokens");
  EXPECT_EQ(Refused([](auto& r) { r.sampling.temperature = 3; }), "temperature");
}

TEST(GenerateRequest, MinTokensMayNotExceedMaxTokens) {
  EXPECT_EQ(Refused([](auto& r) { r.max_tokens = r.min_tokens = 5; }), "");
  EXPECT_EQ(Refused([](auto& r) {
              r.max_tokens = 5;
              r.min_tokens = 6;
            }),
            "min_tokens");
}

TEST(GenerateRequest, StopStringsAreBounded) {
  EXPECT_EQ(Refused([](auto& r) { r.stop.assign(kMaxStopStrings, std::string(kMaxStopBytes, 'x')); }), "");
  EXPECT_EQ(Refused([](auto& r) { r.stop.assign(kMaxStopStrings + 1, "x"); }), "stop");
  EXPECT_EQ(Refused([](auto& r) { r.stop = {std::string(kMaxStopBytes + 1, 'x')}; }), "stop");
  EXPECT_EQ(Refused([](auto& r) { r.stop = {""}; }), "stop");
}

TEST(GenerateRequest, ChatsNeedMessages) {
  EXPECT_EQ(Refused([](auto& r) { ChatOf(r).messages.clear(); }), "messages");
  EXPECT_EQ(Refused([](auto& r) { ChatOf(r).messages.resize(kMaxMessages + 1); }), "messages");
}

TEST(GenerateRequest, ToolChoiceNeedsItsTool) {
  EXPECT_EQ(Refused([](auto& r) { ChatOf(r).tools.resize(kMaxTools + 1); }), "tools");
  EXPECT_EQ(Refused([](auto& r) { ChatOf(r).tool_choice = ToolChoice::kRequired; }), "tool_choice");
  const auto named = [](const char* name) {
    return [name](GenerateRequest& r) {
      ChatOf(r).tools = {{.name = "weather"}};
      ChatOf(r).tool_choice = ToolChoice::kNamed;
      ChatOf(r).tool_name = name;
    };
  };
  EXPECT_EQ(Refused(named("weather")), "");
  EXPECT_EQ(Refused(named("stocks")), "tool_choice");
}

}  // namespace
}  // namespace lares::core
