// SPDX-License-Identifier: Apache-2.0
//
// What the server puts up with, and what HTTP asks of it.
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "http/api/test_server.h"
#include "http/test_client.h"

namespace lares::http::api {
namespace {

using nlohmann::json;
using std::chrono::seconds;

TEST(Limits, HeadersAndBodies) {
  Options options;
  options.limits.header_bytes = 2048;
  options.limits.body_bytes = 1000;
  TestServer lares(options);
  {
    TestClient client(lares.port());
    client.Get("/livez", "X-Big: " + std::string(3000, 'a') + "\r\n");
    EXPECT_EQ(client.Read().status, 431);
    EXPECT_TRUE(client.ServerCloses());
  }
  {
    TestClient client(lares.port());
    client.Post("/v1/completions", R"({"prompt":")" + std::string(2000, 'a') + R"("})");
    const TestAnswer answer = client.Read();
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.headers.at("connection"), "close");
    EXPECT_TRUE(client.ServerCloses());
  }
  {
    TestClient client(lares.port());
    client.Send(
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
        std::string(1001, 'a'));
    EXPECT_EQ(client.Read().status, 413);
  }
}

TEST(Limits, AnUnreadBodyDoesNotCostTheClientItsAnswer) {
  Options options;
  options.limits.body_bytes = 1000;
  TestServer lares(options);
  TestClient client(lares.port());
  // Far more than the system's buffers: the server must go on reading, or both sides would wait or reset.
  client.Post("/v1/completions", std::string(20'000'000, 'a'));
  EXPECT_EQ(client.Read().status, 413);
}

TEST(Limits, Connections) {
  Options options;
  options.limits.connections = 2;
  TestServer lares(options);
  auto first = std::make_unique<TestClient>(lares.port());
  first->Get("/livez");
  EXPECT_EQ(first->Read().status, 200);
  TestClient second(lares.port());
  second.Get("/livez");
  EXPECT_EQ(second.Read().status, 200);
  TestClient third(lares.port());
  const TestAnswer refused = third.Read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.complete);
  EXPECT_EQ(json::parse(refused.body)["error"]["code"], "too_many_connections");
  first.reset();
  while (true) {  // the server needs a moment to notice
    TestClient again(lares.port());
    again.Get("/livez");
    if (again.Read().status == 200) break;
  }
}

// The bytes behind the request must not hide that the client has gone.
TEST(Limits, WhoSendsTooMuchAheadIsCutOff) {
  TestServer lares;
  lares.engine->Hold();
  TestClient client(lares.port());
  client.Post("/v1/completions", R"({"prompt":"a"})");
  const std::string id = lares.engine->WaitForRequest().id;
  while (client.Send(std::string(64 * 1024, 'x'))) {
  }
  lares.engine->WaitForCancel(id);
  EXPECT_TRUE(lares.services.lifecycle.WaitIdle(seconds(60)));
}

