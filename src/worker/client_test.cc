// SPDX-License-Identifier: Apache-2.0
//
// Both sides together, with a real socket between them and a fake model behind: the contract of every engine,
// and what only two processes can suffer. The worker's side runs on a thread here.
#include "worker/client.h"

#include <atomic>
#include <latch>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/contract_test.h"
#include "engine/local/local_under_test.h"
#include "worker/host.h"
#include "worker/worker.pb.h"

namespace lares::worker {
namespace {

using engine::Ask;
using engine::EngineContract;
using engine::RecordingSink;
using testing::HasSubstr;

class Pair final : public engine::EngineUnderTest {
 public:
  explicit Pair(backend::FakeOptions fake = {})
      : local_(std::move(fake)), pool_({.name = "calls", .threads = 2, .backlog = 64, .nice = 0}) {
    auto ends = Channel::Pair();
    EXPECT_TRUE(ends);
    far_ = std::move(ends->first);
    host_ = std::make_unique<Host>(local_.engine(), progress_, far_, HostPools{pool_, pool_}, clock_);
    serving_ = std::thread([this] { served_ = host_->Serve(); });
    client_ = std::make_unique<Client>(ClientOptions{}, std::move(ends->second), clock_);
    EXPECT_TRUE(client_->WaitUntilReady());
  }
  // The engine's last events go through the host and its progress: it stops before they go.
  ~Pair() override {
    Part();
    local_.engine().Stop();
  }

  Client& engine() override { return *client_; }
  // The worker's end breaks, as when its process dies.
  void Break() { far_->Close(); }
  // The gateway goes; what the worker made of it.
  base::Error Part() {
    client_.reset();
    if (serving_.joinable()) serving_.join();
    return served_;
  }

 private:
  engine::LocalUnderTest local_;
  base::SystemClock clock_;
  Progress progress_{nullptr, clock_};
  base::ThreadPool pool_;
  std::shared_ptr<Channel> far_;
  std::unique_ptr<Host> host_;
  base::Error served_{base::Code::kUnknown, "not served"};
  std::thread serving_;
  std::unique_ptr<Client> client_;
};

std::unique_ptr<engine::EngineUnderTest> OverASocket() { return std::make_unique<Pair>(); }
std::unique_ptr<engine::EngineUnderTest> OverASocketShortOfCells() {
  backend::FakeOptions fake;
  fake.slots = 6;
  fake.slot_cells = 512;
  fake.total_cells = 600;
  return std::make_unique<Pair>(fake);  // whether it preempts depends on how quickly requests come through
}
INSTANTIATE_TEST_SUITE_P(OverASocket, EngineContract, testing::Values(&OverASocket));
INSTANTIATE_TEST_SUITE_P(OverASocketShortOfCells, EngineContract, testing::Values(&OverASocketShortOfCells));

// The worker is held in its fourth call, so that it breaks in the middle of both answers.
TEST(Client, WhenTheWorkerGoesEveryRequestEndsOnceAndTheNextIsRefused) {
  std::latch broken(1);
  std::atomic<int> calls = 0;
  backend::FakeOptions fake;
  fake.before_run = [&](std::span<const backend::Row> /*rows*/) {
    if (++calls == 4) broken.wait();
  };
  Pair pair(fake);
  auto sink = std::make_shared<RecordingSink>();
  ASSERT_TRUE(pair.engine().Submit(Ask("a", "text", 400), sink));
  ASSERT_TRUE(pair.engine().Submit(Ask("b", "text", 400), sink));
  sink->WaitForIds("a", 1);
  pair.Break();
  broken.count_down();
  for (const char* id : {"a", "b"}) {
    const auto r = sink->Wait(id);
    ASSERT_EQ(r.terminals.size(), 1U) << id;
    ASSERT_TRUE(r.terminals[0].error) << id;
    EXPECT_EQ(r.terminals[0].error->reason(), "worker_lost") << id;
    EXPECT_EQ(r.terminals[0].usage.completion_tokens, static_cast<std::int32_t>(r.Ids().size())) << id;
  }
  const auto refused = pair.engine().Submit(Ask("c", "text", 4), sink);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "worker_lost");
  EXPECT_EQ(pair.engine().Tokenize({.text = "x"}).error().reason(), "worker_lost");
  EXPECT_EQ(pair.engine().Status().state, core::EngineState::kStopped);
}

TEST(Client, WhenTheGatewayGoesTheWorkersServingEnds) {
  Pair pair;
  auto sink = std::make_shared<RecordingSink>();
  sink->HoldAt("a", 2);
  ASSERT_TRUE(pair.engine().Submit(Ask("a", "text", 400), sink));
  sink->WaitForIds("a", 2);
  sink->Release();
  EXPECT_EQ(pair.Part().code(), base::Code::kUnavailable);
  EXPECT_EQ(sink->Wait("a").terminals.size(), 1U);
}

// What the two sides say when the other one is not what they expect.
class OneSide {
 public:
  OneSide() {
    auto ends = Channel::Pair();
    EXPECT_TRUE(ends);
    other_ = std::move(ends->first);
    mine_ = std::move(ends->second);
  }
  std::unique_ptr<Channel> Mine() { return std::move(mine_); }
  Channel& other() { return *other_; }

