// SPDX-License-Identifier: Apache-2.0
//
// Embeddings take long: they must hold nobody else up, end when nobody wants them, and be waited for by a
// drain.
#include <atomic>
#include <latch>
#include <thread>

#include <gtest/gtest.h>

#include "http/api/test_server.h"
#include "http/test_client.h"

namespace lares::http::api {
namespace {

constexpr const char* kEmbed = R"({"input":"a"})";

class Embeddings : public testing::Test {
 protected:
  void SetUp() override {
    lares.engine->before_embed = [this](const std::stop_token& stop) {
      const bool first = !seen.exchange(true);
      const std::stop_callback told(stop, [this, first] {
        if (first) stopped.count_down();
      });
      if (first) entered.count_down();
      release.wait();
    };
  }
  void TearDown() override {
    if (!released) Release();
  }
  void Release() {
    released = true;
    release.count_down();
  }
  void WaitUntilUnderWay(std::int64_t count) {
    while (lares.services.lifecycle.in_flight() != count) std::this_thread::yield();
  }

  std::latch entered{1}, release{1}, stopped{1};
  bool released = false;
  std::atomic<bool> seen{false};  // an embedding
  TestServer lares;
};

TEST_F(Embeddings, HoldNobodyElseUp) {
  TestClient embedding(lares.port()), other(lares.port());
  embedding.Post("/v1/embeddings", kEmbed);
  entered.wait();
  for (int i = 0; i < 4; ++i) {
    other.Post("/tokenize", R"({"content":"ab"})");
    EXPECT_EQ(other.Read().status, 200);
    other.Get("/metrics");
    EXPECT_EQ(other.Read().status, 200);
  }
  Release();
  EXPECT_EQ(embedding.Read().status, 200);
}

TEST_F(Embeddings, BeyondTheBacklogTheyAreRefused) {
  TestClient first(lares.port()), second(lares.port()), third(lares.port());
  first.Post("/v1/embeddings", kEmbed);
  entered.wait();
  second.Post("/v1/embeddings", kEmbed);
  WaitUntilUnderWay(2);
  while (lares.embeddings.backlog() == 0) std::this_thread::yield();
  third.Post("/v1/embeddings", kEmbed);
  const TestAnswer refused = third.Read();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.at("retry-after"), "5");
  // Nobody waits for the second any more: when its turn comes it is not computed.
  second.Close();
  Release();
  EXPECT_EQ(first.Read().status, 200);
}

TEST_F(Embeddings, OfAClientThatWentAwayEnd) {
  {
    TestClient client(lares.port());
    client.Post("/v1/embeddings", kEmbed);
    entered.wait();
  }
  stopped.wait();
  Release();
  EXPECT_TRUE(lares.services.lifecycle.WaitIdle(std::chrono::seconds(60)));
}

TEST_F(Embeddings, AreWaitedForByADrain) {
  TestClient running(lares.port()), queued(lares.port()), late(lares.port());
  running.Post("/v1/embeddings", kEmbed);
  entered.wait();
  queued.Post("/v1/embeddings", kEmbed);
  WaitUntilUnderWay(2);
  lares.services.lifecycle.RefuseNew();
  late.Post("/v1/embeddings", kEmbed);
  EXPECT_EQ(late.Read().status, 503);
  late.Post("/tokenize", R"({"content":"ab"})");
  EXPECT_EQ(late.Read().status, 503);
  EXPECT_FALSE(lares.services.lifecycle.WaitIdle({}));
  Release();
  EXPECT_EQ(running.Read().status, 200);
  EXPECT_EQ(queued.Read().status, 200);
  EXPECT_TRUE(lares.services.lifecycle.WaitIdle(std::chrono::seconds(60)));
}

}  // namespace
}  // namespace lares::http::api
