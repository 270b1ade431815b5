// SPDX-License-Identifier: Apache-2.0
//
// How answers get out: large ones, slow readers, and how long it takes.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/api/test_server.h"
#include "http/test_client.h"

namespace lares::http::api {
namespace {

using nlohmann::json;

constexpr const char* kChatStream = R"({"stream":true,"messages":[{"role":"user","content":"hi"}]})";

TEST(Delivery, ASlowReaderIsCutOffAndItsRequestCancelled) {
  Options options;
  options.limits.buffered_bytes = 256 * 1024;
  TestServer lares(options);
  lares.engine->Hold();
  TestClient client(lares.port(), 4096);
  client.Post("/v1/chat/completions", kChatStream);
  const std::string id = lares.engine->WaitForRequest().id;
  lares.engine->Admit(id);
  ASSERT_EQ(client.ReadHead().status, 200);
  // More than the buffers of both systems and ours together.
  for (int i = 0; i < 256; ++i) lares.engine->Say(id, std::string(64 * 1024, 'x'));
  lares.engine->WaitForCancel(id);
  EXPECT_NE(lares.metrics.Expose().find("lares_http_slow_readers_total 1"), std::string::npos);
}

TEST(Delivery, AReaderThatStopsIsCutOffInTime) {
  TestServer lares;
  lares.engine->Hold();
  TestClient client(lares.port(), 4096);
  client.Post("/v1/completions", R"({"prompt":"a"})");
  const std::string id = lares.engine->WaitForRequest().id;
  // The one answer is too large for the system's buffers; nobody reads it.
  lares.engine->Say(id, std::string(32 * 1024 * 1024, 'x'));
  lares.engine->Finish(id);
  while (lares.server.connections() > 0) {
    lares.clock.Advance(std::chrono::seconds(31));
    lares.server.SweepNow();
  }
}

TEST(Delivery, ALargeAnswerIsToldWholeAndATooLargeOneIsNot) {
  TestServer lares;
  lares.engine->Hold();
  TestClient client(lares.port());
  client.Post("/v1/completions", R"({"prompt":"a"})");
  std::string id = lares.engine->WaitForRequest(1).id;
  lares.engine->Say(id, std::string(3'000'000, 'x'));
  lares.engine->Finish(id);
  const json body = json::parse(client.Read().body);
  EXPECT_EQ(body["choices"][0]["text"].get<std::string>().size(), 3'000'000U);
  EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");

  client.Post("/v1/completions", R"({"prompt":"a"})");
  id = lares.engine->WaitForRequest(2).id;
  for (int i = 0; i < 5; ++i) lares.engine->Say(id, std::string(16 * 1024 * 1024, 'x'));
  const TestAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(json::parse(answer.body)["error"]["code"], "answer_too_large");
  lares.engine->WaitForCancel(id);
}

TEST(Delivery, DelaysOfAllRoutesAndOfAStreamOfOneStepAreObserved) {
  TestServer lares;
  TestClient client(lares.port());
  const auto count = [&](const std::string& histogram) {
    lares.server.SweepNow();  // behind it the server's thread is done with the answer
    const std::string text = lares.metrics.Expose();
    const std::string name = "lares_http_" + histogram + "_seconds_count ";
    return std::stoi(text.substr(text.find(name) + name.size()));
  };
  client.Post("/tokenize", R"({"content":"ab"})");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(count("arrival_to_parsed"), 1);
  client.Post("/detokenize", R"({"tokens":[104]})");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(count("arrival_to_parsed"), 2);
  EXPECT_EQ(count("event_to_written"), 0);
  client.Post("/v1/chat/completions", kChatStream);
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(count("arrival_to_parsed"), 3);
  EXPECT_EQ(count("event_to_written"), 1);
}

}  // namespace
}  // namespace lares::http::api
