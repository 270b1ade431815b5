// SPDX-License-Identifier: Apache-2.0
#include "scheduler/waiting_queue.h"

#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "scheduler/played_engine.h"

namespace lares::scheduler {
namespace {

using core::ServiceClass;
using std::chrono::seconds;

class WaitingQueueTest : public testing::Test {
 protected:
  Job& Wait(const std::string& tenant, ServiceClass service_class = ServiceClass::kInteractive,
            base::Time arrived = {}) {
    Job& job = jobs_.emplace_back();
    job.id = jobs_.size();
    job.arrival = jobs_.size();
    job.arrived = arrived;
    job.symbols = SymbolList(Babble(job.id, 10));
    job.service_class = service_class;
    job.tenant = shares_.Join(tenant);
    queue_.Push(&job);
    return job;
  }

  // Empties the queue; the order in which they go.
  std::vector<SequenceId> Order(base::Time now = {}) {
    std::vector<SequenceId> order;
    while (Job* job = queue_.Next(now, [](Job&) { return true; })) {
      order.push_back(job->id);
      queue_.Remove(job);
    }
    EXPECT_EQ(queue_.size(), 0U);
    EXPECT_EQ(queue_.rows(), 0);
    return order;
  }

  FairShare shares_;
  std::deque<Job> jobs_;
  WaitingQueue queue_{seconds(30)};
};

TEST_F(WaitingQueueTest, ByArrivalWithinATenant) {
  for (int i = 0; i < 4; ++i) Wait("t");
  EXPECT_EQ(queue_.rows(), 40);
  EXPECT_EQ(Order(), (std::vector<SequenceId>{1, 2, 3, 4}));
}

TEST_F(WaitingQueueTest, ByClassThenWhoWasServedLeastThenArrival) {
  Wait("a", ServiceClass::kBatch);
  Wait("a", ServiceClass::kNormal);
  Wait("a");
  Wait("b");
  Wait("b", ServiceClass::kBatch);
  FairShare::Serve(*jobs_[0].tenant, 100);
  EXPECT_EQ(Order(), (std::vector<SequenceId>{4, 3, 2, 5, 1}));
}

TEST_F(WaitingQueueTest, WhatIsPromisedCountsAsServed) {
  Wait("a");
  Wait("b");
  FairShare::Promise(*jobs_[0].tenant, 50);
  EXPECT_EQ(Order(), (std::vector<SequenceId>{2, 1}));
}

TEST_F(WaitingQueueTest, WhoWaitedTooLongCountsAsFirstClassButNotBeforeFairness) {
  const base::Time start{seconds(100)};
  Wait("a", ServiceClass::kBatch, start - seconds(31));
  Wait("a", ServiceClass::kNormal, start);
  Wait("a", ServiceClass::kInteractive, start);
  EXPECT_EQ(queue_.Next(start, [](Job&) { return true; })->id, 1U);
  EXPECT_EQ(queue_.Next(start - seconds(10), [](Job&) { return true; })->id, 3U) << "not yet";
  Wait("b", ServiceClass::kInteractive, start);
  FairShare::Serve(*jobs_[0].tenant, 100);
  EXPECT_EQ(Order(start), (std::vector<SequenceId>{4, 1, 3, 2}));
}

TEST_F(WaitingQueueTest, WhoMayNotGoIsPassedAndKeepsItsPlace) {
  for (int i = 0; i < 3; ++i) Wait("t");
  const auto not_first = [](Job& job) { return job.id != 1; };
  EXPECT_EQ(queue_.Next({}, not_first)->id, 2U);
  EXPECT_EQ(queue_.Next({}, [](Job&) { return false; }), nullptr);
  Job* second = &jobs_[1];
  queue_.Remove(second);
  queue_.Push(second);  // preempted: back at its place by arrival
  EXPECT_EQ(Order(), (std::vector<SequenceId>{1, 2, 3}));
}

TEST_F(WaitingQueueTest, KnowsWhatOfAContentIsWanted) {
  Wait("t");
  auto content = Babble(1, 6);
  content.push_back(core::Symbol::Token(1));
  EXPECT_EQ(queue_.Wanted(0, content), 6U);
  EXPECT_EQ(queue_.Wanted(1, content), 0U);
}

}  // namespace
}  // namespace lares::scheduler
