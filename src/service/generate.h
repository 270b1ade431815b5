// SPDX-License-Identifier: Apache-2.0
//
// The use case "generate": who may ask, which engine answers, and what is written down about it.
//
// A transport opens one Channel per I/O thread and starts its requests through it. All requests of a channel
// share one sink, so that an engine's step costs each I/O thread one wake-up, however many streams it
// carries. The channel stands between engine and transport: it passes every batch on unchanged and keeps the
// accounts (metrics, log record, requests under way), which close at a request's Terminal.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "core/generate_request.h"
#include "core/token_event.h"
#include "engine/engine.h"
#include "service/catalogue.h"
#include "service/lifecycle.h"
#include "service/operation.h"
#include "service/request_log.h"

namespace lares::service {

// The series of one model; see docs/operations/metrics.md.
struct GenerateMetrics {
  GenerateMetrics(base::Metrics& metrics, const std::string& model);

  base::Counter& prompt_tokens;
  base::Counter& cached_tokens;
  base::Counter& completion_tokens;
  base::Histogram& first_token;
  base::Histogram& inter_token;
  base::Histogram& queued;
  base::Histogram& total;
  std::map<std::string, base::Counter*> finished;  // by finish reason
};

struct GenerateLimits {
  std::int32_t max_answer_tokens = 0;  // caps a request's max_tokens; 0: no cap. Engines know it too
  base::Duration request_timeout{};    // from a request's start to its end, embeddings too; zero: no limit
};

class Channel;

class Generator {
 public:
  Generator(const Catalogue& catalogue, Lifecycle& lifecycle, base::Metrics& metrics,
            const base::Clock& clock, GenerateLimits limits);

  // `out` gets every event of every request started through the channel, on the engines' threads.
  std::shared_ptr<Channel> Open(std::shared_ptr<engine::EventSink> out);

 private:
  friend class Channel;
  GenerateMetrics& MetricsOf(const std::string& model) { return *metrics_.at(model); }

  const Catalogue& catalogue_;
  Lifecycle& lifecycle_;
  const base::Clock& clock_;
  const GenerateLimits limits_;
  std::unordered_map<std::string, std::unique_ptr<GenerateMetrics>> metrics_;  // by catalogue name; fixed
};

// Thread safe. The Generator must outlive it and every request started through it.
class Channel final : public engine::EventSink, public std::enable_shared_from_this<Channel> {
 public:
  Channel(Generator& generator, std::shared_ptr<engine::EventSink> out);

  // Checks, completes and submits `request`, whose id must be set and unique. On success exactly one
  // Terminal with that id follows; the answer is the catalogue's name of the model. An error means that no
  // event will come.
  base::Result<std::string> Start(const Operation& operation, core::GenerateRequest request,
                                  std::shared_ptr<Call> call);

  // Ends a request within one step; its Terminal still comes. Unknown ids are ignored.
  void Cancel(const std::string& request_id);

  void Deliver(core::EventBatch batch) override;

 private:
  struct Running {
    std::shared_ptr<Call> call;
    std::shared_ptr<engine::Engine> engine;
    GenerateMetrics* metrics = nullptr;
    std::vector<base::Time> last_token;  // per choice
    core::FinishReason finish = core::FinishReason::kStop;
  };

  void Account(const core::Delta& delta, base::Time made);
  void Account(const core::Terminal& terminal);
  void Forget(const std::string& request_id);

  Generator& generator_;
  const std::shared_ptr<engine::EventSink> out_;
  std::mutex mutex_;
  std::unordered_map<std::string, Running> running_;
};

// The word of a finish reason in logs and metrics: stop, length, tool_calls.
const char* FinishWord(core::FinishReason reason);

}  // namespace lares::service
