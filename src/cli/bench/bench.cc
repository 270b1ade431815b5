// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/bench.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "app/command_line.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/terminal_text.h"
#include "cli/bench/arrival.h"
#include "cli/bench/bench_result.h"
#include "cli/bench/load_loop.h"
#include "cli/bench/progress_line.h"
#include "cli/bench/prompt_maker.h"
#include "cli/bench/word_table.h"
#include "cli/bench/workload.h"
#include "cli/find_server.h"
#include "cli/interrupt.h"
#include "cli/model_list.h"
#include "cli/terminal.h"

namespace lares::cli {
namespace {

using base::Code;

constexpr auto kDefaultDuration = std::chrono::seconds(30);
constexpr auto kPatience = std::chrono::minutes(10);
constexpr std::uint64_t kArrivalStream = 3ULL << 62U;
constexpr std::uint64_t kMostSeeds = 1'000'000'000;  // short enough to be typed again
constexpr std::size_t kMaxFileBytes = 1U << 30U;

int Complain(const base::Error& error) {
  std::fprintf(stderr, "lares: %s\n", base::ForTerminal(error.message()).c_str());
  switch (error.code()) {
    case Code::kUnavailable:
      return app::kExitUnavailable;
    case Code::kCancelled:
      return app::kExitInterrupted;
    case Code::kInvalidArgument:
      return app::kExitUsage;
    default:
      return app::kExitUnavailable;
  }
}

base::Result<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in || text.size() > kMaxFileBytes) return base::Fail(Code::kInvalidArgument, "cannot read " + path);
  return text;
}

// Each running request holds a descriptor.
void AllowManyDescriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Everything a run needs, put together step by step.
class Session {
 public:
  Session(const app::Config& config, BenchOptions options, std::string version)
      : config_(config),
        options_(std::move(options)),
        version_(std::move(version)),
        progress_shown_(!options_.quiet && Terminal::OfThisProcess().errors) {}

  base::Status Prepare();
  std::vector<Outcome> Measure();
  base::Result<int> Report(const std::vector<Outcome>& outcomes) const;

 private:
  base::Status ReadOptions();
  base::Status Connect();
  base::Status ChooseModel();
  base::Status CountWords();
  base::Status MakeWork();
  void WarmUp();
  std::vector<PlannedRequest> PlanOpen();
  LoadSettings Settings(ProgressLine& progress) const;

  const app::Config& config_;
  BenchOptions options_;
  const std::string version_;
  const bool progress_shown_;
  const base::SystemClock clock_;
  const InterruptGuard interrupts_;
  std::optional<MadeUpRequests::Lengths> lengths_;
  std::vector<ReplayLine> replay_lines_;
  std::optional<std::string> before_;  // of --compare
  std::string server_;
  std::unique_ptr<HttpClient> client_;
  WordTable words_;
  std::unique_ptr<PromptMaker> prompts_;
  std::unique_ptr<RequestWriter> writer_;
  std::unique_ptr<RequestSource> source_;
  std::optional<std::vector<PlannedRequest>> timed_;  // a replay that says when
};

// Everything that can be wrong is looked at before anything is measured.
base::Status Session::ReadOptions() {
  auto prompt = LengthDistribution::Parse(options_.prompt_tokens);
  if (!prompt) return base::Fail(prompt.error());
  auto output = LengthDistribution::Parse(options_.output_tokens);
  if (!output) return base::Fail(output.error());
  lengths_ = {.prompt = *prompt, .output = *output};
  if (!options_.replay.empty()) {
    auto text = ReadFile(options_.replay);
    if (!text) return base::Fail(text.error());
    auto lines = ParseReplay(*text);
    if (!lines) return base::Fail(lines.error());
    replay_lines_ = std::move(*lines);
  }
  if (!options_.compare.empty()) {
    auto text = ReadFile(options_.compare);
    if (!text) return base::Fail(text.error());
    before_ = std::move(*text);
  }
  if (!options_.seed) options_.seed = base::RandomSeed() % kMostSeeds;
  // A replay ends with its file, anything else after a while.
  if (options_.duration || options_.requests) return {};
  if (replay_lines_.empty()) {
    options_.duration = kDefaultDuration;
  } else {
    options_.requests = static_cast<std::int32_t>(replay_lines_.size());
  }
  return {};
}

