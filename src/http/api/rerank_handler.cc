// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "base/id.h"
#include "http/api/handlers.h"
#include "http/api/vector_work.h"
#include "http/openai/rerank.h"

namespace lares::http::api {
namespace {

void StartRank(Api& api, const std::shared_ptr<Exchange>& exchange, openai::RerankRequest request) {
  request.request.id = base::RandomId("rerank-");
  request.request.principal = exchange->principal();
  RunVectorWork(
      api, exchange,
      [&api, exchange, request = std::move(request)](
          const service::Lifecycle::Work& work, const std::stop_token& stop) -> base::Result<std::string> {
        auto result = api.services().embedder.Rank(work, request.request, stop, *exchange->call());
        if (!result) return base::Fail(result.error());
        return openai::RerankAnswer(result->model, request, result->answer);
      });
}

}  // namespace

void HandleRerank(Api& api, std::shared_ptr<Exchange> exchange) {
  ReadBody(api, exchange, openai::ParseRerankRequest,
           [&api, exchange](openai::RerankRequest request) { StartRank(api, exchange, std::move(request)); });
}

}  // namespace lares::http::api
