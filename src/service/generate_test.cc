// SPDX-License-Identifier: Apache-2.0
#include "service/generate.h"

#include <string>

#include <gtest/gtest.h>

#include "base/thread_pool.h"
#include "engine/recording_sink.h"
#include "service/health.h"
#include "service/scripted_engine.h"
#include "service/services.h"

namespace lares::service {
namespace {

class Generate : public testing::Test {
 protected:
  core::GenerateRequest Ask(std::string id) {
    core::GenerateRequest request;
    request.id = std::move(id);
    request.principal = {.id = "local", .permissions = core::kAllPermissions};
    request.prompt = core::TextPrompt{.text = "hi"};
    return request;
  }
  std::shared_ptr<Call> NewCall() {
    return std::make_shared<Call>(services.request_log, clock, RequestRecord{.id = "r"});
  }
  base::Result<std::string> Start(core::GenerateRequest request) {
    return channel->Start(operations::kComplete, std::move(request), NewCall());
  }
  bool Exposes(const std::string& line) { return metrics.Expose().find(line) != std::string::npos; }

  base::ManualClock clock{base::Time{std::chrono::hours(1)}};
  std::unique_ptr<base::Logger> logger = base::Logger::Silent();
  base::Metrics metrics;
  base::ThreadPool pool{{.threads = 1}};
  Authenticator authenticator;
  std::shared_ptr<ScriptedEngine> engine = std::make_shared<ScriptedEngine>(clock);
  Services services{{.limits = {.max_answer_tokens = 100, .request_timeout = std::chrono::seconds(5)}},
                    {clock, *logger, metrics, pool, pool, authenticator},
                    {{.spec = {.name = "scripted", .aliases = {"alias"}}, .engine = engine}}};
  std::shared_ptr<engine::RecordingSink> sink = std::make_shared<engine::RecordingSink>();
  std::shared_ptr<Channel> channel = services.generator.Open(sink);
};

TEST_F(Generate, PassesEventsOnAndKeepsAccounts) {
  ASSERT_EQ(Start(Ask("a")), "scripted");
  EXPECT_EQ(sink->Wait("a").Text(), "Hello!");
  EXPECT_EQ(services.lifecycle.in_flight(), 0);
  EXPECT_TRUE(Exposes("lares_prompt_tokens_total{model=\"scripted\"} 5"));
  EXPECT_TRUE(Exposes("lares_cached_prompt_tokens_total{model=\"scripted\"} 2"));
  EXPECT_TRUE(Exposes("lares_completion_tokens_total{model=\"scripted\"} 3"));
  EXPECT_TRUE(Exposes("lares_requests_finished_total{finish=\"stop\",model=\"scripted\"} 1"));
  EXPECT_TRUE(Exposes("lares_time_to_first_token_seconds_count{model=\"scripted\"} 1"));
}

TEST_F(Generate, MeasuresTheGapsBetweenTokens) {
  engine->Hold();
  ASSERT_TRUE(Start(Ask("a")));
  engine->Say("a", "x");
  clock.Advance(std::chrono::milliseconds(400));
  engine->Say("a", "y");
  engine->Finish("a");
  EXPECT_TRUE(Exposes("lares_inter_token_latency_seconds_count{model=\"scripted\"} 1"));
  EXPECT_TRUE(Exposes("lares_inter_token_latency_seconds_sum{model=\"scripted\"} 0.4"));
}

TEST_F(Generate, CompletesTheRequest) {
  engine->Hold();
  core::GenerateRequest open = Ask("a"), greedy = Ask("b"), small = Ask("c");
  open.model = "alias";
  greedy.max_tokens = 1000;
  greedy.min_tokens = 500;
  small.max_tokens = 7;
  ASSERT_TRUE(Start(open));
  ASSERT_TRUE(Start(greedy));
  ASSERT_TRUE(Start(small));
  EXPECT_EQ(engine->WaitForRequest(1).model, "scripted");
  EXPECT_EQ(engine->WaitForRequest(1).max_tokens, std::nullopt)
      << "what the context leaves: the engine knows";
  EXPECT_EQ(engine->WaitForRequest(2).max_tokens, 100);
  EXPECT_EQ(engine->WaitForRequest(2).min_tokens, 100);
  EXPECT_EQ(engine->WaitForRequest(3).max_tokens, 7);
  EXPECT_EQ(engine->WaitForRequest(3).deadline, clock.Now() + std::chrono::seconds(5));
  EXPECT_EQ(services.lifecycle.in_flight(), 3);
  for (const char* id : {"a", "b", "c"}) engine->Finish(id);
}

TEST_F(Generate, RefusesBeforeTheEngineHears) {
  core::GenerateRequest stranger = Ask("a");
  stranger.principal.permissions = static_cast<core::PermissionSet>(core::Permission::kEmbed);
  EXPECT_EQ(Start(stranger).error().code(), base::Code::kPermissionDenied);
  core::GenerateRequest elsewhere = Ask("b");
  elsewhere.model = "gpt-4";
  const auto unknown = Start(elsewhere);
  EXPECT_EQ(unknown.error().reason(), "model_not_found");
  EXPECT_NE(unknown.error().message().find("scripted, alias"), std::string::npos);
  core::GenerateRequest hot = Ask("c");
  hot.sampling.temperature = 9;
  EXPECT_EQ(Start(hot).error().param(), "temperature");
  services.lifecycle.RefuseNew();
  EXPECT_EQ(Start(Ask("d")).error().code(), base::Code::kUnavailable);
  EXPECT_EQ(services.lifecycle.in_flight(), 0);
}

TEST_F(Generate, AnEngineThatRefusesLeavesNothingBehind) {
  engine->RefuseWith(base::Error(base::Code::kResourceExhausted, "full"));
  EXPECT_EQ(Start(Ask("a")).error().code(), base::Code::kResourceExhausted);
  EXPECT_EQ(services.lifecycle.in_flight(), 0);
}

TEST_F(Generate, CancelReachesTheEngineAndItsEndComes) {
  engine->Hold();
  ASSERT_TRUE(Start(Ask("a")));
  channel->Cancel("unknown");
  channel->Cancel("a");
  EXPECT_EQ(sink->Wait("a").terminals[0].error->code(), base::Code::kCancelled);
  EXPECT_TRUE(services.lifecycle.WaitIdle(std::chrono::seconds(60)));
  EXPECT_TRUE(Exposes("lares_requests_finished_total{finish=\"cancelled\",model=\"scripted\"} 1"));
}

TEST_F(Generate, EmbedAndTokenizeAskForTheirPermissions) {
  const auto call = NewCall();
  const auto work = services.lifecycle.Begin();
  ASSERT_TRUE(work);
  const core::Principal nobody{.id = "n"}, everybody{.id = "e", .permissions = core::kAllPermissions};
  const auto embed = [&](const core::Principal& who, std::vector<core::Prompt> inputs) {
    return services.embedder.Embed(*work, {.principal = who, .inputs = std::move(inputs)}, {}, *call);
  };
  EXPECT_EQ(embed(nobody, {core::TextPrompt{}}).error().code(), base::Code::kPermissionDenied);
  EXPECT_EQ(embed(everybody, {}).error().param(), "input");
  EXPECT_EQ(embed(everybody, {core::TextPrompt{.text = "a"}})->answer.vectors.size(), 1U);
  const Tokenizer& tokenizer = services.tokenizer;
  EXPECT_FALSE(tokenizer.Tokenize(*work, nobody, "", {.text = "a"}, false, *call));
  EXPECT_FALSE(tokenizer.Detokenize(*work, nobody, "", {}, *call));
  EXPECT_EQ(
      tokenizer.Tokenize(*work, everybody, "", {.text = "ab", .add_special = false}, true, *call)->pieces,
      (std::vector<std::string>{"a", "b"}));
}

TEST_F(Generate, HealthFollowsTheEngine) {
  const core::Principal operator_{.id = "o", .permissions = core::kAllPermissions};
  EXPECT_EQ(services.health.Report(operator_).status, HealthStatus::kUp);
  EXPECT_TRUE(services.health.Ready().ready);
  core::EngineStatus status;
  status.load_percent = 30;
  engine->SetStatus(status);
  EXPECT_EQ(services.health.Report(operator_).status, HealthStatus::kDegraded);
  EXPECT_EQ(services.health.Ready().state, "loading");
  EXPECT_EQ(services.health.Ready().percent, 30);
  EXPECT_TRUE(services.health.Alive());
  status.state = core::EngineState::kFailed;
  engine->SetStatus(status);
  EXPECT_EQ(services.health.Report(operator_).status, HealthStatus::kDown);
  EXPECT_EQ(services.health.Ready().state, "failed");
  EXPECT_EQ(services.health.Alive().error().reason(), "engine_failed");
  EXPECT_FALSE(services.health.Report({.id = "stranger"}).details);
  services.lifecycle.AnnounceDrain();
  EXPECT_EQ(services.health.Ready().state, "draining");
}

}  // namespace
}  // namespace lares::service