 private:
  std::unique_ptr<Channel> other_, mine_;
};

std::string WhatAClientMakesOf(const std::vector<std::string>& messages) {
  const base::SystemClock clock;
  OneSide side;
  for (const std::string& bytes : messages) EXPECT_TRUE(side.other().Send(bytes));
  Client client({}, side.Mine(), clock);
  const auto ready = client.WaitUntilReady();
  return ready ? "ready" : ready.error().message();
}

TEST(Client, AWorkerOfAnotherVersionIsNotTalkedTo) {
  wire::FromWorker hello;
  hello.mutable_hello()->set_version(kProtocolVersion + 1);
  EXPECT_THAT(WhatAClientMakesOf({hello.SerializeAsString()}), HasSubstr("speaks version 2"));
}

TEST(Client, NonsenseEndsTheConversation) {
  EXPECT_THAT(WhatAClientMakesOf({"\xFF\xFF"}), HasSubstr("no message"));
  wire::FromWorker status;
  status.mutable_status()->set_state(1);
  EXPECT_THAT(WhatAClientMakesOf({status.SerializeAsString()}), HasSubstr("did not say hello"));
  wire::FromWorker hello;
  hello.mutable_hello()->set_version(kProtocolVersion);
  const std::string greeting = hello.SerializeAsString();
  EXPECT_THAT(WhatAClientMakesOf({greeting, greeting}), HasSubstr("hello twice"));
}

base::Error WhatAHostMakesOf(const std::vector<wire::ToWorker>& messages, bool greet = true) {
  engine::LocalUnderTest local;
  const base::SystemClock clock;
  OneSide side;
  wire::ToWorker hello;
  hello.mutable_hello()->set_version(kProtocolVersion);
  if (greet) {
    EXPECT_TRUE(side.other().Send(hello.SerializeAsString()));
  }
  for (const wire::ToWorker& message : messages) EXPECT_TRUE(side.other().Send(message.SerializeAsString()));
  Progress progress(nullptr, clock);
  Host host(local.engine(), progress, side.Mine(), {local.pool(), local.pool()}, clock);
  const base::Error end = host.Serve();
  local.engine().Stop();
  return end;
}

TEST(Host, WhatHasNoPlaceEndsTheConversation) {
  wire::ToWorker other_version;
  other_version.mutable_hello()->set_version(kProtocolVersion + 1);
  EXPECT_THAT(WhatAHostMakesOf({other_version}, false).message(), HasSubstr("this worker 1"));
  EXPECT_THAT(WhatAHostMakesOf({wire::ToWorker{}}).message(), HasSubstr("no place here"));
  wire::ToWorker bad;
  bad.mutable_submit()->set_service_class(9);
  EXPECT_THAT(WhatAHostMakesOf({bad}).message(), HasSubstr("unknown service class 9"));
  wire::ToWorker call;
  call.mutable_call()->set_number(1);
  call.mutable_call()->mutable_tokenize()->set_text("x");
  EXPECT_THAT(WhatAHostMakesOf({call, wire::ToWorker{}}).message(), HasSubstr("no place here"));
}

}  // namespace
}  // namespace lares::worker
