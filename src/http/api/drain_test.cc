// SPDX-License-Identifier: Apache-2.0
//
// The end of a server: whoever has an answer coming gets it.
#include <thread>

#include <gtest/gtest.h>

#include "http/api/test_server.h"
#include "http/test_client.h"

namespace lares::http::api {
namespace {

TEST(Drain, WaitsForTheReadersOfCompleteAnswers) {
  Options options;
  options.limits.buffered_bytes = 64 << 20;
  TestServer lares(options);
  lares.engine->Hold();
  TestClient client(lares.port());
  client.Post("/v1/completions", R"({"prompt":"a"})");
  const std::string id = lares.engine->WaitForRequest().id;
  // Too large for the system's buffers.
  lares.engine->Say(id, std::string(32 << 20, 'x'));
  lares.engine->Finish(id);
  EXPECT_TRUE(lares.services.lifecycle.WaitIdle(std::chrono::seconds(60)));
  lares.server.StopAccepting();
  lares.server.Drain();
  EXPECT_FALSE(lares.server.WaitClosed({})) << "nobody has read it yet";
  TestAnswer answer;
  std::jthread reader([&] { answer = client.Read(); });
  EXPECT_TRUE(lares.server.WaitClosed(std::chrono::seconds(60)));
  reader.join();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.complete);
}

// A client that keeps its end open, as connection pools do, holds up neither a drain nor the limit.
TEST(Drain, AnAnsweredConnectionIsClosedFromHere) {
  TestServer lares;
  lares.engine->Hold();
  TestClient busy(lares.port()), last(lares.port());
  busy.Post("/v1/completions", R"({"prompt":"a"})");
  const std::string id = lares.engine->WaitForRequest().id;
  last.Post("/v1/completions", R"({"prompt":"a"})", "Connection: close\r\n");
  lares.engine->Finish(lares.engine->WaitForRequest(2).id);
  EXPECT_EQ(last.Read().status, 200);
  lares.server.Drain();
  lares.engine->Finish(id);
  EXPECT_EQ(busy.Read().status, 200);
  EXPECT_TRUE(lares.server.WaitClosed(std::chrono::seconds(60)));
}

}  // namespace
}  // namespace lares::http::api
