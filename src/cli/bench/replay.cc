// SPDX-License-Identifier: Apache-2.0
//
// Replay files of workload.h.
#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "cli/bench/workload.h"

namespace lares::cli {
namespace {

using base::Code;
using Json = nlohmann::ordered_json;

constexpr double kLatest = 7.0 * 24 * 3600;

std::unexpected<base::Error> WrongLine(std::size_t line, const std::string& what) {
  return base::Fail(Code::kInvalidArgument, "replay file, line " + std::to_string(line) + ": " + what);
}

bool ReadLength(const Json& json, const char* key, std::int32_t& out) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_integer()) return false;
  const auto value = found->get<std::int64_t>();
  if (value < 1 || value > LengthDistribution::kMost) return false;
  out = static_cast<std::int32_t>(value);
  return true;
}

base::Result<ReplayLine> ParseLine(const Json& json, std::size_t number) {
  ReplayLine line;
  if (const auto at = json.find("at"); at != json.end()) {
    if (!at->is_number() || !(at->get<double>() >= 0 && at->get<double>() <= kLatest)) {
      return WrongLine(number, "\"at\" is a number of seconds from 0 to a week");
    }
    line.at = at->get<double>();
  }
  if (const auto body = json.find("body"); body != json.end()) {
    line.body = body->dump(-1, ' ', false, Json::error_handler_t::replace);
    return line;
  }
  if (json.contains("messages") || json.contains("prompt")) {
    Json body = json;
    body.erase("at");
    line.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return line;
  }
  if (!ReadLength(json, "prompt_tokens", line.prompt_tokens) ||
      !ReadLength(json, "output_tokens", line.output_tokens)) {
    return WrongLine(number, "expected \"body\", a bare body, or \"prompt_tokens\" and \"output_tokens\"");
  }
  return line;
}

}  // namespace

base::Result<std::vector<ReplayLine>> ParseReplay(std::string_view text) {
  std::vector<ReplayLine> lines;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view raw = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    ++number;
    if (raw.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    // Bodies are dumped again below, and dumping recurses; parsing does not.
    const auto too_deep = [](int depth, Json::parse_event_t, Json&) { return depth < 64; };
    const Json json = Json::parse(raw, too_deep, /*allow_exceptions=*/false);
    if (!json.is_object()) return WrongLine(number, "no JSON object");
    auto line = ParseLine(json, number);
    if (!line) return base::Fail(line.error());
    lines.push_back(std::move(*line));
  }
  if (lines.empty()) return base::Fail(Code::kInvalidArgument, "the replay file has no requests");
  return lines;
}

base::Result<Replay> MakeReplay(const std::vector<ReplayLine>& lines, const RequestWriter& writer,
                                PromptMaker* prompts, double speed) {
  Replay replay;
  replay.timed = std::ranges::all_of(lines, [](const ReplayLine& line) { return line.at.has_value(); });
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const ReplayLine& line = lines[i];
    base::Result<PlannedRequest> request = base::Fail(Code::kInternal, "no prompts");
    if (!line.body.empty()) {
      request = writer.FromBody(line.body);
    } else if (prompts != nullptr) {
      request = writer.FromPrompt(prompts->Unique(line.prompt_tokens), line.output_tokens);
    }
    if (!request) return WrongLine(i + 1, request.error().message());
    if (replay.timed) request->due = base::FromSeconds(*line.at / speed);
    replay.requests.push_back(std::move(*request));
  }
  std::ranges::stable_sort(replay.requests, {}, &PlannedRequest::due);
  return replay;
}

void KeepWithin(std::optional<base::Duration> duration, std::optional<std::int32_t> most,
                std::vector<PlannedRequest>& requests) {
  if (duration) {
    requests.erase(std::ranges::lower_bound(requests, *duration, {}, &PlannedRequest::due), requests.end());
  }
  if (most && requests.size() > static_cast<std::size_t>(*most)) {
    requests.erase(requests.begin() + *most, requests.end());
  }
}

}  // namespace lares::cli
