// SPDX-License-Identifier: Apache-2.0
//
// The program: one binary, its commands wired to what they do.
#include <iostream>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/main/commands.h"
#include "app/main/gpu_memory.h"
#include "app/main/serve.h"
#include "app/main/worker_process.h"
#include "app/version.h"

int main(int argc, char** argv) {
  using namespace lares::app;
  const Handlers handlers{
      .serve = Serve,
      .worker = WorkerProcess,
      .run = RunCommand,
      .models = ModelsCommand,
      .plan = PlanCommand,
      .convert = ConvertCommand,
      .bench = BenchCommand,
      .devices = DevicesCommand,
      .version =
          [] {
            std::cout << VersionText(BuiltFrom());
            return kExitSuccess;
          },
  };
  return RunCommandLine(std::vector<std::string>(argv + 1, argv + argc), CurrentEnvironment(), handlers,
                        std::cout, std::cerr);
}
