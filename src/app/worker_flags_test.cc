// SPDX-License-Identifier: Apache-2.0
#include "app/worker_flags.h"

#include <filesystem>
#include <optional>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/command_line.h"

namespace lares::app {
namespace {

using testing::Contains;

TEST(WorkerFlags, SayWhatTheEngineNeedsAndNothingElse) {
  Config config;
  config.model.path = "/models/a model.gguf";
  config.model.context = 4096;
  config.scheduling.itl_p99 = std::chrono::milliseconds(80);
  config.server.port = 9999;
  config.security.api_key_file = "/keys";
  const auto flags = WorkerFlags(config);
  EXPECT_EQ(flags.front(), "--config=/dev/null");
  EXPECT_THAT(flags, Contains("--model=/models/a model.gguf"));
  EXPECT_THAT(flags, Contains("--ctx-size=4096"));
  EXPECT_THAT(flags, Contains("--itl-p99=80ms"));
  for (const std::string& flag : flags) {
    EXPECT_EQ(flag.find("9999"), std::string::npos);
    EXPECT_EQ(flag.find("keys"), std::string::npos);
  }
}

TEST(WorkerFlags, TheWorkerUnderstandsThem) {
  Config config;
  config.model.path = "fake:slots=4";
  config.data_directory = "/var/lib/lares";
  config.model.served_names = {"one", "two"};
  config.model.kv_type = "q8_0";
  config.scheduling.queue = 10;
  config.scheduling.host_cache = 0;
  config.log.level = "debug";
  std::vector<std::string> arguments{"worker"};
  const auto flags = WorkerFlags(config);
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  std::optional<Config> heard;
  Handlers handlers;
  handlers.worker = [&](LoadedConfig loaded) {
    heard = std::move(loaded.config);
    return 0;
  };
  std::ostringstream out, err;
  ASSERT_EQ(RunCommandLine(arguments, {}, handlers, out, err), 0) << err.str();
  EXPECT_EQ(heard->model.path, config.model.path);
  EXPECT_THAT(heard->model.served_names, testing::UnorderedElementsAre("one", "two"));
  EXPECT_EQ(heard->model.kv_type, "q8_0");
  EXPECT_EQ(heard->scheduling.queue, WorkerQueue(10));
  EXPECT_EQ(heard->scheduling.host_cache, 0U);
  EXPECT_EQ(heard->log.level, "debug");
}

TEST(WorkerFlags, PathsCountFromTheRoot) {
  Config config;
  config.model.path = "model.gguf";
  EXPECT_THAT(WorkerFlags(config),
              Contains("--model=" + (std::filesystem::current_path() / "model.gguf").string()));
}

TEST(WorkerFlags, TheWorkersQueueIsTheLongerOne) {
  for (const std::int32_t queue : {0, 1, 256, 100'000, 1'000'000}) {
    EXPECT_GE(WorkerQueue(queue), std::min(queue + 1, 1'000'000)) << queue;
    EXPECT_LE(WorkerQueue(queue), 1'000'000) << queue;
  }
}

}  // namespace
}  // namespace lares::app
