// SPDX-License-Identifier: Apache-2.0
//
// How embeddings and rankings are answered: on their own pool, where each may take minutes, and no longer
// than their client listens.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "http/api/api.h"
#include "http/exchange.h"

namespace lares::http::api {

using VectorWork = std::function<base::Result<std::string>(const service::Lifecycle::Work& work,
                                                           const std::stop_token& stop)>;

// Calls `compute`, and answers with the body that it made.
inline void RunVectorWork(Api& api, const std::shared_ptr<Exchange>& exchange, VectorWork compute) {
  static constexpr std::chrono::seconds kRetryAfter{5};  // those before it take seconds to minutes
  std::stop_source gone;
  exchange->OnGone([gone]() mutable { gone.request_stop(); });
  RunModelWork(
      api, api.services().context.embeddings, Busy(kRetryAfter), exchange,
      [compute = std::move(compute), stop = gone.get_token()](const service::Lifecycle::Work& work) {
        return compute(work, stop);
      },
      [exchange](base::Result<std::string> body) {
        if (!body) return exchange->Respond(body.error());
        exchange->Respond(Response{.body = std::move(*body)});
      });
}

}  // namespace lares::http::api
