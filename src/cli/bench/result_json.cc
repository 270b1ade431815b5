// SPDX-License-Identifier: Apache-2.0
//
// ResultJson and CompareResults of bench_result.h.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include <nlohmann/json.hpp>

#include "cli/bench/bench_result.h"
#include "cli/bench/number_text.h"
#include "cli/text_table.h"

namespace lares::cli {
namespace {

using base::Code;
using Json = nlohmann::ordered_json;

// Microseconds are as precise as anything here.
double Rounded(double value) { return std::round(value * 1e3) / 1e3; }

// null: infinite, because the request of that rank was not answered ("missing" counts those).
Json Figure(double value) { return std::isfinite(value) ? Json(Rounded(value)) : Json(nullptr); }

Json ToJson(const Distribution& d) {
  if (d.count + d.missing == 0) return nullptr;
  return Json{{"p50", Figure(d.p50)}, {"p95", Figure(d.p95)},   {"p99", Figure(d.p99)},
              {"max", Figure(d.max)}, {"mean", Figure(d.mean)}, {"count", d.count},
              {"missing", d.missing}};
}

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json Milliseconds(const std::optional<base::Duration>& value) {
  return value ? Json(base::Milliseconds(*value)) : Json(nullptr);
}

// What decides the figures; two runs are comparable when these agree.
Json ToJson(const BenchOptions& o) {
  return Json{{"api", o.api},
              {"stream", o.stream},
              {"concurrency", o.rate ? Json(nullptr) : Json(o.concurrency)},
              {"rate", OrNull(o.rate)},
              {"arrivals", o.rate ? Json(o.arrivals) : Json(nullptr)},
              {"requests", OrNull(o.requests)},
              {"duration_ms", Milliseconds(o.duration)},
              {"prompt_tokens", o.prompt_tokens},
              {"output_tokens", o.output_tokens},
              {"shared_prefix", o.shared_prefix},
              {"prefix_groups", o.prefix_groups},
              {"replay", o.replay},
              {"replay_speed", o.replay_speed},
              {"ignore_eos", o.ignore_eos},
              {"fresh_connections", o.fresh_connections},
              {"extra", o.extra},
              {"slo_ttft_ms", Milliseconds(o.slo_ttft)},
              {"slo_itl_ms", Milliseconds(o.slo_itl)}};
}

struct Row {
  const char* name;
  const char* pointer;  // into the JSON
  bool more_is_better;
};

constexpr std::array kRows = {
    Row{"tokens/s out", "/throughput/output_tokens_per_second", true},
    Row{"requests/s", "/throughput/requests_per_second", true},
    Row{"TTFT p50, ms", "/ttft_ms/p50", false},
    Row{"TTFT p95, ms", "/ttft_ms/p95", false},
    Row{"TTFT p99, ms", "/ttft_ms/p99", false},
    Row{"ITL p50, ms", "/itl_ms/p50", false},
    Row{"ITL p95, ms", "/itl_ms/p95", false},
    Row{"ITL p99, ms", "/itl_ms/p99", false},
    Row{"ITL max, ms", "/itl_ms/max", false},
    Row{"whole answer p50, ms", "/total_ms/p50", false},
    Row{"whole answer p99, ms", "/total_ms/p99", false},
    Row{"good share", "/goodput/share", true},
    Row{"refused", "/counts/refused", false},
    Row{"failed", "/counts/failed", false},
};

// Infinite where a figure stands for requests that were not answered; nothing where there is no figure.
std::optional<double> At(const Json& json, const char* pointer) {
  const Json::json_pointer path(pointer);
  const Json* value = json.contains(path) ? &json.at(path) : nullptr;
  if (value == nullptr) return {};
  if (value->is_null()) return std::numeric_limits<double>::infinity();
  if (!value->is_number()) return {};
  return value->get<double>();
}

std::string Change(const Row& row, double before, double after) {
  if (before == after) return "=";
  const bool better = (after > before) == row.more_is_better;
  const char* word = better ? "better" : "worse";
  if (before == 0 || std::isinf(before) || std::isinf(after)) return word;
  return NumberText(after / before) + "x " + word;
}

// "a, b" for the options whose values differ.
std::string Differences(const Json& before, const Json& after) {
  std::string names;
  for (const auto& [key, value] : after.items()) {
    if (before.is_object() && before.contains(key) && before.at(key) == value) continue;
    names += (names.empty() ? "" : ", ") + key;
  }
  return names;
}

}  // namespace

std::string ResultJson(const BenchResult& r, const BenchOptions& options, const std::string& server,
                       const std::string& started, const std::string& version) {
  Json json{{"tool", "lares bench"},     {"version", version},     {"started", started},
            {"server", server},          {"model", options.model}, {"seed", OrNull(options.seed)},
            {"options", ToJson(options)}};
  json["counts"] = {{"sent", r.sent},
                    {"ok", r.ok},
                    {"refused", r.refused},
                    {"failed", r.failed},
                    {"unfinished", r.unfinished}};
  json["errors"] = r.errors;
  json["seconds"] = Rounded(r.seconds);
  json["tokens"] = {
      {"prompt", r.prompt_tokens}, {"output", r.output_tokens}, {"cached", OrNull(r.cached_tokens)}};
  json["throughput"] = {{"requests_per_second", Rounded(r.requests_per_second)},
                        {"output_tokens_per_second", Rounded(r.output_tokens_per_second)},
                        {"total_tokens_per_second", Rounded(r.total_tokens_per_second)}};
  json["ttft_ms"] = ToJson(r.latencies.ttft);
  json["itl_ms"] = ToJson(r.latencies.itl);
  json["total_ms"] = ToJson(r.latencies.total);
  json["answered_only"] = {{"ttft_ms", ToJson(r.answered.ttft)},
                           {"itl_ms", ToJson(r.answered.itl)},
                           {"total_ms", ToJson(r.answered.total)}};
  json["lateness_ms"] = ToJson(r.lateness);
  json["goodput"] = {{"good", r.good},
                     {"share", Rounded(r.good_share)},
                     {"per_second", Rounded(r.good_per_second)},
                     {"wanted", options.slo_share},
                     {"goal", r.has_goal},
                     {"met", r.goal_met}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::Result<std::string> CompareResults(std::string_view before, std::string_view after) {
  const Json old = Json::parse(before, nullptr, /*allow_exceptions=*/false);
  const Json now = Json::parse(after, nullptr, /*allow_exceptions=*/false);
  if (!old.is_object() || !old.contains("throughput") || !old.contains("options")) {
    return base::Fail(Code::kInvalidArgument, "not a result of `lares bench --json`");
  }
  std::string text;
  const std::string differences = Differences(old.at("options"), now.at("options"));
  if (!differences.empty()) text += "The two runs differ in what was asked: " + differences + "\n";
  TextTable table({"", "before", "now", "change"});
  for (const Row& row : kRows) {
    const auto was = At(old, row.pointer);
    const auto is = At(now, row.pointer);
    if (!was || !is || (*was == 0 && *is == 0)) continue;
    table.Add({row.name, FigureText(*was), FigureText(*is), Change(row, *was, *is)});
  }
  return text + table.Text();
}

}  // namespace lares::cli
