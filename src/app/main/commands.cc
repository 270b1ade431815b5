// SPDX-License-Identifier: Apache-2.0
#include "app/main/commands.h"

#include <cstdint>
#include <iostream>
#include <string>

#include "app/command_line.h"
#include "app/hosted_models.h"
#include "app/main/model_plan.h"
#include "app/main/private_server.h"
#include "app/private_server_flags.h"
#include "app/version.h"
#include "backend/llama/quantize.h"
#include "base/log.h"
#include "base/terminal_text.h"
#include "cli/bench/bench.h"
#include "cli/models.h"
#include "cli/run.h"
#include "cli/text_table.h"

namespace lares::app {

int RunCommand(LoadedConfig loaded, const cli::RunOptions& options) {
  const auto start = [&loaded](const std::string& path) {
    return StartPrivateServer(path, PrivateServerFlags(loaded));
  };
  return cli::Run(loaded.config, options, {.start_private_server = start});
}

int ModelsCommand(LoadedConfig loaded, const cli::ModelsOptions& options) {
  return cli::Models(loaded.config, options, std::cout, std::cerr);
}

int PlanCommand(LoadedConfig loaded) {
  const auto models = HostedModels(loaded.config);
  if (!models) {
    std::cerr << "lares: " << base::ForTerminal(models.error().message()) << "\n";
    return kExitUsage;
  }
  const ModelsRoom room = ReadModelsRoom(loaded.config);
  cli::TextTable table({"model", "form", "weights", "context", "at once", "memory", ""});
  std::uint64_t sum = 0;
  std::string refusals;
  for (const HostedModel& model : *models) {
    const ModelPlan plan = PlanModel(model, loaded.config.scheduling, room);
    const auto size = [](std::uint64_t bytes) {
      return bytes > 0 ? cli::SizeText(static_cast<double>(bytes)) : "";
    };
    table.Add({base::ForTerminal(model.spec.name), base::ForTerminal(plan.known.form), size(plan.known.bytes),
               plan.context > 0 ? std::to_string(plan.context) : "",
               plan.parallel > 0 ? std::to_string(plan.parallel) : "", size(plan.bytes),
               !plan.refusal.empty() ? "does not fit"
               : model.pinned        ? "pinned"
                                     : ""});
    sum += plan.bytes;
    if (!plan.refusal.empty()) refusals += model.spec.name + ": " + plan.refusal + "\n";
  }
  std::cout << table.Text() << "Together " << cli::SizeText(static_cast<double>(sum)) << "; models may take "
            << cli::SizeText(static_cast<double>(room.budget))
            << (room.beside > 0 ? " of the GPU's memory" : "") << " (--models-memory)"
            << (sum > room.budget ? ": not all at once" : "") << ".\n"
            << base::ForTerminal(refusals);
  return refusals.empty() ? kExitSuccess : kExitFailure;
}

int ConvertCommand(const cli::ConvertOptions& options) {
  const auto convert = [](const std::string& input, const std::string& output,
                          const std::string& type) -> base::Result<std::string> {
    const auto log = base::Logger::Silent();
    // cli::Convert has made sure of the output and puts it in place.
    auto converted =
        backend::llama::Convert({.input = input, .output = output, .type = type, .overwrite = true}, *log);
    if (!converted) return base::Fail(converted.error());
    return converted->lost;
  };
  return cli::Convert(options, convert, std::cout, std::cerr);
}

int BenchCommand(LoadedConfig loaded, const cli::BenchOptions& options) {
  return cli::Bench(loaded.config, options, BuiltFrom().version);
}

}  // namespace lares::app
