// SPDX-License-Identifier: Apache-2.0
//
// The whole way of a request over a real socket, with an engine that does what the test says.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/api/test_server.h"
#include "http/test_client.h"

namespace lares::http::api {
namespace {

using nlohmann::json;

constexpr const char* kChat = R"({"messages":[{"role":"user","content":"hi"}]})";
constexpr const char* kChatStream = R"({"stream":true,"messages":[{"role":"user","content":"hi"}]})";

std::vector<json> Events(const std::string& body) {
  std::vector<json> events;
  for (std::size_t at = 0; (at = body.find("data: ", at)) != std::string::npos;) {
    const std::size_t end = body.find("\n\n", at);
    const std::string text = body.substr(at + 6, end - at - 6);
    at = end;
    events.push_back(text == "[DONE]" ? json("[DONE]") : json::parse(text));
  }
  return events;
}

TEST(Server, AnswersAChat) {
  TestServer lares;
  ASSERT_TRUE(lares.started) << lares.started.error().message();
  TestClient client(lares.port());
  client.Post("/v1/chat/completions", kChat);
  const TestAnswer answer = client.Read();
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json body = json::parse(answer.body);
  EXPECT_EQ(body["object"], "chat.completion");
  EXPECT_EQ(body["model"], "scripted");
  EXPECT_EQ(body["choices"][0]["message"]["content"], "Hello!");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(body["usage"]["total_tokens"], 8);
  EXPECT_EQ(body["usage"]["prompt_tokens_details"]["cached_tokens"], 2);
  EXPECT_TRUE(answer.headers.at("x-request-id").starts_with("req-"));
  EXPECT_NE(answer.headers.at("cache-control").find("no-store"), std::string::npos);
}

TEST(Server, StreamsAChat) {
  TestServer lares;
  TestClient client(lares.port());
  client.Post(
      "/v1/chat/completions",
      R"({"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]})");
  const TestAnswer answer = client.Read();
  ASSERT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.headers.at("content-type").starts_with("text/event-stream"));
  const auto events = Events(answer.body);
  ASSERT_EQ(events.size(), 6U) << answer.body;  // role, three words, usage, DONE
  EXPECT_EQ(events[0]["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ(events[1]["choices"][0]["delta"]["content"], "Hel");
  EXPECT_EQ(events[3]["choices"][0]["finish_reason"], "stop");
  EXPECT_TRUE(events[3]["usage"].is_null());
  EXPECT_TRUE(events[4]["choices"].empty());
  EXPECT_EQ(events[4]["usage"]["completion_tokens"], 3);
  EXPECT_EQ(events[5], "[DONE]");
}

TEST(Server, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
  TestServer lares;
  TestClient client(lares.port());
  std::string requests;
  for (const char* id : {"a", "b", "c"}) {
    requests += "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nx-request-id: " + std::string(id) + "\r\n\r\n";
  }
  client.Send(requests);
  for (const char* id : {"a", "b", "c"}) {
    const TestAnswer answer = client.Read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("x-request-id"), id);
  }
  EXPECT_EQ(lares.server.connections(), 1U);
}

TEST(Server, SendsHeadersWhenAdmittedAndACommentWhileSilent) {
  TestServer lares;
  lares.engine->Hold();
  TestClient client(lares.port());
  client.Post("/v1/chat/completions", kChatStream);
  const std::string id = lares.engine->WaitForRequest().id;
  lares.engine->Admit(id);
  EXPECT_EQ(client.ReadHead().status, 200);
  lares.server.SweepNow();  // behind it the server's thread is done with the write, too
  lares.clock.Advance(std::chrono::seconds(11));
  lares.server.SweepNow();
  EXPECT_TRUE(client.ReadUntil(": keep-alive\n\n"));
  lares.engine->Say(id, "word");
  EXPECT_TRUE(client.ReadUntil("\"content\":\"word\""));
  lares.engine->Finish(id);
  EXPECT_TRUE(client.ReadUntil("data: [DONE]\n\n"));
}

