// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/tiny_server.h"

namespace lares::cli {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

std::string Answer(const std::string& body, const std::string& head = "HTTP/1.1 200 OK\r\n") {
  return head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

HttpClient::Options To(const std::string& url) {
  HttpClient::Options options;
  options.url = ParseUrl(url).value();
  return options;
}

TEST(HttpClient, AsksAndGetsAnAnswer) {
  TinyServer server({Answer("hello")});
  const base::SystemClock clock;
  HttpClient::Options options = To(server.url() + "/prefix");
  options.api_key = "sk-1";
  HttpClient client(options, clock);
  const HttpAnswer answer = Fetch(client, {.path = "/v1/x", .body = "{\"a\":1}", .timeout = seconds(20)});
  EXPECT_EQ(answer.end.status, 200) << answer.end.failure;
  EXPECT_TRUE(answer.end.complete());
  EXPECT_EQ(answer.body, "hello");
  const std::string request = server.Requests().at(0);
  EXPECT_THAT(request, HasSubstr("POST /prefix/v1/x HTTP/1.1"));
  EXPECT_THAT(request, HasSubstr("Authorization: Bearer sk-1"));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json"));
  EXPECT_THAT(request, HasSubstr("{\"a\":1}"));
}

TEST(HttpClient, WorksOverAUnixSocket) {
  TinyServer server({Answer("over unix")}, TinyServer::Kind::kUnix);
  const base::SystemClock clock;
  HttpClient client(To(server.url()), clock);
  EXPECT_EQ(Fetch(client, {.path = "/", .body = {}, .timeout = seconds(20)}).body, "over unix");
}

TEST(HttpClient, KeepsConnections) {
  TinyServer server({Answer("one"), Answer("two")});
  const base::SystemClock clock;
  HttpClient client(To(server.url()), clock);
  EXPECT_EQ(Fetch(client, {.path = "/"}).body, "one");
  EXPECT_EQ(Fetch(client, {.path = "/"}).body, "two");
  EXPECT_EQ(server.connections(), 1U);
}

TEST(HttpClient, TakesFreshOnesWhenTold) {
  TinyServer server({Answer("one"), Answer("two")});
  const base::SystemClock clock;
  HttpClient::Options options = To(server.url());
  options.fresh_connections = true;
  HttpClient client(options, clock);
  EXPECT_EQ(Fetch(client, {.path = "/"}).body, "one");
  EXPECT_EQ(Fetch(client, {.path = "/"}).body, "two");
  EXPECT_EQ(server.connections(), 2U);
}

TEST(HttpClient, ReadsChunksAndHeaders) {
  TinyServer server(
      {"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nTransfer-Encoding: "
       "chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"});
  const base::SystemClock clock;
  HttpClient client(To(server.url()), clock);
  const HttpAnswer answer = Fetch(client, {.path = "/"});
  EXPECT_EQ(answer.end.status, 429);
  EXPECT_EQ(answer.end.retry_after, seconds(7));
  EXPECT_EQ(answer.body, "hello");
}

TEST(HttpClient, NobodyThereIsASentence) {
  std::string url;
  {
    TinyServer server({});
    url = server.url();
  }
  const base::SystemClock clock;
  HttpClient client(To(url), clock);
  const HttpAnswer answer = Fetch(client, {.path = "/"});
  EXPECT_EQ(answer.end.status, 0);
  EXPECT_EQ(answer.end.failure, "nothing answers at " + url);
}

TEST(HttpClient, ACutConnectionIsAFailure) {
  TinyServer server({"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf"},
                    TinyServer::Kind::kTcp, /*close_after=*/1);
  const base::SystemClock clock;
  HttpClient client(To(server.url()), clock);
  const HttpAnswer answer = Fetch(client, {.path = "/"});
  EXPECT_FALSE(answer.end.complete());
  EXPECT_THAT(answer.end.failure, HasSubstr("was cut"));
  EXPECT_EQ(answer.body, "half");
}

TEST(HttpClient, TooMuchIsCutOff) {
  TinyServer server({Answer(std::string(100'000, 'x'))});
  const base::SystemClock clock;
  HttpClient client(To(server.url()), clock);
  const HttpAnswer answer = Fetch(client, {.path = "/"}, {.most = 1000});
  EXPECT_TRUE(answer.end.cancelled);
}

// Counts what it is told; cancels after the first byte when asked to.
class Counter final : public Receiver {
 public:
  explicit Counter(bool go_on = true) : go_on_(go_on) {}
  bool OnBytes(base::Time when, std::string_view piece) override {
    last = when;
    bytes += piece.size();
    return go_on_;
  }
  void OnEnd(base::Time, const HttpEnd& the_end) override {
    end = the_end;
    ++ends;
  }
  base::Time last;
  std::size_t bytes = 0;
  int ends = 0;
  HttpEnd end;

 private:
  const bool go_on_;
};

TEST(HttpClient, RunsManyAtOnce) {
  constexpr std::size_t kMany = 64;
  TinyServer server(std::vector<std::string>(kMany, Answer("x")));
  const base::SystemClock clock;
  HttpClient client(To(server.url()), clock);
  std::vector<std::unique_ptr<Counter>> counters;
  for (std::size_t i = 0; i < kMany; ++i) {
    counters.push_back(std::make_unique<Counter>());
    client.Start({.path = "/"}, *counters.back());
  }
  while (client.running() > 0) client.Poll(seconds(1));
  for (const auto& counter : counters) {
    EXPECT_EQ(counter->ends, 1);
    EXPECT_EQ(counter->end.status, 200) << counter->end.failure;
  }
}

TEST(HttpClient, CancelAllEndsEachOnce) {
  TinyServer server({});  // never answers
  const base::SystemClock clock;
  HttpClient client(To(server.url()), clock);
  Counter one;
  Counter two;
  client.Start({.path = "/"}, one);
  client.Start({.path = "/"}, two);
  client.Poll(std::chrono::milliseconds(1));
  client.CancelAll();
  EXPECT_EQ(one.ends + two.ends, 2);
  EXPECT_TRUE(one.end.cancelled);
  EXPECT_EQ(client.running(), 0U);
}

TEST(HttpClient, AReceiverCanEndItsExchange) {
  TinyServer server({Answer("hello")});
  const base::SystemClock clock;
  HttpClient client(To(server.url()), clock);
  Counter counter(/*go_on=*/false);
  client.Start({.path = "/"}, counter);
  while (client.running() > 0) client.Poll(seconds(1));
  EXPECT_TRUE(counter.end.cancelled);
  EXPECT_EQ(counter.end.failure, "");
}

TEST(HttpClient, TimesOut) {
  TinyServer server({});
  const base::SystemClock clock;
  HttpClient client(To(server.url()), clock);
  const HttpAnswer answer =
      Fetch(client, {.path = "/", .body = {}, .timeout = std::chrono::milliseconds(50)});
  EXPECT_THAT(answer.end.failure, HasSubstr("in time"));
}

// Timers of libcurl that have gone off must not turn waiting into spinning.
TEST(HttpClient, WaitsWithoutSpinning) {
  TinyServer server({});
  const base::SystemClock clock;
  HttpClient::Options options = To(server.url());
  options.connect_timeout = std::chrono::milliseconds(5);
  HttpClient client(options, clock);
  Counter counter;
  client.Start({.path = "/"}, counter);
  const base::Time start = clock.Now();
  // A few of them may end early: the connection is made, a timer goes off. A lower bound holds on any
  // machine.
  for (int i = 0; i < 20; ++i) client.Poll(std::chrono::milliseconds(20));
  EXPECT_GT(clock.Now() - start, std::chrono::milliseconds(200));
}

}  // namespace
}  // namespace lares::cli
