// SPDX-License-Identifier: Apache-2.0
//
// A LocalEngine on a fake backend with all it stands on, for tests.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "backend/fake/fake_backend.h"
#include "engine/engine_under_test.h"
#include "engine/local/local_engine.h"
#include "engine/recording_sink.h"

namespace lares::engine {

class LocalUnderTest final : public EngineUnderTest {
 public:
  explicit LocalUnderTest(backend::FakeOptions fake = {}, LocalOptions options = {}, bool preempts = false)
      : preempts_(preempts) {
    options.model = "fake";
    engine_ = std::make_unique<LocalEngine>(
        options,
        [this, fake](
            const std::function<bool(float)>& progress) -> base::Result<std::unique_ptr<backend::Backend>> {
          if (!progress(0.5F)) return base::Fail(base::Code::kCancelled, "stopped while loading");
          auto backend = std::make_unique<backend::FakeBackend>(fake);
          backend_ = backend.get();
          return backend;
        },
        pool_, clock_, observer_, *log_);
    engine_->Start();
    EXPECT_TRUE(engine_->WaitUntilReady());
  }
  LocalEngine& engine() override { return *engine_; }
  bool preempts() const override { return preempts_; }
  base::ThreadPool& pool() { return pool_; }
  // For what happened before the last event that was seen.
  const backend::FakeBackend& backend() const { return *backend_; }

  // Blocks until all that was submitted has been prepared: the pool has one thread.
  void WaitUntilPrepared() {
    std::promise<void> done;
    ASSERT_TRUE(pool_.TryRun([&] { done.set_value(); }));
    done.get_future().wait();
  }

 private:
  const bool preempts_;
  const backend::FakeBackend* backend_ = nullptr;  // set while loading
  base::SystemClock clock_;
  Observer observer_;
  std::unique_ptr<base::Logger> log_ = base::Logger::Silent();
  base::ThreadPool pool_{{.name = "test", .threads = 1, .backlog = 1024, .nice = 0}};
  std::unique_ptr<LocalEngine> engine_;
};

inline core::GenerateRequest Ask(std::string id, std::string text, std::int32_t max_tokens) {
  core::GenerateRequest request;
  request.id = std::move(id);
  request.prompt = core::TextPrompt{.text = std::move(text)};
  request.sampling.temperature = 0;
  request.max_tokens = max_tokens;
  request.ignore_eos = true;
  return request;
}

inline Record Finish(LocalUnderTest& t, core::GenerateRequest request) {
  auto sink = std::make_shared<RecordingSink>();
  const std::string id = request.id;
  EXPECT_TRUE(t.engine().Submit(std::move(request), sink));
  return sink->Wait(id);
}

}  // namespace lares::engine
