// SPDX-License-Identifier: Apache-2.0
#include "engine/local/row_pool.h"

#include <vector>

#include <gtest/gtest.h>

namespace lares::engine {
namespace {

TEST(RowPool, EveryRowOnceInEveryRound) {
  RowPool pool(3);
  for (std::size_t rows = 0; rows < 40; ++rows) {
    std::vector<int> hits(rows, 0);
    pool.ForEach(rows, [&](std::size_t i) { ++hits[i]; });
    EXPECT_EQ(hits, std::vector<int>(rows, 1));
  }
}

TEST(RowPool, WorksWithoutHelpers) {
  RowPool pool(0);
  std::vector<int> hits(5, 0);
  pool.ForEach(5, [&](std::size_t i) { ++hits[i]; });
  EXPECT_EQ(hits, std::vector<int>(5, 1));
}

}  // namespace
}  // namespace lares::engine