TEST(Server, ADisconnectCancelsAStream) {
  TestServer lares;
  lares.engine->Hold();
  std::string id;
  {
    TestClient client(lares.port());
    client.Post("/v1/chat/completions", kChatStream);
    id = lares.engine->WaitForRequest().id;
    lares.engine->Admit(id);
    EXPECT_EQ(client.ReadHead().status, 200);
  }
  lares.engine->WaitForCancel(id);
  EXPECT_TRUE(lares.services.lifecycle.WaitIdle(std::chrono::seconds(60)));
}

TEST(Server, ADisconnectCancelsWhileWaitingForAWholeAnswer) {
  TestServer lares;
  lares.engine->Hold();
  std::string id;
  {
    TestClient client(lares.port());
    client.Post("/v1/completions", R"({"prompt":["a","b"]})");
    lares.engine->WaitForRequest(2);
    id = lares.engine->WaitForRequest(1).id;
  }
  lares.engine->WaitForCancel(id);
  lares.engine->WaitForCancel(lares.engine->WaitForRequest(2).id);
}

TEST(Server, AnErrorBeforeTheHeadersIsAStatus) {
  TestServer lares;
  lares.engine->RefuseWith(base::Error(base::Code::kResourceExhausted, "full")
                               .WithReason("queue_full")
                               .WithRetryAfter(std::chrono::milliseconds(2500)));
  TestClient client(lares.port());
  client.Post("/v1/chat/completions", kChatStream);
  const TestAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers.at("retry-after"), "3");
  EXPECT_EQ(json::parse(answer.body)["error"]["code"], "queue_full");
}

TEST(Server, AnErrorAfterTheHeadersIsAnEventAndNoDone) {
  TestServer lares;
  lares.engine->Hold();
  TestClient client(lares.port());
  client.Post("/v1/chat/completions", kChatStream);
  const std::string id = lares.engine->WaitForRequest().id;
  lares.engine->Admit(id);
  lares.engine->Fail(id, base::Error(base::Code::kInternal, "the device is lost"));
  const TestAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.complete);
  const auto events = Events(answer.body);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["error"]["message"], "the device is lost");
  EXPECT_EQ(events[0]["error"]["type"], "server_error");
}

TEST(Server, SeveralPromptsAreOneAnswer) {
  TestServer lares;
  TestClient client(lares.port());
  client.Post("/v1/completions", R"({"prompt":["a","b"],"n":2,"echo":true})");
  const json body = json::parse(client.Read().body);
  ASSERT_EQ(body["choices"].size(), 4U);
  EXPECT_EQ(body["choices"][0]["text"], "aHello!");
  EXPECT_EQ(body["choices"][3]["text"], "bHello!");
  EXPECT_EQ(body["choices"][3]["index"], 3);
  EXPECT_EQ(body["usage"]["prompt_tokens"], 10);
  EXPECT_EQ(lares.engine->WaitForRequest(2).max_tokens, 16);
}

TEST(Server, SeveralPromptsAreOneStream) {
  TestServer lares;
  TestClient client(lares.port());
  client.Post("/v1/completions",
              R"({"prompt":["a","b"],"stream":true,"stream_options":{"include_usage":true}})");
  const auto events = Events(client.Read().body);
  std::string texts[2];
  for (std::size_t i = 0; i + 2 < events.size(); ++i) {
    const json& choice = events[i]["choices"][0];
    texts[choice["index"].get<std::size_t>()] += choice["text"].get<std::string>();
  }
  EXPECT_EQ(texts[0], "Hello!");
  EXPECT_EQ(texts[1], "Hello!");
  EXPECT_EQ(events[events.size() - 2]["usage"]["completion_tokens"], 6);
}

TEST(Server, WhenOnePromptFailsTheOthersAreCancelled) {
  TestServer lares;
  lares.engine->Hold();
  TestClient client(lares.port());
  client.Post("/v1/completions", R"({"prompt":["a","b"]})");
  lares.engine->WaitForRequest(2);
  lares.engine->Fail(
      lares.engine->WaitForRequest(1).id,
      base::Error(base::Code::kInvalidArgument, "too long").WithReason("context_length_exceeded"));
  EXPECT_EQ(client.Read().status, 400);
  lares.engine->WaitForCancel(lares.engine->WaitForRequest(2).id);
}

