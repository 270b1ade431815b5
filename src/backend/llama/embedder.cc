// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/embedder.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Error;
using base::Fail;
using base::Result;
using base::Status;
using Inputs = std::span<const std::vector<core::TokenId>>;

// How soon one that waits for others is found to be unwanted.
constexpr std::chrono::milliseconds kLook{50};

}  // namespace

Embedder::Embedder(llama_model* model, const EmbedContext::Options& options)
    : model_(model), options_(options) {}

Status Embedder::CheckInputs(Inputs inputs) const {
  const std::int32_t vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model_));
  const std::int32_t most = options_.shape.max_tokens;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string param = inputs.size() == 1 ? "input" : Sentence("input[", i, "]");
    if (inputs[i].empty()) return Fail(Error(Code::kInvalidArgument, "the input is empty").WithParam(param));
    if (inputs[i].size() > static_cast<std::size_t>(most)) {
      return Fail(Error(Code::kInvalidArgument, Sentence("the input has ", inputs[i].size(),
                                                         " tokens; this model embeds at most ", most))
                      .WithReason("context_length_exceeded")
                      .WithParam(param));
    }
    for (const core::TokenId token : inputs[i]) {
      if (token >= 0 && token < vocabulary) continue;
      return Fail(
          Error(Code::kInvalidArgument, Sentence("token ", token, " is outside this model's vocabulary"))
              .WithParam(param));
    }
  }
  return {};
}

Status Embedder::Open() {
  if (context_) return {};
  auto opened = EmbedContext::Open(model_, options_);
  if (!opened) return Fail(opened.error());
  context_ = std::move(*opened);
  return {};
}

Result<std::vector<std::vector<float>>> Embedder::Embed(Inputs inputs, const std::function<bool()>& stopped) {
  if (auto ok = CheckInputs(inputs); !ok) return Fail(ok.error());
  Job job{.inputs = inputs,
          .stopped = stopped,
          .vectors = std::vector<std::vector<float>>(inputs.size()),
          .error = std::nullopt};
  std::unique_lock lock(mutex_);
  if (!inputs.empty()) jobs_.push_back(&job);
  while (!job.over()) {
    if (!computing_) {
      ComputeOne(lock);
    } else if (changed_.wait_for(lock, kLook) == std::cv_status::timeout && job.taken == job.computed &&
               stopped()) {
      job.error = Error(Code::kCancelled, "embedding was stopped");
    }
  }
  jobs_.remove(&job);
  // Others may have waited for what this one computed, and one of them goes on.
  changed_.notify_all();
  if (!job.error && stopped()) return Fail(Code::kCancelled, "embedding was stopped");
  if (job.error) return Fail(std::move(*job.error));
  return std::move(job.vectors);
}

// `lock` is released meanwhile.
void Embedder::ComputeOne(std::unique_lock<std::mutex>& lock) {
  computing_ = true;
  const Batch batch = TakeBatch();
  lock.unlock();
  auto result = Compute(batch);
  lock.lock();
  Give(batch, std::move(result));
  computing_ = false;
  changed_.notify_all();
}

Embedder::Batch Embedder::TakeBatch() {
  Batch batch;
  std::size_t rows = 0;
  const auto fits = [&](const std::vector<core::TokenId>& input) {
    return batch.texts.empty() || (batch.texts.size() < static_cast<std::size_t>(options_.shape.texts) &&
                                   rows + input.size() <= static_cast<std::size_t>(options_.shape.rows));
  };
  // Each is looked at once: what is left of one goes behind the others.
  for (std::size_t left = jobs_.size(); left > 0; --left) {
    Job& job = *jobs_.front();
    jobs_.pop_front();
    while (job.taken < job.inputs.size() && fits(job.inputs[job.taken])) {
      rows += job.inputs[job.taken].size();
      batch.texts.emplace_back(job.inputs[job.taken]);
      batch.places.push_back({&job, job.taken++});
    }
    const bool untouched = batch.places.empty() || batch.places.back().job != &job;
    if (untouched) {  // the batch is full: the order stays
      jobs_.push_front(&job);
      break;
    }
    if (job.taken < job.inputs.size()) jobs_.push_back(&job);
  }
  return batch;
}

Result<std::vector<std::vector<float>>> Embedder::Compute(const Batch& batch) {
  std::vector<Job*> jobs;
  for (const Batch::Place& place : batch.places) {
    if (jobs.empty() || jobs.back() != place.job) jobs.push_back(place.job);
  }
  // All are asked, each time: who is asked also hears that work goes on.
  const auto stopped = [&] {
    return std::ranges::count_if(jobs, [](const Job* job) { return job->stopped(); }) ==
           static_cast<std::ptrdiff_t>(jobs.size());
  };
  try {
    if (auto ok = Open(); !ok) return Fail(ok.error());
    return context_->Compute(batch.texts, stopped);
  } catch (const std::exception& e) {  // others wait for this thread
    return Fail(Code::kInternal, Sentence("embedding failed: ", e.what()));
  }
}

void Embedder::Give(const Batch& batch, Result<std::vector<std::vector<float>>> result) {
  for (std::size_t i = 0; i < batch.places.size(); ++i) {
    Job& job = *batch.places[i].job;
    ++job.computed;
    if (result) {
      job.vectors[batch.places[i].input] = std::move((*result)[i]);
    } else {
      job.error = result.error();
      jobs_.remove(&job);
    }
  }
}

}  // namespace lares::backend::llama