TEST(Limits, AKeptConnectionGivesBackTheRoomOfALargeAnswer) {
  static constexpr std::size_t kAnswer = 16 * 1024 * 1024;
  const auto used = [] {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  TestServer lares;
  lares.engine->Hold();
  std::vector<std::unique_ptr<TestClient>> clients;
  std::size_t before = 0;
  for (std::size_t i = 1; i <= 5; ++i) {
    if (i == 2) before = used();  // the first one warms up what is kept for good reasons
    TestClient& client = *clients.emplace_back(std::make_unique<TestClient>(lares.port()));
    client.Post("/v1/completions", R"({"prompt":"a"})");
    const std::string id = lares.engine->WaitForRequest(i).id;
    lares.engine->Say(id, std::string(kAnswer, 'x'));
    lares.engine->Finish(id);
    const TestAnswer head = client.ReadHead();
    EXPECT_TRUE(client.Drop(std::stoul(head.headers.at("content-length"))));
    lares.server.SweepNow();  // behind it the server's thread is done with the write, too
  }
  // Whoever held the last one may not have let go of it yet. Kept, this never ends.
  while (used() >= before + kAnswer) lares.server.SweepNow();
}

TEST(Limits, ASlowHeadIsTimedOut) {
  TestServer lares;
  TestClient client(lares.port());
  client.Send("GET /livez HTTP/1.1\r\nHost: loc");
  while (lares.metrics.Expose().find("lares_http_timeouts_total 1") == std::string::npos) {
    lares.clock.Advance(seconds(11));
    lares.server.SweepNow();
  }
  EXPECT_EQ(client.Read().status, 408);
  EXPECT_TRUE(client.ServerCloses());
}

TEST(Limits, ASlowBodyIsTimedOut) {
  TestServer lares;
  TestClient client(lares.port());
  client.Send(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().status, 100);
  client.Send("{");
  while (lares.metrics.Expose().find("lares_http_timeouts_total 1") == std::string::npos) {
    lares.clock.Advance(seconds(61));
    lares.server.SweepNow();
  }
  EXPECT_EQ(client.Read().status, 408);
}

TEST(Limits, AnIdleConnectionIsClosed) {
  TestServer lares;
  TestClient client(lares.port());
  client.Get("/livez");
  EXPECT_EQ(client.Read().status, 200);
  while (lares.server.connections() > 0) {
    lares.clock.Advance(seconds(76));
    lares.server.SweepNow();
  }
  EXPECT_TRUE(client.ServerCloses());
}

TEST(Limits, AWaitingRequestHasNoTimeLimit) {
  TestServer lares;
  lares.engine->Hold();
  TestClient client(lares.port());
  client.Post("/v1/completions", R"({"prompt":"a"})");
  const std::string id = lares.engine->WaitForRequest().id;
  lares.clock.Advance(std::chrono::hours(2));
  lares.server.SweepNow();
  lares.engine->Say(id, "late");
  lares.engine->Finish(id);
  EXPECT_EQ(client.Read().status, 200);
}

TEST(Http, MethodsAndPaths) {
  TestServer lares;
  TestClient client(lares.port());
  client.Get("/nothing");
  EXPECT_EQ(client.Read().status, 404);
  client.Get("/v1/chat/completions");
  const TestAnswer wrong = client.Read();
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "POST, OPTIONS");
  client.Send("HEAD /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const TestAnswer head = client.Read(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_GT(std::stoi(head.headers.at("content-length")), 0);
  client.Send("OPTIONS /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const TestAnswer options = client.Read();
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.at("allow"), "GET, HEAD, OPTIONS");
  client.Send("BREW /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.Read().status, 405);
}

TEST(Http, ContentTypes) {
  TestServer lares;
  const auto status = [&](const std::string& headers) {
    TestClient client(lares.port());
    const std::string body = R"({"content":"a"})";
    client.Send("POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body);
    return client.Read().status;
  };
  EXPECT_EQ(status("Content-Type: application/json\r\n"), 200);
  EXPECT_EQ(status("Content-Type: Application/JSON; charset=utf-8\r\n"), 200);
  EXPECT_EQ(status("Content-Type: application/vnd.x+json\r\n"), 200);
  EXPECT_EQ(status(""), 200);
  EXPECT_EQ(status("Content-Type: text/plain\r\n"), 415);
  EXPECT_EQ(status("Content-Type: application/x-www-form-urlencoded\r\n"), 415);
  EXPECT_EQ(status("Content-Encoding: gzip\r\n"), 415);
  EXPECT_EQ(status("Expect: miracles\r\n"), 417);
}

TEST(Http, ContinueIsSaidBeforeTheBodyAndOnlyToThoseWhoMay) {
  TestServer lares;
  TestClient client(lares.port());
  client.Send(
      "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().status, 100);
  client.Send(R"({"content":"a"})");
  EXPECT_EQ(client.Read().status, 200);
  client.Send(
      "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().status, 404);
}

TEST(Http, OldClients) {
  TestServer lares;
  {
    TestClient client(lares.port());
    client.Send("GET /livez HTTP/1.0\r\n\r\n");
    const TestAnswer answer = client.Read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(client.ServerCloses());
  }
  {
    TestClient client(lares.port());
    const std::string body = R"({"prompt":"a","stream":true})";
    client.Send("POST /v1/completions HTTP/1.0\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body);
    const TestAnswer answer = client.Read();
    EXPECT_FALSE(answer.headers.contains("transfer-encoding"));
    EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n")) << answer.body;
  }
}

TEST(Http, ConnectionCloseIsHonoured) {
  TestServer lares;
  TestClient client(lares.port());
  client.Get("/livez", "Connection: close\r\n");
  const TestAnswer answer = client.Read();
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(client.ServerCloses());
}

TEST(Http, AHalfClosedClientIsAnsweredWhenTheAnswerIsThere) {
  TestServer lares;
  TestClient client(lares.port());
  client.Get("/v1/models");
  client.CloseSending();
  EXPECT_EQ(client.Read().status, 200);
}

TEST(Http, NonsenseIsAnsweredAndClosed) {
  TestServer lares;
  for (const char* bytes : {"\x16\x03\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/3.0\r\n\r\n",
                            "GET / HTTP/1.1\r\nHost: localhost\r\n fold\r\n\r\n"}) {
    TestClient client(lares.port());
    client.Send(bytes);
    const int status = client.Read().status;
    EXPECT_TRUE(status == 400 || status == 505) << status;
  }
}

TEST(Http, AGetWithABodyIsRefused) {
  TestServer lares;
  TestClient client(lares.port());
  client.Get("/livez", "Content-Length: 5\r\n");
  EXPECT_EQ(client.Read().status, 400);
}

TEST(Http, OverAUnixSocket) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("lares-http-" + std::to_string(getpid()))).string();
  Options options;
  options.unix_path = path;
  TestServer lares(options);
  ASSERT_TRUE(lares.started) << lares.started.error().message();
  EXPECT_EQ(lares.server.url(), "unix:" + path);
  TestClient client(path);
  client.Send("GET /v1/models HTTP/1.1\r\nHost: whatever\r\n\r\n");
  EXPECT_EQ(client.Read().status, 200);
  lares.server.Stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Http, ManyThreadsOfTheServerShareTheConnections) {
  Options options;
  options.io_threads = 3;
  TestServer lares(options);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(std::make_unique<TestClient>(lares.port()));
    clients.back()->Post("/v1/completions", R"({"prompt":"a","stream":true})");
  }
  for (auto& client : clients) EXPECT_TRUE(client->Read().body.ends_with("data: [DONE]\n\n"));
}

}  // namespace
}  // namespace lares::http::api
