// SPDX-License-Identifier: Apache-2.0
//
// One answer on its way: starts the engine requests behind an HTTP request (several, when a completion has
// several prompts), follows their events and tells the client, streaming or whole. Lives on the connection's
// thread until each of its requests has ended, also when the client has gone before.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/generate_request.h"
#include "http/api/answer_style.h"
#include "http/api/api.h"
#include "http/api/event_hub.h"
#include "http/exchange.h"
#include "service/operation.h"

namespace lares::http::api {

class GenerateJob final : public EventListener, public std::enable_shared_from_this<GenerateJob> {
 public:
  GenerateJob(Api& api, std::shared_ptr<Exchange> exchange, std::unique_ptr<AnswerStyle> style, bool stream);

  // `id` is the answer's; requests get theirs from it. At least one request.
  void Start(const service::Operation& operation, std::string id,
             std::vector<core::GenerateRequest> requests);

  void OnWaiting(const core::Waiting& event) override;
  void OnAdmitted(const core::Admitted& event) override;
  void OnDelta(core::Delta event) override;
  void OnTerminal(const core::Terminal& event) override;
  void OnStepEnd(base::Time made) override;

 private:
  bool StartAll(const service::Operation& operation, std::vector<core::GenerateRequest> requests);
  void BeginStream();
  void Fail(base::Error error);
  void CancelAll();
  void Complete();
  void RespondWhole();

  Api& api_;
  const Lane& lane_;  // not owned: the hub in it owns this job
  const std::shared_ptr<Exchange> exchange_;
  const std::unique_ptr<AnswerStyle> style_;
  const bool stream_;

  std::unordered_map<std::string, std::int32_t> first_choice_;  // by request still running
  std::vector<openai::ChoiceText> choices_;                     // not a stream: all of it
  std::size_t held_bytes_ = 0;                                  // in choices_, about
  std::vector<bool> begun_;                                     // stream: AppendBegin was said, per choice
  core::Usage usage_;                                           // of the ended requests
  core::Usage so_far_;                                          // as seen in the events
  std::string pending_;                                         // this step's bytes
  bool streaming_ = false;                                      // headers are out
  bool finishing_ = false;                                      // pending_ is the stream's last
  bool over_ = false;                                           // the client has been told all, or has gone
};

}  // namespace lares::http::api
