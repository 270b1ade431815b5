// SPDX-License-Identifier: Apache-2.0
//
// ResultTable of bench_result.h.
#include <cstdio>
#include <limits>

#include "cli/bench/bench_result.h"
#include "cli/bench/number_text.h"
#include "cli/text_table.h"

namespace lares::cli {
namespace {

std::string Counts(const BenchResult& r, const BenchOptions& options) {
  std::string text = std::to_string(r.sent) + " requests sent, " + std::to_string(r.ok) + " answered";
  if (r.refused > 0) text += ", " + std::to_string(r.refused) + " refused";
  if (r.failed > 0) text += ", " + std::to_string(r.failed) + " failed";
  if (r.unfinished > 0) text += ", " + std::to_string(r.unfinished) + " not finished";
  text += ", in " + NumberText(r.seconds) + " s";
  return text + (options.seed ? " (seed " + std::to_string(*options.seed) + ")\n" : "\n");
}

std::string Tokens(const BenchResult& r) {
  if (r.ok == 0) return {};
  const auto each = static_cast<double>(r.ok);
  std::string text = "Tokens: " + NumberText(static_cast<double>(r.prompt_tokens) / each) + " in";
  if (r.cached_tokens) text += " (" + NumberText(static_cast<double>(*r.cached_tokens) / each) + " cached)";
  return text + ", " + NumberText(static_cast<double>(r.output_tokens) / each) + " out, per request\n" +
         "Throughput: " + NumberText(r.output_tokens_per_second) + " tokens/s out, " +
         NumberText(r.total_tokens_per_second) + " tokens/s in all, " + NumberText(r.requests_per_second) +
         " requests/s\n";
}

void AddRow(TextTable& table, const char* name, const Distribution& d) {
  if (d.count == 0) return;
  table.Add({name, FigureText(d.p50), FigureText(d.p95), FigureText(d.p99), FigureText(d.max),
             FigureText(d.mean), std::to_string(d.count)});
}

void AddRows(TextTable& table, const char* name, const Distribution& all, const Distribution& answered) {
  AddRow(table, name, all);
  if (all.missing > 0) AddRow(table, "  answered only", answered);
}

std::string Missing(const BenchResult& r) {
  if (r.latencies.total.missing == 0) return {};
  return "The " + std::to_string(r.latencies.total.missing) +
         " refused or failed count as infinitely late: \"" +
         FigureText(std::numeric_limits<double>::infinity()) + "\" where a rank falls on one.\n";
}

std::string Goal(const BenchResult& r, const BenchOptions& options) {
  if (!r.has_goal) return {};
  std::string goal;
  if (options.slo_ttft) goal += "TTFT <= " + NumberText(base::Milliseconds(*options.slo_ttft)) + " ms";
  if (options.slo_itl)
    goal += (goal.empty() ? "" : ", ") + ("mean ITL <= " + NumberText(base::Milliseconds(*options.slo_itl))) +
            " ms";
  return "Goodput: " + NumberText(r.good_per_second) + " requests/s; " + NumberText(r.good_share * 100) +
         " % good (" + goal + "), wanted " + NumberText(options.slo_share * 100) +
         " %: " + (r.goal_met ? "met" : "MISSED") + "\n";
}

}  // namespace

std::string ResultTable(const BenchResult& result, const BenchOptions& options) {
  std::string text = Counts(result, options) + Tokens(result);
  TextTable table({"ms", "p50", "p95", "p99", "max", "mean", "values"});
  AddRows(table, "time to first token", result.latencies.ttft, result.answered.ttft);
  AddRows(table, "between two tokens", result.latencies.itl, result.answered.itl);
  AddRows(table, "whole answer", result.latencies.total, result.answered.total);
  if (options.rate || !options.replay.empty()) AddRow(table, "sent late by", result.lateness);
  if (result.ok > 0) text += "\n" + table.Text() + Missing(result) + "\n";
  text += Goal(result, options);
  for (const auto& [error, count] : result.errors)
    text += "Error, " + std::to_string(count) + " times: " + error + "\n";
  return text;
}

}  // namespace lares::cli