base::Status Session::Connect() {
  const auto url = RequireServer(config_);
  if (!url) return base::Fail(url.error());
  server_ = url->shown;
  HttpClient::Options options = ClientOptions(config_, *url);
  options.fresh_connections = options_.fresh_connections;
  client_ = std::make_unique<HttpClient>(std::move(options), clock_);
  return {};
}

// Also waits until the model is loaded, where the server tells.
base::Status Session::ChooseModel() {
  ProgressLine progress(progress_shown_, 0);
  const base::Time give_up = clock_.Now() + kPatience;
  for (;;) {
    const auto models = FetchModels(*client_, &InterruptGuard::Interrupted);
    if (InterruptGuard::Interrupted()) return base::Fail(Code::kCancelled, "interrupted");
    if (!models) return options_.model.empty() ? base::Fail(models.error()) : base::Status{};
    if (options_.model.empty() && models->size() != 1) {
      std::string names;
      for (const ServedModel& model : *models) names += (names.empty() ? "" : ", ") + model.id;
      return base::Fail(Code::kInvalidArgument,
                        "the server has not exactly one model; name one with --model: " + names);
    }
    if (options_.model.empty()) options_.model = models->front().id;
    bool loading = false;
    for (const ServedModel& model : *models) loading = loading || model.state == "loading";
    if (!loading || clock_.Now() > give_up) return {};
    progress.Say("waiting for the model to load");
    client_->Poll(std::chrono::milliseconds(300));
  }
}

base::Status Session::CountWords() {
  bool needed = replay_lines_.empty();
  for (const ReplayLine& line : replay_lines_) needed = needed || line.body.empty();
  if (!needed) return {};
  ProgressLine progress(progress_shown_, 0);
  progress.Say("counting the tokens of words");
  auto text = CorpusText(options_.corpus);
  if (!text) return base::Fail(text.error());
  words_.sentences = SplitSentences(*text);
  if (words_.sentences.empty()) {
    return base::Fail(Code::kInvalidArgument, "there are no sentences in " + options_.corpus);
  }
  std::map<std::string, double> known;
  if (!options_.words_cache.empty()) {
    auto read = ReadWordCounts(options_.words_cache);
    if (!read) return base::Fail(read.error());
    known = std::move(*read);
  }
  if (auto counted =
          CountTokens(*client_, options_.model, std::move(known), &InterruptGuard::Interrupted, words_);
      !counted) {
    return counted;
  }
  if (!words_.exact)
    std::fputs("lares: the server has no /tokenize; lengths of prompts are estimates\n", stderr);
  return options_.words_cache.empty() ? base::Status{} : WriteWordCounts(options_.words_cache, words_);
}

base::Status Session::MakeWork() {
  auto writer = RequestWriter::Make(options_);
  if (!writer) return base::Fail(writer.error());
  writer_ = std::make_unique<RequestWriter>(std::move(*writer));
  if (!words_.sentences.empty()) prompts_ = std::make_unique<PromptMaker>(words_, *options_.seed);
  if (replay_lines_.empty()) {
    source_ = std::make_unique<MadeUpRequests>(options_, *lengths_, *writer_, *prompts_);
    return {};
  }
  auto replay = MakeReplay(replay_lines_, *writer_, prompts_.get(), options_.replay_speed);
  if (!replay) return base::Fail(replay.error());
  if (replay->timed && !options_.rate) {
    timed_ = std::move(replay->requests);
    KeepWithin(options_.duration, options_.requests, *timed_);
  } else {
    source_ = std::make_unique<ListedRequests>(std::move(replay->requests));
  }
  return {};
}

base::Status Session::Prepare() {
  if (auto done = ReadOptions(); !done) return done;
  // The writer checks --extra; better now than after counting words.
  if (const auto writer = RequestWriter::Make(options_); !writer) return base::Fail(writer.error());
  AllowManyDescriptors();
  if (auto done = Connect(); !done) return done;
  if (auto done = ChooseModel(); !done) return done;
  if (auto done = CountWords(); !done) return done;
  return MakeWork();
}

