// SPDX-License-Identifier: Apache-2.0
//
// CountTokens of word_table.h: many small questions at a time.
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/bench/word_table.h"
#include "cli/stream_event.h"

namespace lares::cli {
namespace {

using base::Code;
using Json = nlohmann::json;

constexpr std::size_t kAtOnce = 16;
constexpr auto kTimeout = std::chrono::seconds(60);
constexpr auto kTick = std::chrono::milliseconds(100);

using Interrupted = std::function<bool()>;

std::unexpected<base::Error> Stopped(Transport& transport) {
  transport.CancelAll();
  return base::Fail(Code::kCancelled, "interrupted");
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// "content" is llama-server's word, "prompt" vLLM's; both tolerate the other's.
std::string TokenizeBody(const std::string& model, const std::string& text) {
  Json body = {{"content", text}, {"prompt", text}, {"add_special_tokens", false}};
  if (!model.empty()) body["model"] = model;
  return Dump(body);
}

std::optional<double> CountIn(std::string_view body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  const auto count = json.find("count");
  if (count != json.end() && count->is_number_integer()) return count->get<double>();
  const auto tokens = json.find("tokens");
  if (tokens != json.end() && tokens->is_array()) return static_cast<double>(tokens->size());
  return {};
}

class Question final : public Receiver {
 public:
  explicit Question(std::string the_word) : word(std::move(the_word)) {}
  bool OnBytes(base::Time, std::string_view bytes) override {
    body.append(bytes);
    return body.size() < 1U << 20U;
  }
  void OnEnd(base::Time, const HttpEnd& the_end) override { end = the_end; }

  const std::string word;
  std::string body;
  std::optional<HttpEnd> end;
};

base::Error Unusable(const HttpEnd& end, std::string_view body) {
  if (!end.failure.empty()) return {Code::kUnavailable, end.failure};
  const std::string message = ParseErrorBody(body).message;
  return {Code::kInternal,
          message.empty() ? "/tokenize answers with status " + std::to_string(end.status) : message};
}

base::Status CountAll(Transport& transport, const std::string& model, const std::vector<std::string>& words,
                      const Interrupted& interrupted, WordTable& table) {
  std::deque<std::unique_ptr<Question>> asked;
  std::size_t next = 0;
  while (next < words.size() || !asked.empty()) {
    while (next < words.size() && asked.size() < kAtOnce) {
      asked.push_back(std::make_unique<Question>(words[next++]));
      transport.Start(
          {.path = "/tokenize", .body = TokenizeBody(model, " " + asked.back()->word), .timeout = kTimeout},
          *asked.back());
    }
    while (!asked.front()->end) {
      if (interrupted()) return Stopped(transport);
      transport.Poll(kTick);
    }
    if (interrupted()) return Stopped(transport);
    const Question& oldest = *asked.front();
    const auto count = oldest.end->status == 200 ? CountIn(oldest.body) : std::nullopt;
    if (!count) {
      const base::Error error = Unusable(*oldest.end, oldest.body);
      transport.CancelAll();
      return base::Fail(error);
    }
    table.tokens[oldest.word] = std::max(1.0, *count);
    asked.pop_front();
  }
  return {};
}

// Without /tokenize: how many tokens did two hundred words make?
base::Status UseMean(Transport& transport, const std::string& model, const Interrupted& interrupted,
                     WordTable& table) {
  std::string text;
  std::size_t words = 0;
  for (const auto& sentence : table.sentences) {
    for (const std::string& word : sentence) text += " " + word;
    words += sentence.size();
    if (words >= 200) break;
  }
  Json body = {{"prompt", text}, {"max_tokens", 1}};
  if (!model.empty()) body["model"] = model;
  const HttpAnswer answer =
      Fetch(transport, {.path = "/v1/completions", .body = Dump(body), .timeout = kTimeout},
            {.interrupted = interrupted});
  if (interrupted()) return Stopped(transport);
  const StreamEvent event = ParseWholeAnswer(answer.body);
  if (answer.end.status != 200 || !event.usage || event.usage->prompt <= 0 || words == 0) {
    return base::Fail(
        Code::kFailedPrecondition,
        "the server has no /tokenize and its completions say no usage: prompts of a wanted length "
        "cannot be made; use --replay");
  }
  const double mean = static_cast<double>(event.usage->prompt) / static_cast<double>(words);
  for (const std::string& word : table.Words()) table.tokens[word] = mean;
  table.exact = false;
  return {};
}

}  // namespace

base::Status CountTokens(Transport& transport, const std::string& model, std::map<std::string, double> known,
                         const Interrupted& interrupted, WordTable& table) {
  const auto stop = [&] { return interrupted && interrupted(); };
  table.tokens = {known.begin(), known.end()};
  std::vector<std::string> missing;
  for (std::string& word : table.Words()) {
    if (!table.tokens.contains(word)) missing.push_back(std::move(word));
  }
  if (!missing.empty()) {
    // One first: whether there is a /tokenize at all.
    const HttpAnswer first =
        Fetch(transport,
              {.path = "/tokenize", .body = TokenizeBody(model, " " + missing.front()), .timeout = kTimeout},
              {.interrupted = stop});
    if (stop()) return Stopped(transport);
    if (!first.end.failure.empty()) return base::Fail(Code::kUnavailable, first.end.failure);
    const bool absent = first.end.status == 404 && ParseErrorBody(first.body).code != "model_not_found";
    if (absent || first.end.status == 405) return UseMean(transport, model, stop, table);
    if (auto counted = CountAll(transport, model, missing, stop, table); !counted) return counted;
  }
  table.FindFillers();
  return {};
}

}  // namespace lares::cli
