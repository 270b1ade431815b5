// SPDX-License-Identifier: Apache-2.0
//
// One line per finished request. What a client sent and what a model answered is kept out, at every level,
// unless `log_content` says otherwise; error messages are kept out too, because they may quote the request
// (the stable reason is logged instead). Thread safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "core/principal.h"
#include "core/token_event.h"

namespace lares::service {

struct RequestRecord {
  std::string id;     // the request id the client sees
  std::string route;  // as the transport names it, e.g. "POST /v1/chat/completions"
  std::string operation;
  std::string peer;  // the client's address as far as it can be believed
  core::Principal principal;
  std::string model;  // the catalogue's name, never the client's bytes
  core::Usage usage;
  core::Timings timings;  // of the slowest part, where a request has several
  std::string finish;     // stop, length, tool_calls, cancelled, error; empty: nothing was generated
  std::string error;      // reason or code
  int status = 0;         // the transport's own status number
  base::Duration total{};
  bool quiet = false;  // probes and scrapes: logged at debug level
  std::string prompt;  // filled with log_content only
  std::string answer;
};

class RequestLog {
 public:
  RequestLog(base::Logger& logger, bool log_content) : logger_(logger), log_content_(log_content) {}

  bool log_content() const { return log_content_; }
  void Write(const RequestRecord& record);

 private:
  base::Logger& logger_;
  const bool log_content_;
};

// One request on its way. The transport makes it at arrival and shares it with whoever still works for the
// request; the line is written when the last of them lets go. Thread safe.
class Call {
 public:
  Call(RequestLog& log, const base::Clock& clock, RequestRecord start);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void SetPrincipal(const core::Principal& principal);
  void SetModel(const std::string& name);
  void SetStatus(int status);
  void SetError(const base::Error& error);
  // Adds a part's end: usage sums up, timings keep the slowest.
  void Settle(const core::Terminal& terminal, std::string_view finish);

  bool log_content() const { return log_.log_content(); }
  void AddPrompt(std::string_view text);
  void AddAnswer(std::string_view text);

  std::string id() const { return id_; }

 private:
  RequestLog& log_;
  const base::Clock& clock_;
  const base::Time arrived_;
  const std::string id_;
  mutable std::mutex mutex_;
  RequestRecord record_;
};

}  // namespace lares::service