LoadSettings Session::Settings(ProgressLine& progress) const {
  return {.stream = options_.stream,
          .timeout = options_.timeout,
          .interrupted = [] { return InterruptGuard::Interrupted(); },
          .on_progress = [&progress](const LoadProgress& p) { progress.Show(p); }};
}

void Session::WarmUp() {
  if (options_.warmup == 0 || prompts_ == nullptr) return;
  ProgressLine progress(progress_shown_, static_cast<std::size_t>(options_.warmup));
  LoadLoop loop(*client_, clock_, Settings(progress));
  MadeUpRequests requests(options_, *lengths_, *writer_, *prompts_);
  loop.RunClosed(requests, {.concurrency = static_cast<std::size_t>(options_.concurrency),
                            .requests = static_cast<std::size_t>(options_.warmup),
                            .duration = {}});
}

std::vector<PlannedRequest> Session::PlanOpen() {
  if (timed_) return std::move(*timed_);
  Random random(*options_.seed, kArrivalStream);
  const ArrivalPlan plan{
      .process = options_.arrivals == "constant" ? ArrivalProcess::kConstant : ArrivalProcess::kPoisson,
      .rate = *options_.rate,
      .requests = static_cast<std::size_t>(options_.requests.value_or(0)),
      .duration = options_.duration.value_or(base::Duration{})};
  std::vector<PlannedRequest> requests;
  for (const base::Duration due : PlanArrivals(plan, random)) {
    auto request = source_->Next();
    if (!request) break;
    request->due = due;
    requests.push_back(std::move(*request));
  }
  return requests;
}

std::vector<Outcome> Session::Measure() {
  WarmUp();
  if (options_.rate || timed_) {
    std::vector<PlannedRequest> requests = PlanOpen();
    ProgressLine progress(progress_shown_, requests.size());
    return LoadLoop(*client_, clock_, Settings(progress)).RunOpen(std::move(requests));
  }
  ProgressLine progress(progress_shown_, static_cast<std::size_t>(options_.requests.value_or(0)));
  return LoadLoop(*client_, clock_, Settings(progress))
      .RunClosed(*source_, {.concurrency = static_cast<std::size_t>(options_.concurrency),
                            .requests = static_cast<std::size_t>(options_.requests.value_or(0)),
                            .duration = options_.duration.value_or(base::Duration{})});
}

base::Result<int> Session::Report(const std::vector<Outcome>& outcomes) const {
  const BenchResult result = Evaluate(outcomes, options_);
  const std::string json = ResultJson(result, options_, server_, base::Iso8601(clock_.Wall()), version_);
  const bool json_to_output = options_.json == "-";
  std::FILE* const people = json_to_output ? stderr : stdout;
  std::fputs(base::ForTerminal(ResultTable(result, options_)).c_str(), people);
  if (before_) {
    const auto change = CompareResults(*before_, json);
    if (!change)
      return base::Fail(Code::kInvalidArgument, options_.compare + ": " + change.error().message());
    std::fprintf(people, "\nAgainst %s:\n%s", options_.compare.c_str(), change->c_str());
  }
  if (json_to_output) std::fputs(json.c_str(), stdout);
  if (!json_to_output && !options_.json.empty()) {
    std::ofstream out(options_.json, std::ios::binary);
    out << json;
    out.flush();
    if (!out) return base::Fail(Code::kInternal, "cannot write " + options_.json);
  }
  if (InterruptGuard::Interrupted()) return app::kExitInterrupted;
  // Without a goal, answering anything at all is the goal.
  return result.goal_met && (result.ok > 0 || result.sent == 0) ? app::kExitSuccess : app::kExitFailure;
}

}  // namespace

int Bench(const app::Config& config, const BenchOptions& options, const std::string& version) {
  Session session(config, options, version);
  if (const auto ready = session.Prepare(); !ready) return Complain(ready.error());
  const std::vector<Outcome> outcomes = session.Measure();
  const auto code = session.Report(outcomes);
  return code ? *code : Complain(code.error());
}

}  // namespace lares::cli
