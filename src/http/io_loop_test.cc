// SPDX-License-Identifier: Apache-2.0
#include "http/io_loop.h"

#include <latch>
#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>

#include "base/log.h"

namespace lares::http {
namespace {

TEST(IoLoop, WorkThatThrowsEndsNothingElse) {
  const base::SystemClock clock;
  const auto log = base::Logger::Silent();
  base::ExceptionReport exceptions(*log);
  const auto loop = std::make_shared<IoLoop>(0, clock, std::chrono::hours(1), &exceptions);
  loop->Start();
  std::latch done(1);
  loop->Post([] { throw std::runtime_error("no"); });
  loop->Post([] { throw std::bad_alloc(); });
  loop->Post([&] { done.count_down(); });
  done.wait();
  loop->Stop();
}

}  // namespace
}  // namespace lares::http
