// SPDX-License-Identifier: Apache-2.0
#include "cli/run.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include <sys/stat.h>

#include "app/command_line.h"
#include "app/data_directory.h"
#include "base/clock.h"
#include "base/terminal_text.h"
#include "cli/answer_printer.h"
#include "cli/answerer.h"
#include "cli/chat.h"
#include "cli/find_server.h"
#include "cli/interrupt.h"
#include "cli/line_editor.h"
#include "cli/model_list.h"
#include "cli/terminal.h"

namespace lares::cli {
namespace {

using base::Code;

constexpr std::size_t kMaxInput = 16U << 20U;

int Complain(const base::Error& error) {
  std::fprintf(stderr, "lares: %s\n", base::ForTerminal(error.message()).c_str());
  switch (error.code()) {
    case Code::kUnavailable:
      return app::kExitUnavailable;
    case Code::kCancelled:
      return app::kExitInterrupted;
    default:
      return app::kExitFailure;
  }
}

bool IsFile(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

// A GGUF file that `model` may mean: a path, or the name of a file in the data directory.
std::optional<std::string> FileOf(const std::string& model, const std::string& data_directory) {
  if (model.starts_with("fake:") || IsFile(model)) return model;
  for (const ModelFile& file : FindModelFiles(data_directory)) {
    if (ModelNameOf(file.path) == ModelNameOf(model)) return file.path;
  }
  return {};
}

base::Result<Url> FindOrStartServer(const app::Config& config, const std::string& model,
                                    const RunHooks& hooks) {
  auto url = FindServer(config);
  if (!url) return base::Fail(url.error());
  if (url->has_value()) return **url;
  const auto file = model.empty() ? std::nullopt : FileOf(model, config.data_directory);
  if (file && hooks.start_private_server) {
    auto started = hooks.start_private_server(*file);
    return started ? ParseUrl(*started) : base::Fail(started.error());
  }
  std::string message = "no server runs on the data directory " + config.data_directory;
  if (!model.empty()) message += ", and there is no file " + model;
  return base::Fail(Code::kUnavailable,
                    message +
                        ". Start one with `lares serve MODEL.gguf`, name a GGUF file, or name a "
                        "server with --url");
}

// The prompt from the command line, with what was piped in behind it.
base::Result<std::optional<std::string>> WholePrompt(const RunOptions& options, const Terminal& terminal) {
  if (terminal.input) return options.prompt;
  std::string piped;
  char buffer[64 * 1024];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, stdin)) {
    piped.append(buffer, n);
    if (piped.size() > kMaxInput)
      return base::Fail(Code::kInvalidArgument, "standard input is longer than 16 MiB");
  }
  const bool blank = piped.find_first_not_of(" \t\r\n") == std::string::npos;
  if (blank) return options.prompt;
  if (!options.prompt || options.prompt->empty()) return piped;
  return *options.prompt + "\n\n" + piped;
}

int AskOnce(Answerer& answerer, const RunOptions& options, std::string prompt, const Terminal& terminal) {
  Conversation conversation(options.system);
  conversation.Ask(std::move(prompt));
  AnswerPrinter printer(std::cout, {.terminal = terminal.output, .colours = terminal.colours});
  const auto end = answerer.Ask(conversation.Body(options, /*stream=*/true), printer.Watch());
  printer.Finish();
  if (!std::cout) return app::kExitFailure;
  if (!end) return Complain(end.error());
  if (end->interrupted) return app::kExitInterrupted;
  if (end->finish == "length" && terminal.errors) {
    std::fputs("lares: the answer ends here because it reached its longest length\n", stderr);
  }
  return app::kExitSuccess;
}

// Context of the model that will be asked; 0 when the server does not say.
std::int64_t ContextOf(Transport& transport, const std::string& name) {
  const auto models = FetchModels(transport);
  if (!models) return 0;
  for (const ServedModel& model : *models) {
    if (model.id == name || std::ranges::find(model.aliases, name) != model.aliases.end())
      return model.context;
  }
  return models->empty() ? 0 : models->front().context;
}

std::string HistoryFile(const app::Config& config) {
  const auto made = app::MakePrivateFolder(config.data_directory);
  return made ? config.data_directory + "/chat_history" : std::string();
}

int RunChat(Answerer& answerer, Transport& transport, const app::Config& config, const RunOptions& options,
            const Terminal& terminal, std::unique_ptr<InterruptGuard>& guard) {
  const std::int64_t context = ContextOf(transport, options.model);
  LineEditor lines({.history_file = HistoryFile(config), .colours = terminal.colours});
  Chat chat(options, context, terminal.colours,
            {.lines = lines, .answerer = answerer, .out = std::cout, .forget_interrupts = [&guard] {
               guard.reset();  // before the next is made: each restores what it found
               guard = std::make_unique<InterruptGuard>();
             }});
  return chat.Run();
}

}  // namespace

int Run(const app::Config& config, const RunOptions& given, const RunHooks& hooks) {
  const Terminal terminal = Terminal::OfThisProcess();
  auto prompt = WholePrompt(given, terminal);
  if (!prompt) return Complain(prompt.error());
  if (!prompt->has_value() && !(terminal.input && terminal.output)) {
    std::fputs("lares: nothing to ask: give a prompt, or pipe one in\n", stderr);
    return app::kExitUsage;
  }
  const auto url = FindOrStartServer(config, given.model, hooks);
  if (!url) return Complain(url.error());
  RunOptions options = given;
  if (options.model.starts_with("fake:")) options.model.clear();
  // Whoever names a file means the model in it.
  if (options.model.find('/') != std::string::npos && options.model.ends_with(".gguf")) {
    options.model = ModelNameOf(options.model);
  }

  const base::SystemClock clock;
  HttpClient client(ClientOptions(config, *url), clock);
  auto guard = std::make_unique<InterruptGuard>();
  HttpAnswerer answerer(client, clock, [] { return InterruptGuard::Interrupted(); });
  if (prompt->has_value()) return AskOnce(answerer, options, std::move(**prompt), terminal);
  return RunChat(answerer, client, config, options, terminal, guard);
}

}  // namespace lares::cli
