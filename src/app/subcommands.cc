// SPDX-License-Identifier: Apache-2.0
#include "app/subcommands.h"

#include <string_view>

#include <CLI/CLI.hpp>

#include "app/setting.h"
#include "app/settings.h"

namespace lares::app {
namespace {

std::string Describe(const Setting& setting) {
  std::string text(setting.help);
  const std::string value =
      setting.if_unset.empty() ? Format(setting, Config{}) : std::string(setting.if_unset);
  const std::string allowed = std::holds_alternative<ChoiceKind>(setting.kind) ? AllowedText(setting) : "";
  if (!allowed.empty()) text += ": " + allowed;
  if (std::holds_alternative<SwitchKind>(setting.kind)) return text;
  return text + " [" + value + "]";
}

void AddSetting(CLI::App& command, const Setting& setting, ParsedCommand& parsed) {
  const std::string flag(setting.flag);
  const std::string key(setting.key);
  CLI::Option* option = nullptr;
  if (std::holds_alternative<SwitchKind>(setting.kind)) {
    option = command.add_flag_function(
        flag, [&parsed, key](std::int64_t n) { parsed.flags.push_back({key, n > 0 ? "true" : "false"}); },
        Describe(setting));
  } else {
    const bool list = std::holds_alternative<ListKind>(setting.kind);
    option = command.add_option_function<std::vector<std::string>>(
        flag,
        [&parsed, key, list](const std::vector<std::string>& values) {
          std::string text = values.back();
          for (std::size_t i = 0; list && i + 1 < values.size(); ++i) text = values[i] + "," + text;
          parsed.flags.push_back({key, text});
        },
        Describe(setting));
    // One value per mention, any number of mentions: of a list they add up, else the last one counts.
    option->expected(1)->multi_option_policy(list ? CLI::MultiOptionPolicy::TakeAll
                                                  : CLI::MultiOptionPolicy::TakeLast);
    option->allow_extra_args(false)->option_text(std::string(Placeholder(setting)));
  }
  option->group(setting.hidden ? "" : std::string(setting.group));
}

CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& description) {
  CLI::App* command = parent.add_subcommand(name, description)->group("Commands");
  command->set_help_flag("--help,-h", "Print this help")->group("Flags");
  return command;
}

void AddServe(CLI::App& app, ParsedCommand& parsed) {
  CLI::App* command = AddCommand(app, "serve", "Serve a model over HTTP (OpenAI API)");
  command
      ->add_option_function<std::string>(
          "MODEL", [&parsed](const std::string& path) { parsed.flags.push_back({"model.path", path}); },
          "GGUF file to serve; may also stand in the configuration")
      ->option_text(" ");
  AddSettings(*command, kServing, parsed);
  command->footer(R"(Examples:
  lares serve models/SmolLM2-135M-Instruct.Q8_0.gguf
  lares serve model.gguf --port 9000 --ctx-size 8192 --parallel 4
  lares serve model.gguf --listen unix:/run/lares.sock
  lares serve model.gguf --host 0.0.0.0 --api-key-file keys --tls-cert cert.pem --tls-key key.pem

SIGTERM or Ctrl-C lets running answers finish; a second one ends at once. SIGHUP reads the keys again.)");
}

// Not for people: it talks through descriptors that only a gateway gives it.
void AddWorker(CLI::App& app, ParsedCommand& parsed) {
  CLI::App* command = AddCommand(app, "worker", "Hold one model; `lares serve` starts it")->group("");
  AddSettings(*command, kWorker, parsed);
}

void AddRun(CLI::App& app, ParsedCommand& parsed) {
  CLI::App* command = AddCommand(app, "run", "Ask a model, or chat with it");
  cli::RunOptions& run = parsed.run;
  command->add_option("MODEL", run.model, "Name of a served model, or a GGUF file")->option_text(" ");
  command->add_option("PROMPT", parsed.prompt_words, "What to ask; without it a chat begins")
      ->option_text("...");
  command->add_option("--system", run.system, "Instructions the model gets before the conversation")
      ->option_text("TEXT");
  command
      ->add_option("--temperature", run.temperature,
                   "0 always takes the likeliest word; up to 2 (0.7 when not given)")
      ->check(CLI::Range(0.0, 2.0))
      ->option_text("X");
  command->add_option("--seed", run.seed, "Makes an answer repeatable")->option_text("N");
  command->add_option("--answer-tokens", run.max_tokens, "Longest answer in tokens")
      ->check(CLI::Range(1, 1 << 24))
      ->option_text("N");
  AddSettings(*command, kClient | kPrivateModel, parsed);
  command->footer(R"(Examples:
  lares run SmolLM2-135M-Instruct.Q8_0 "Name three rivers."
  cat error.log | lares run SmolLM2-135M-Instruct.Q8_0 "Why did it fail?" > answer.txt
  lares run SmolLM2-135M-Instruct.Q8_0          a chat; /help inside lists its commands
  lares run ./model.gguf "Hello"                loads the file itself when no server runs

A server that runs on the same data directory is used; --url names another one.)");
}

void AddModels(CLI::App& app, ParsedCommand& parsed) {
  CLI::App* command = AddCommand(app, "models", "List models, plan their memory, or convert one");
  command->add_flag("--json", parsed.models.json, "Print JSON");
  command->add_flag("--watch", parsed.models.watch, "Print it again every second, until Ctrl-C");
  AddSettings(*command, kClient, parsed);
  command->footer(R"(Examples:
  lares models
  lares models --watch                          what is loaded, and how far what loads
  lares models plan --models DIR                what each would take
  lares models --url http://10.0.0.7:8080
  lares models convert model.Q4_1.gguf model.Q8_0.gguf --type q8_0)");

  CLI::App* plan = AddCommand(*command, "plan", "Show what each model would take, and what fits together");
  plan->add_option_function<std::string>(
          "MODEL", [&parsed](const std::string& path) { parsed.flags.push_back({"model.path", path}); },
          "GGUF file, beside those of the configuration")
      ->option_text(" ");
  AddSettings(*plan, kServing, parsed);
  plan->footer(R"(Examples:
  lares models plan model.gguf --ctx-size 16384 --parallel 4
  lares models plan --models DIR
  lares models plan --models DIR --models-memory 16GiB --kv-type q8_0)");

  CLI::App* convert = AddCommand(*command, "convert", "Write a model's weights in another form");
  cli::ConvertOptions& options = parsed.convert;
  convert->add_option("IN", options.input, "GGUF file to read")->required()->option_text(" ");
  convert->add_option("OUT", options.output, "GGUF file to write")->required()->option_text(" ");
  convert->add_option("--type", options.type, "Form of the weights: q8_0, q4_0, f16, ...")
      ->capture_default_str()
      ->option_text("TYPE [q8_0]");
  convert->add_flag("--force", options.force, "Replace OUT when it exists");
  convert->footer(R"(Example:
  lares models convert SmolLM2-135M-Instruct.Q4_1.gguf SmolLM2-135M-Instruct.Q8_0.gguf

A form with fewer bits loses accuracy; one with more bits cannot bring back what is lost already.)");
}

void AddBench(CLI::App& app, ParsedCommand& parsed) {
  CLI::App* command = AddCommand(app, "bench", "Measure an OpenAI-compatible server");
  AddBenchFlags(*command, parsed.bench);
  AddSettings(*command, kClient, parsed);
  command->footer(
      R"(Lengths: 128 (always), 64..512 (each equally likely), lognormal:180,0.6 (median, sigma), and
lognormal:180,0.6,64..512 (the same, cut off).

Examples:
  lares bench --model M --concurrency 8 --requests 64
  lares bench --model M --rate 2.5 --duration 60s --prompt-tokens lognormal:180,0.6,64..512 \
      --output-tokens 16..128 --slo-ttft 2s --slo-itl 100ms
  lares bench --model M --concurrency 8 --shared-prefix 1024 --json today.json --compare yesterday.json

With --rate, a latency counts from the moment the request was due, not from when it could be sent.
Refused and failed requests are counted apart and never enter a percentile.
Exit code: 0, 1 when the goal (--slo-share) was missed, 2 wrong flags, 3 no server.)");
}

void AddConfig(CLI::App& app, ParsedCommand& parsed) {
  CLI::App* command = AddCommand(app, "config", "Print the configuration in force, and where it comes from");
  command->add_flag("--markdown", parsed.markdown, "Print the reference of all settings instead")->group("");
  AddSettings(*command, kServing | kClient | kPrivateModel, parsed);
  command->footer(R"(Examples:
  lares config
  lares config --config lares.yaml --port 9000
  lares config > ~/.config/lares/config.yaml       a file to start from)");
}

}  // namespace

void AddSettings(CLI::App& command, unsigned scope, ParsedCommand& parsed) {
  command.add_option("--config", parsed.config_file, "Configuration file (YAML)")
      ->option_text("FILE")
      ->group("Place");
  for (const Setting& setting : AllSettings()) {
    if ((setting.scope & scope) != 0) AddSetting(command, setting, parsed);
  }
}

void AddSubcommands(CLI::App& app, ParsedCommand& parsed) {
  AddServe(app, parsed);
  AddWorker(app, parsed);
  AddRun(app, parsed);
  AddModels(app, parsed);
  AddBench(app, parsed);
  AddConfig(app, parsed);
  // Not for people: `lares serve` asks it what a GPU has free.
  AddCommand(app, "devices", "Print the memory of the GPUs")->group("");
  AddCommand(app, "version", "Print version, commit, llama.cpp's version and compiler");
}

}  // namespace lares::app
