// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

namespace lares::base {
namespace {

bool Has(const Metrics& metrics, const std::string& line) {
  return ('\n' + metrics.Expose()).find('\n' + line + '\n') != std::string::npos;
}

TEST(Metrics, AreExposedAsText) {
  Metrics metrics;
  metrics.AddCounter("lares_tokens_total", "Tokens.", {{"model", "m\"1"}}).Add(3);
  metrics.AddGauge("lares_slots", "Slots.").Set(2);
  metrics.AddHistogram("lares_step_seconds", "Steps.", {}, {0.1, 1}).Observe(0.5);
  EXPECT_TRUE(Has(metrics, "# HELP lares_tokens_total Tokens."));
  EXPECT_TRUE(Has(metrics, "# TYPE lares_tokens_total counter"));
  EXPECT_TRUE(Has(metrics, R"(lares_tokens_total{model="m\"1"} 3)"));
  EXPECT_TRUE(Has(metrics, "lares_slots 2"));
  EXPECT_TRUE(Has(metrics, R"(lares_step_seconds_bucket{le="0.1"} 0)"));
  EXPECT_TRUE(Has(metrics, R"(lares_step_seconds_bucket{le="1"} 1)"));
  EXPECT_TRUE(Has(metrics, R"(lares_step_seconds_bucket{le="+Inf"} 1)"));
  EXPECT_TRUE(Has(metrics, "lares_step_seconds_count 1"));
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameMetric) {
  Metrics metrics;
  Counter& a = metrics.AddCounter("c_total", "C.", {{"x", "1"}});
  Counter& again = metrics.AddCounter("c_total", "C.", {{"x", "1"}});
  Counter& other = metrics.AddCounter("c_total", "C.", {{"x", "2"}});
  EXPECT_EQ(&a, &again);
  EXPECT_NE(&a, &other);
  EXPECT_EQ(&metrics.AddGauge("g", "G."), &metrics.AddGauge("g", "G."));
  EXPECT_EQ(&metrics.AddHistogram("h", "H.", {}, {1}), &metrics.AddHistogram("h", "H.", {}, {1}));
}

TEST(Metrics, CountFromManyThreads) {
  Metrics metrics;
  Counter& counter = metrics.AddCounter("c_total", "C.");
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&counter] {
        for (int i = 0; i < 10'000; ++i) counter.Add();
      });
    }
  }
  EXPECT_EQ(counter.Value(), 40'000);
}

TEST(Metrics, LatencyBucketsRise) {
  const auto buckets = LatencyBuckets();
  EXPECT_TRUE(std::ranges::is_sorted(buckets));
  EXPECT_GT(buckets.front(), 0);
}

}  // namespace
}  // namespace lares::base
