// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"

#include <algorithm>
#include <memory>
#include <ostream>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "app/config_print.h"
#include "app/config_rules.h"
#include "app/help_formatter.h"
#include "app/nearest.h"
#include "app/subcommands.h"
#include "base/terminal_text.h"

namespace lares::app {
namespace {

// CLI11's own layout does not wrap.
class Formatter final : public CLI::Formatter {
 public:
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    std::string text = group + ":\n";
    for (const CLI::Option* option : options) text += make_option(option, is_positional);
    return "\n" + text;
  }
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    std::string text = app->get_description() + "\n\n" + make_usage(app, name) + make_positionals(app);
    for (const std::string& group : app->get_groups()) {
      if (group.empty()) continue;
      auto options = app->get_options(
          [&](const CLI::Option* option) { return option->get_group() == group && option->nonpositional(); });
      if (!options.empty()) text += make_group(group, false, std::move(options));
    }
    return text + make_subcommands(app, mode) + "\n" + app->get_footer() + "\n";
  }
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return HelpEntry(make_option_name(option, is_positional) + make_option_opts(option),
                     option->get_description());
  }
  std::string make_subcommand(const CLI::App* command) const override {
    return HelpEntry(command->get_name(), command->get_description());
  }
};

void Configure(CLI::App& app) {
  app.option_defaults()->group("Flags");
  app.set_help_flag("--help,-h", "Print this help");
  app.formatter(std::make_shared<Formatter>());
  app.get_formatter()->label("OPTIONS", "FLAGS");
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.get_formatter()->label("Positionals", "Arguments");
  app.footer(R"(Examples:
  lares serve model.gguf                   serve a model on http://127.0.0.1:8080
  lares run model "Name three rivers."     ask it
  lares run                                chat with it
  lares bench --concurrency 8              measure it

`lares COMMAND --help` tells more. All settings: docs/configuration.md, `lares config`.)");
}

const CLI::App* Innermost(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return command;
}

// "lares models" for convert.
std::string ParentNames(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  if (parent == nullptr) return {};
  const std::string above = ParentNames(*parent);
  return above.empty() ? parent->get_name() : above + " " + parent->get_name();
}

std::vector<std::string> FlagsOf(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::vector<std::string> NamesOf(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  return names;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const auto near = Nearest(word, views);
  return near ? "; did you mean " + std::string(*near) + "?" : "";
}

// "lares run --prot 1": which word was not understood, and what was probably meant.
std::string ExplainExtras(const CLI::App& app) {
  const CLI::App* command = Innermost(app);
  const std::vector<std::string> rest = app.remaining(/*recurse=*/true);
  if (rest.empty()) return {};
  const auto flag = std::ranges::find_if(rest, [](const auto& word) { return word.starts_with("-"); });
  if (flag != rest.end()) {
    const std::string name = flag->substr(0, flag->find('='));
    return "unknown flag " + name + DidYouMean(name, FlagsOf(*command));
  }
  const auto commands = NamesOf(command->get_subcommands([](const CLI::App*) { return true; }));
  if (command == &app) return "unknown command \"" + rest.front() + "\"" + DidYouMean(rest.front(), commands);
  return "unexpected argument \"" + rest.front() + "\"" + DidYouMean(rest.front(), commands);
}

int Complain(const CLI::App& app, const CLI::ParseError& error, std::ostream& out, std::ostream& err) {
  const CLI::App* command = Innermost(app);
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    out << command->help(ParentNames(*command));
    return kExitSuccess;
  }
  const std::string extras = ExplainExtras(app);
  err << "lares: " << (extras.empty() ? error.what() : extras) << "\n";
  const std::string parents = ParentNames(*command);
  err << "`" << parents << (parents.empty() ? "" : " ") << command->get_name()
      << " --help` lists what there is.\n";
  return kExitUsage;
}

int Fail(const base::Error& error, std::ostream& err) {
  err << "lares: " << base::ForTerminal(error.message()) << "\n";
  return kExitUsage;
}

std::string JoinWords(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

int Serve(LoadedConfig loaded, const Handlers& handlers, std::ostream& err) {
  if (auto fine = CheckForServing(loaded.config); !fine) return Fail(fine.error(), err);
  return handlers.serve(std::move(loaded));
}

int Dispatch(const CLI::App& app, ParsedCommand& parsed, const Environment& environment,
             const Handlers& handlers, std::ostream& out, std::ostream& err) {
  const CLI::App* command = app.get_subcommands().front();
  const std::string& name = command->get_name();
  if (name == "version") return handlers.version();
  if (name == "devices") return handlers.devices();
  const bool below = name == "models" && !command->get_subcommands().empty();
  const bool plan = below && command->get_subcommands().front()->get_name() == "plan";
  if (below && !plan) return handlers.convert(parsed.convert);
  if (name == "config" && parsed.markdown) {
    out << ConfigurationPage();
    return kExitSuccess;
  }
  auto loaded = LoadConfig(parsed.config_file, environment, parsed.flags);
  if (!loaded) return Fail(loaded.error(), err);
  if (plan) return handlers.plan(std::move(*loaded));
  if (name == "worker") return handlers.worker(std::move(*loaded));
  if (name == "serve") return Serve(std::move(*loaded), handlers, err);
  if (name == "run") {
    if (!parsed.prompt_words.empty()) parsed.run.prompt = JoinWords(parsed.prompt_words);
    return handlers.run(std::move(*loaded), parsed.run);
  }
  if (name == "models") return handlers.models(std::move(*loaded), parsed.models);
  if (name == "bench") return handlers.bench(std::move(*loaded), parsed.bench);
  out << PrintConfig(*loaded);
  return kExitSuccess;
}

}  // namespace

int RunCommandLine(const std::vector<std::string>& arguments, const Environment& environment,
                   const Handlers& handlers, std::ostream& out, std::ostream& err) {
  ParsedCommand parsed;
  CLI::App app("Lares serves language models on your own machine.", "lares");
  Configure(app);
  AddSubcommands(app, parsed);
  bool version = false;
  app.add_flag("--version", version, "Same as `lares version`");
  if (arguments.empty()) {
    out << app.help();
    return kExitUsage;
  }
  try {
    // CLI11 wants them back to front.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    if (version) return handlers.version();
    if (app.get_subcommands().empty()) throw CLI::RequiredError("a command");
  } catch (const CLI::ParseError& error) {
    return Complain(app, error, out, err);
  }
  return Dispatch(app, parsed, environment, handlers, out, err);
}

}  // namespace lares::app
