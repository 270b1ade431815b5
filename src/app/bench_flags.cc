// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <type_traits>

#include <CLI/CLI.hpp>

#include "app/subcommands.h"
#include "app/value_text.h"

namespace lares::app {
namespace {

using cli::BenchOptions;

template <class T>
CLI::Option* AddDuration(CLI::App& command, const std::string& flag, T& place, const std::string& help) {
  return command
      .add_option_function<std::string>(
          flag,
          [&place, flag](const std::string& text) {
            const auto value = ParseDuration(text);
            if (!value) throw CLI::ValidationError(flag, value.error().message());
            place = *value;
          },
          help)
      ->option_text("DURATION");
}

void AddLoad(CLI::App& command, BenchOptions& options) {
  const std::string group = "Load";
  auto* concurrency = command.add_option("--concurrency,-c", options.concurrency,
                                         "Closed loop: so many requests at once, always [1]");
  concurrency->check(CLI::Range(1, 100'000))->option_text("N")->group(group);
  command
      .add_option("--rate,-r", options.rate, "Open loop: so many new requests a second, whatever comes back")
      ->check(CLI::Range(0.001, 1e6))
      ->excludes(concurrency)
      ->option_text("X")
      ->group(group);
  command.add_option("--arrivals", options.arrivals, "Spacing with --rate: poisson, constant [poisson]")
      ->check(CLI::IsMember({"poisson", "constant"}))
      ->option_text("WORD")
      ->group(group);
  command.add_option("--requests,-n", options.requests, "How many requests [as many as fit into --duration]")
      ->check(CLI::Range(1, 10'000'000))
      ->option_text("N")
      ->group(group);
  AddDuration(command, "--duration,-d", options.duration,
              "How long new requests are sent [30s, without --requests]")
      ->group(group);
  command.add_option("--warmup", options.warmup, "Requests before the measurement starts [0]")
      ->check(CLI::Range(0, 1'000'000))
      ->option_text("N")
      ->group(group);
  AddDuration(command, "--timeout", options.timeout, "A request that takes longer has failed [5min]")
      ->group(group);
  command.add_flag("--fresh-connections", options.fresh_connections, "A new connection for each request")
      ->group(group);
}

void AddWork(CLI::App& command, BenchOptions& options) {
  const std::string group = "Work";
  command.add_option("--model,-m", options.model, "Model to ask for [the server's only one]")
      ->option_text("NAME")
      ->group(group);
  command.add_option("--api", options.api, "completions or chat [completions]")
      ->check(CLI::IsMember({"completions", "chat"}))
      ->option_text("WORD")
      ->group(group);
  command
      .add_flag_callback(
          "--no-stream", [&options] { options.stream = false; },
          "Wait for whole answers; there is no ITL then")
      ->group(group);
  command.add_option("--prompt-tokens", options.prompt_tokens, "Length of prompts [128]")
      ->option_text("LENGTHS")
      ->group(group);
  command.add_option("--output-tokens", options.output_tokens, "Length of answers [128]")
      ->option_text("LENGTHS")
      ->group(group);
  command
      .add_option("--shared-prefix", options.shared_prefix,
                  "Tokens that prompts have in common, ahead of their own [0]")
      ->check(CLI::Range(0, 1 << 24))
      ->option_text("N")
      ->group(group);
  command.add_option("--prefix-groups", options.prefix_groups, "How many different shared prefixes [1]")
      ->check(CLI::Range(1, 100'000))
      ->option_text("N")
      ->group(group);
  command
      .add_option(
          "--replay", options.replay,
          "Send the requests of a JSONL file, one a line: {\"at\":SECONDS,\"body\":{...}}, a bare body, "
          "or {\"prompt_tokens\":N,\"output_tokens\":N}; those with \"at\" are sent at their times")
      ->option_text("FILE")
      ->group(group);
  command.add_option("--replay-speed", options.replay_speed, "Send them so many times as fast [1]")
      ->check(CLI::Range(0.001, 1000.0))
      ->option_text("X")
      ->group(group);
  command
      .add_flag_callback(
          "--stop-at-eos", [&options] { options.ignore_eos = false; },
          "Let answers end by themselves instead of asking for --output-tokens exactly")
      ->group(group);
  command.add_option("--extra", options.extra, "JSON object merged into every request")
      ->option_text("JSON")
      ->group(group);
  command.add_option("--corpus", options.corpus, "Text file to take prompt words from")
      ->option_text("FILE")
      ->group(group);
  command
      .add_option("--words", options.words_cache, "File that keeps the token counts of words between runs")
      ->option_text("FILE")
      ->group(group);
  command
      .add_option("--seed", options.seed, "Repeats prompts, lengths and arrivals of an earlier run [drawn]")
      ->option_text("N")
      ->group(group);
}

void AddVerdict(CLI::App& command, BenchOptions& options) {
  const std::string group = "Verdict";
  AddDuration(command, "--slo-ttft", options.slo_ttft, "A good answer's first token comes within this")
      ->group(group);
  AddDuration(command, "--slo-itl", options.slo_itl, "and the mean gap between its tokens is at most this")
      ->group(group);
  command
      .add_option("--slo-share", options.slo_share, "Exit with 1 when fewer of the requests are good [0.99]")
      ->check(CLI::Range(0.0, 1.0))
      ->option_text("X")
      ->group(group);
  command.add_option("--json", options.json, "Write the result as JSON; - is standard output")
      ->option_text("FILE")
      ->group(group);
  command.add_option("--compare", options.compare, "Show the change against an earlier --json result")
      ->option_text("FILE")
      ->group(group);
  command.add_flag("--quiet,-q", options.quiet, "No progress line")->group(group);
}

}  // namespace

void AddBenchFlags(CLI::App& command, BenchOptions& options) {
  AddLoad(command, options);
  AddWork(command, options);
  AddVerdict(command, options);
}

}  // namespace lares::app