TEST(Server, EmbedsTokenizesAndBack) {
  TestServer lares;
  TestClient client(lares.port());
  client.Post("/v1/embeddings", R"({"input":["a","b"],"dimensions":4})");
  json body = json::parse(client.Read().body);
  EXPECT_EQ(body["data"][1]["embedding"], json::array({0, 1, 0, 0}));
  client.Post("/v1/embeddings", R"({"input":"a","encoding_format":"base64"})");
  body = json::parse(client.Read().body);
  EXPECT_EQ(body["data"][0]["embedding"], "AACAPwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  client.Post("/v1/embeddings", R"({"input":"a","dimensions":9})");
  EXPECT_EQ(json::parse(client.Read().body)["error"]["param"], "dimensions");
  client.Post("/v1/rerank", R"({"query":"q","documents":["ab","abc","a"],"top_n":2})");
  body = json::parse(client.Read().body);
  EXPECT_EQ(body["results"][0]["index"], 1);
  EXPECT_EQ(body["results"].size(), 2U);
  EXPECT_EQ(body["usage"]["prompt_tokens"], 6);
  client.Post("/v1/rerank", R"({"query":"q"})");
  EXPECT_EQ(json::parse(client.Read().body)["error"]["param"], "documents");
  client.Post("/tokenize", R"({"content":"ab"})");
  EXPECT_EQ(json::parse(client.Read().body)["tokens"], json::array({97, 98}));
  client.Post("/tokenize", R"({"prompt":"a","with_pieces":true})");
  EXPECT_EQ(json::parse(client.Read().body)["tokens"][1]["piece"], "a");
  client.Post("/tokenize", kChat);
  EXPECT_EQ(json::parse(client.Read().body)["count"], 3);
  client.Post("/detokenize", R"({"tokens":[104,105]})");
  EXPECT_EQ(json::parse(client.Read().body)["content"], "hi");
}

TEST(Server, LargeBodiesAreReadOnThePool) {
  TestServer lares;
  TestClient client(lares.port());
  const std::string text(4'000'000, 'x');
  client.Post("/v1/completions", R"({"prompt":")" + text + R"("})");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(std::get<core::TextPrompt>(lares.engine->WaitForRequest().prompt).text.size(), text.size());
}

TEST(Server, DescribesItsModels) {
  TestServer lares;
  TestClient client(lares.port());
  client.Get("/v1/models");
  EXPECT_EQ(json::parse(client.Read().body)["data"][0]["context_length"], 2048);
  client.Get("/v1/models/alias");
  EXPECT_EQ(json::parse(client.Read().body)["id"], "scripted");
  client.Get("/v1/models/nobody");
  const TestAnswer unknown = client.Read();
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(json::parse(unknown.body)["error"]["code"], "model_not_found");
}

TEST(Server, SaysHowItIs) {
  TestServer lares;
  TestClient client(lares.port());
  client.Get("/health");
  json body = json::parse(client.Read().body);
  EXPECT_EQ(body["status"], "UP");
  EXPECT_EQ(body["database"]["status"], "NONE");
  EXPECT_EQ(body["model"]["name"], "scripted");
  client.Get("/readyz");
  EXPECT_EQ(client.Read().status, 200);
  core::EngineStatus loading;
  loading.load_percent = 40;
  lares.engine->SetStatus(loading);
  client.Get("/readyz");
  const TestAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(json::parse(answer.body)["percent"], 40);
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
  client.Get("/livez");
  EXPECT_EQ(client.Read().status, 200);
  core::EngineStatus lost;
  lost.state = core::EngineState::kRestarting;
  lost.crashes = 2;
  lost.trouble = core::Trouble{.cause = "signal 9 (Killed)", .since = {}, .next_try = base::Time{}};
  lares.engine->SetStatus(lost);
  client.Get("/livez");
  EXPECT_EQ(client.Read().status, 200);
  client.Get("/readyz");
  EXPECT_EQ(json::parse(client.Read().body)["status"], "restarting");
  client.Get("/health");
  body = json::parse(client.Read().body);
  EXPECT_EQ(body["status"], "DEGRADED");
  EXPECT_EQ(body["model"]["crashes"], 2);
  EXPECT_EQ(body["model"]["trouble"]["cause"], "signal 9 (Killed)");
  EXPECT_TRUE(body["model"]["trouble"].contains("since"));
  EXPECT_TRUE(body["model"]["trouble"].contains("next_try"));
  lost.state = core::EngineState::kFailed;
  lares.engine->SetStatus(lost);
  client.Get("/livez");
  EXPECT_EQ(client.Read().status, 503);
}

TEST(Server, WritesOneLinePerRequestWithoutItsContent) {
  TestServer lares;
  {
    TestClient client(lares.port());
    client.Post("/v1/chat/completions", R"({"messages":[{"role":"user","content":"canary"}]})",
                "x-request-id: r1\r\n");
    EXPECT_EQ(client.Read().status, 200);
    client.Post("/v1/chat/completions", R"({"messages":[{"role":"canary"}]})", "x-request-id: r2\r\n");
    EXPECT_EQ(client.Read().status, 400);
  }
  lares.server.Stop();
  const std::string log = lares.logger.All();
  EXPECT_NE(
      log.find("request id=r1 route=POST /v1/chat/completions status=200 model=scripted tenant=default"),
      std::string::npos)
      << log;
  EXPECT_NE(log.find("completion_tokens=3"), std::string::npos);
  EXPECT_NE(log.find("id=r2 route=POST /v1/chat/completions status=400"), std::string::npos);
  EXPECT_EQ(log.find("canary"), std::string::npos);
  EXPECT_EQ(log.find("Hello"), std::string::npos);
}

TEST(Server, WritesTheContentWhenAskedTo) {
  TestServer lares({}, {}, {.log_content = true});
  TestClient client(lares.port());
  client.Post("/v1/chat/completions", R"({"messages":[{"role":"user","content":"canary"}]})");
  EXPECT_EQ(client.Read().status, 200);
  lares.server.Stop();
  EXPECT_NE(lares.logger.All().find("canary"), std::string::npos);
  EXPECT_NE(lares.logger.All().find("Hello!"), std::string::npos);
}

TEST(Server, DrainsAndRefuses) {
  TestServer lares;
  lares.engine->Hold();
  TestClient idle(lares.port()), busy(lares.port());
  idle.Get("/livez");
  EXPECT_EQ(idle.Read().status, 200);
  busy.Post("/v1/chat/completions", kChatStream);
  const std::string id = lares.engine->WaitForRequest().id;
  lares.engine->Admit(id);
  EXPECT_EQ(busy.ReadHead().status, 200);

  lares.services.lifecycle.AnnounceDrain();
  idle.Get("/readyz");
  EXPECT_EQ(idle.Read().status, 503);
  lares.services.lifecycle.RefuseNew();
  idle.Post("/v1/chat/completions", kChat);
  const TestAnswer refused = idle.Read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.headers.contains("retry-after"));
  lares.server.StopAccepting();
  EXPECT_FALSE(TestClient(lares.port()).connected());
  lares.server.Drain();
  EXPECT_TRUE(idle.ServerCloses());
  EXPECT_FALSE(lares.services.lifecycle.WaitIdle({}));
  lares.engine->Say(id, "last words");
  lares.engine->Finish(id);
  EXPECT_TRUE(busy.ReadUntil("data: [DONE]\n\n"));
  EXPECT_TRUE(lares.services.lifecycle.WaitIdle(std::chrono::seconds(60)));
}

TEST(Server, StopEndsStreamsWithoutDone) {
  TestServer lares({.stop_grace = {}});
  lares.engine->Hold();
  TestClient client(lares.port());
  client.Post("/v1/chat/completions", kChatStream);
  const std::string id = lares.engine->WaitForRequest().id;
  lares.engine->Admit(id);
  EXPECT_EQ(client.ReadHead().status, 200);
  lares.server.Stop();
  EXPECT_FALSE(client.ReadUntil("[DONE]"));
  lares.engine->WaitForCancel(id);
}

TEST(Server, StopLetsACompleteAnswerOut) {
  for (int i = 0; i < 20; ++i) {
    TestServer lares;
    lares.engine->Hold();
    TestClient client(lares.port());
    client.Post("/v1/completions", R"({"prompt":"a"})");
    const std::string id = lares.engine->WaitForRequest().id;
    lares.engine->Say(id, "word");
    lares.engine->Finish(id);
    lares.server.Stop();
    EXPECT_EQ(client.Read().status, 200);
  }
}

}  // namespace
}  // namespace lares::http::api
