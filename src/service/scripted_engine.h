// SPDX-License-Identifier: Apache-2.0
//
// An engine without a model, for tests of what stands above engines. It does what the test says: in the
// default mode each request is answered at once with `words`; after Hold() requests wait until the test makes
// their events. Thread safe.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"

namespace lares::service {

class ScriptedEngine final : public engine::Engine {
 public:
  explicit ScriptedEngine(const base::Clock& clock) : clock_(clock) {
    status_.state = core::EngineState::kReady;
    status_.load_percent = 100;
    status_.model = "scripted";
    status_.form = "F32";
    status_.context_tokens = 2048;
    status_.slots = 4;
    status_.has_chat_template = true;
  }

  // --- for the test ---
  std::vector<std::string> words = {"Hel", "lo", "!"};  // set before the first request
  std::size_t embedding_size = 8;
  std::function<void(const std::stop_token&)> before_embed;  // called in Embed and Rank; set before the first

  void Hold() {
    const std::lock_guard lock(mutex_);
    hold_ = true;
  }
  void RefuseWith(base::Error error) {
    const std::lock_guard lock(mutex_);
    refusal_ = std::move(error);
  }
  void SetStatus(core::EngineStatus status) {
    const std::lock_guard lock(mutex_);
    status_ = std::move(status);
  }

  // Blocks until `count` requests have been submitted in all, and returns the last of them.
  core::GenerateRequest WaitForRequest(std::size_t count = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return requests_.size() >= count; });
    return requests_[count - 1];
  }
  // Blocks until the request has been cancelled; its Terminal has been delivered then.
  void WaitForCancel(const std::string& id) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return std::ranges::find(cancelled_, id) != cancelled_.end(); });
  }

  void Admit(const std::string& id) {
    core::EventBatch batch;
    batch.admitted.push_back({.request = id, .prompt_tokens = 5});
    Send(id, std::move(batch));
  }
  void Say(const std::string& id, std::string text) {
    core::EventBatch batch;
    batch.deltas.push_back({.request = id, .text = std::move(text), .ids = {1}});
    Send(id, std::move(batch));
  }
  void Finish(const std::string& id) {
    core::EventBatch batch;
    batch.deltas.push_back({.request = id, .finish = core::FinishReason::kStop});
    batch.terminals.push_back(End(id, std::nullopt));
    Send(id, std::move(batch));
  }
  void Fail(const std::string& id, base::Error error) {
    core::EventBatch batch;
    batch.terminals.push_back(End(id, std::move(error)));
    Send(id, std::move(batch));
  }
  void Send(const std::string& id, core::EventBatch batch) {
    batch.made = clock_.Now();
    SinkOf(id)->Deliver(std::move(batch));
  }

  // --- engine::Engine ---
  base::Status Submit(core::GenerateRequest request, std::shared_ptr<engine::EventSink> sink) override {
    bool hold = false;
    {
      const std::lock_guard lock(mutex_);
      if (refusal_) return base::Fail(*refusal_);
      hold = hold_;
      sinks_[request.id] = sink;
      requests_.push_back(request);
    }
    changed_.notify_all();
    if (!hold) AnswerAtOnce(request);
    return {};
  }

  void Cancel(const std::string& id) override {
    Fail(id, base::Error(base::Code::kCancelled, "cancelled"));
    {
      const std::lock_guard lock(mutex_);
      cancelled_.push_back(id);
    }
    changed_.notify_all();
  }

  base::Result<std::int32_t> Count(const core::GenerateRequest& request) override {
    const auto* chat = std::get_if<core::ChatPrompt>(&request.prompt);
    return chat == nullptr ? 1 : static_cast<std::int32_t>(chat->messages.size()) * 3;
  }
  // A token per byte.
  base::Result<std::vector<core::TokenId>> Tokenize(const core::TextPrompt& prompt) override {
    std::vector<core::TokenId> tokens;
    if (prompt.add_special) tokens.push_back(256);
    for (const char c : prompt.text) tokens.push_back(static_cast<unsigned char>(c));
    return tokens;
  }
  base::Result<std::string> Detokenize(std::span<const core::TokenId> tokens) override {
    std::string text;
    for (const core::TokenId token : tokens) {
      if (token < 256) text += static_cast<char>(token);
    }
    return text;
  }
  base::Result<core::EmbedAnswer> Embed(const core::EmbedRequest& request,
                                        const std::stop_token& stop) override {
    if (before_embed) before_embed(stop);
    if (stop.stop_requested()) return base::Fail(base::Code::kCancelled, "stopped");
    core::EmbedAnswer answer;
    for (std::size_t i = 0; i < request.inputs.size(); ++i) {
      std::vector<float> vector(embedding_size, 0.0F);
      vector[i % embedding_size] = 1.0F;
      answer.vectors.push_back(std::move(vector));
    }
    answer.prompt_tokens = static_cast<std::int32_t>(request.inputs.size()) * 2;
    return answer;
  }
  // The longer a document is, the better.
  base::Result<core::RankAnswer> Rank(const core::RankRequest& request,
                                      const std::stop_token& stop) override {
    if (before_embed) before_embed(stop);
    if (stop.stop_requested()) return base::Fail(base::Code::kCancelled, "stopped");
    core::RankAnswer answer;
    for (const std::string& document : request.documents) {
      answer.scores.push_back(static_cast<float>(document.size()));
    }
    answer.prompt_tokens = static_cast<std::int32_t>(request.documents.size()) * 2;
    return answer;
  }
  core::EngineStatus Status() const override {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  void AnswerAtOnce(const core::GenerateRequest& request) {
    core::EventBatch batch;
    batch.admitted.push_back({.request = request.id, .prompt_tokens = 5});
    for (std::int32_t choice = 0; choice < request.choices; ++choice) {
      for (std::size_t i = 0; i < words.size(); ++i) {
        core::Delta delta{.request = request.id, .choice = choice, .text = words[i]};
        delta.ids = {static_cast<core::TokenId>(i)};
        if (request.top_logprobs >= 0) delta.logprobs.push_back(LogprobOf(words[i], request.top_logprobs));
        if (i + 1 == words.size()) delta.finish = core::FinishReason::kStop;
        batch.deltas.push_back(std::move(delta));
      }
    }
    core::Terminal end = End(request.id, std::nullopt);
    end.usage.completion_tokens = static_cast<std::int32_t>(words.size()) * request.choices;
    batch.terminals.push_back(std::move(end));
    Send(request.id, std::move(batch));
  }

  static core::TokenLogprob LogprobOf(const std::string& word, std::int32_t top) {
    core::TokenLogprob out;
    out.chosen = {.id = 1, .bytes = word, .logprob = -0.5F};
    for (std::int32_t i = 0; i < top; ++i) {
      out.top.push_back({.id = i, .bytes = std::string(1, static_cast<char>('a' + i)), .logprob = -1.0F});
    }
    return out;
  }

  static core::Terminal End(const std::string& id, std::optional<base::Error> error) {
    core::Terminal end{.request = id, .error = std::move(error)};
    end.usage = {.prompt_tokens = 5, .cached_tokens = 2, .completion_tokens = 3};
    end.timings.first_token = std::chrono::milliseconds(7);
    return end;
  }

  std::shared_ptr<engine::EventSink> SinkOf(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return sinks_.at(id);
  }

  const base::Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool hold_ = false;
  std::optional<base::Error> refusal_;
  core::EngineStatus status_;
  std::vector<core::GenerateRequest> requests_;
  std::vector<std::string> cancelled_;
  std::map<std::string, std::shared_ptr<engine::EventSink>> sinks_;
};

}  // namespace lares::service
