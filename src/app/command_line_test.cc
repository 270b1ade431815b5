// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"

#include <optional>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/settings.h"

namespace lares::app {
namespace {

using ::testing::HasSubstr;

// What one call of the command did.
struct Call {
  int code = -1;
  std::string handler;
  std::string out;
  std::string err;
  std::optional<LoadedConfig> loaded;
  cli::RunOptions run;
  cli::BenchOptions bench;
  cli::ConvertOptions convert;
  bool json = false;
};

Call Lares(const std::vector<std::string>& arguments,
           const Environment& environment = {{"HOME", "/nowhere"}}) {
  Call call;
  const auto note = [&](std::string name, LoadedConfig loaded) {
    call.handler = std::move(name);
    call.loaded = std::move(loaded);
    return 0;
  };
  Handlers handlers;
  handlers.worker = [&](LoadedConfig c) { return note("worker", std::move(c)); };
  handlers.serve = [&](LoadedConfig c) { return note("serve", std::move(c)); };
  handlers.run = [&](LoadedConfig c, const cli::RunOptions& o) {
    call.run = o;
    return note("run", std::move(c));
  };
  handlers.models = [&](LoadedConfig c, const cli::ModelsOptions& o) {
    call.json = o.json;
    return note("models", std::move(c));
  };
  handlers.convert = [&](const cli::ConvertOptions& o) {
    call.convert = o;
    call.handler = "convert";
    return 0;
  };
  handlers.bench = [&](LoadedConfig c, const cli::BenchOptions& o) {
    call.bench = o;
    return note("bench", std::move(c));
  };
  handlers.version = [&] {
    call.handler = "version";
    return 0;
  };
  std::ostringstream out;
  std::ostringstream err;
  call.code = RunCommandLine(arguments, environment, handlers, out, err);
  call.out = out.str();
  call.err = err.str();
  return call;
}

TEST(CommandLine, Serve) {
  const Call call = Lares({"serve", "m.gguf", "--port", "9000", "--served-name", "a,b", "--served-name", "c",
                           "--ctx-size=4096", "--gpu-layers", "-1", "--log-content", "--itl-p99", "80ms"});
  ASSERT_EQ(call.handler, "serve") << call.err;
  const Config& config = call.loaded->config;
  EXPECT_EQ(config.model.path, "m.gguf");
  EXPECT_EQ(config.server.port, 9000);
  EXPECT_EQ(config.model.context, 4096);
  EXPECT_EQ(config.model.gpu_layers, -1);
  EXPECT_THAT(config.model.served_names, ::testing::UnorderedElementsAre("a", "b", "c"));
  EXPECT_TRUE(config.log.content);
  EXPECT_EQ(config.scheduling.itl_p99, std::chrono::milliseconds(80));
}

TEST(CommandLine, ServeRefusesToBeOpen) {
  const Call call = Lares({"serve", "m.gguf", "--host", "0.0.0.0"});
  EXPECT_EQ(call.code, kExitUsage);
  EXPECT_EQ(call.handler, "");
  EXPECT_THAT(call.err, HasSubstr("--api-key-file"));
  EXPECT_EQ(Lares({"serve", "m.gguf", "--host", "0.0.0.0", "--insecure"}).handler, "serve");
}

TEST(CommandLine, TheLastOfTwoFlagsCounts) {
  EXPECT_EQ(Lares({"serve", "--port", "1", "--port", "2"}).loaded->config.server.port, 2);
}

TEST(CommandLine, Run) {
  const Call call =
      Lares({"run", "m", "why", "is it?", "--temperature", "0", "--seed", "7", "--url", "unix:/s"});
  ASSERT_EQ(call.handler, "run") << call.err;
  EXPECT_EQ(call.run.model, "m");
  EXPECT_EQ(call.run.prompt, "why is it?");
  EXPECT_EQ(call.run.temperature, 0.0);
  EXPECT_EQ(call.run.seed, 7);
  EXPECT_EQ(call.loaded->config.client.url, "unix:/s");
  EXPECT_EQ(Lares({"run"}).run.prompt, std::nullopt);
}

TEST(CommandLine, Models) {
  EXPECT_EQ(Lares({"models"}).handler, "models");
  EXPECT_TRUE(Lares({"models", "--json"}).json);
  const Call call = Lares({"models", "convert", "a.gguf", "b.gguf", "--type", "q4_0"});
  ASSERT_EQ(call.handler, "convert") << call.err;
  EXPECT_EQ(call.convert.input, "a.gguf");
  EXPECT_EQ(call.convert.output, "b.gguf");
  EXPECT_EQ(call.convert.type, "q4_0");
  EXPECT_EQ(Lares({"models", "convert", "a.gguf"}).code, kExitUsage);
}

TEST(CommandLine, Bench) {
  const Call call = Lares({"bench", "-m", "m", "--rate", "2.5", "--duration", "1min", "--slo-ttft", "2s",
                           "--no-stream", "--stop-at-eos", "--prompt-tokens", "64..512", "-n", "10"});
  ASSERT_EQ(call.handler, "bench") << call.err;
  EXPECT_EQ(call.bench.model, "m");
  EXPECT_EQ(call.bench.rate, 2.5);
  EXPECT_EQ(call.bench.duration, std::chrono::minutes(1));
  EXPECT_EQ(call.bench.slo_ttft, std::chrono::seconds(2));
  EXPECT_FALSE(call.bench.stream);
  EXPECT_FALSE(call.bench.ignore_eos);
  EXPECT_EQ(call.bench.requests, 10);
  EXPECT_TRUE(Lares({"bench"}).bench.stream);
  EXPECT_TRUE(Lares({"bench"}).bench.ignore_eos);
  EXPECT_EQ(Lares({"bench", "--rate", "1", "--concurrency", "2"}).code, kExitUsage);
  EXPECT_THAT(Lares({"bench", "--duration", "soon"}).err, HasSubstr("30s or 5min"));
  EXPECT_EQ(Lares({"bench", "--api", "smoke"}).code, kExitUsage);
}

TEST(CommandLine, ConfigPrintsWhatIsInForce) {
  const Call call = Lares({"config", "--port", "9000"}, {{"HOME", "/h"}, {"LARES_HOST", "::1"}});
  EXPECT_EQ(call.code, 0);
  EXPECT_THAT(call.out, HasSubstr("port: 9000"));
  EXPECT_THAT(call.out, HasSubstr("# --port"));
  EXPECT_THAT(call.out, HasSubstr("# LARES_HOST"));
}

TEST(CommandLine, SuggestsTheNearestWord) {
  EXPECT_THAT(Lares({"sevre"}).err, HasSubstr("unknown command \"sevre\"; did you mean serve?"));
  EXPECT_THAT(Lares({"serve", "m.gguf", "--prot", "1"}).err,
              HasSubstr("unknown flag --prot; did you mean --port?"));
  EXPECT_THAT(Lares({"bench", "--concurency=4"}).err, HasSubstr("did you mean --concurrency?"));
  EXPECT_THAT(Lares({"serve", "a.gguf", "b.gguf"}).err, HasSubstr("unexpected argument \"b.gguf\""));
  EXPECT_EQ(Lares({"sevre"}).code, kExitUsage);
}

TEST(CommandLine, WithoutWordsItShowsWhatThereIs) {
  const Call call = Lares({});
  EXPECT_EQ(call.code, kExitUsage);
  for (const auto* word : {"serve", "run", "models", "bench", "config", "version"})
    EXPECT_THAT(call.out, HasSubstr(word));
}

TEST(CommandLine, Version) {
  EXPECT_EQ(Lares({"version"}).handler, "version");
  EXPECT_EQ(Lares({"--version"}).handler, "version");
}

TEST(CommandLine, UsageNamesTheCommandOnce) {
  EXPECT_THAT(Lares({"--help"}).out, HasSubstr("Usage: lares [FLAGS] [COMMAND]"));
  EXPECT_THAT(Lares({"serve", "-h"}).out, HasSubstr("Usage: lares serve [FLAGS] [MODEL]"));
  EXPECT_THAT(Lares({"models", "convert", "-h"}).out,
              HasSubstr("Usage: lares models convert [FLAGS] IN OUT"));
}

TEST(CommandLine, HelpIsCompleteAndFitsTheScreen) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{},
                                                  {"serve"},
                                                  {"run"},
                                                  {"models"},
                                                  {"models", "convert"},
                                                  {"bench"},
                                                  {"config"}}) {
    std::vector<std::string> arguments = command;
    arguments.emplace_back("--help");
    const Call call = Lares(arguments);
    EXPECT_EQ(call.code, 0);
    EXPECT_EQ(call.err, "");
    EXPECT_THAT(call.out, HasSubstr("Example"));
    std::istringstream lines(call.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110U) << line;
  }
  const std::string serve = Lares({"serve", "--help"}).out;
  for (const Setting& setting : AllSettings()) {
    if ((setting.scope & kServing) == 0) continue;
    EXPECT_EQ(serve.find(std::string(setting.flag) + " ") == std::string::npos &&
                  serve.find(std::string(setting.flag) + "\n") == std::string::npos,
              setting.hidden)
        << setting.flag;
  }
}

}  // namespace
}  // namespace lares::app
