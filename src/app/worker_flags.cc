// SPDX-License-Identifier: Apache-2.0
#include "app/worker_flags.h"

#include <algorithm>
#include <filesystem>
#include <variant>

#include "app/fake_model_path.h"
#include "app/setting.h"
#include "app/settings.h"

namespace lares::app {
namespace {

constexpr std::int32_t kMostQueue = 1'000'000;  // as the setting allows
constexpr std::int32_t kMoreThanSlots = 2048;

}  // namespace

std::int32_t WorkerQueue(std::int32_t queue) {
  return std::min(queue + queue / 4 + kMoreThanSlots, kMostQueue);
}

std::vector<std::string> WorkerFlags(const Config& config) {
  std::vector<std::string> flags{"--config=/dev/null"};
  const Config defaults;
  for (const Setting& setting : AllSettings()) {
    if ((setting.scope & kWorker) == 0 || setting.key == "scheduling.queue") continue;
    std::string value = Format(setting, config);
    // The worker's folder is another one.
    if (std::holds_alternative<PathKind>(setting.kind) && !value.empty() && !IsFakeModel(value)) {
      value = std::filesystem::absolute(value).string();
    }
    if (value != Format(setting, defaults)) flags.push_back(std::string(setting.flag) + "=" + value);
  }
  flags.push_back("--queue=" + std::to_string(WorkerQueue(config.scheduling.queue)));
  return flags;
}

}  // namespace lares::app
