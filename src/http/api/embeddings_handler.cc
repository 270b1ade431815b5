// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "base/id.h"
#include "http/api/handlers.h"
#include "http/openai/embeddings.h"

namespace lares::http::api {
namespace {

constexpr std::chrono::seconds kRetryAfter{5};  // those before it take seconds to minutes

// On the pool for embeddings.
base::Result<std::string> Embed(service::Services& services, const service::Lifecycle::Work& work,
                                openai::EmbeddingsRequest request, const std::stop_token& stop,
                                service::Call& call) {
  auto result = services.embedder.Embed(work, std::move(request.request), stop, call);
  if (!result) {
    // An engine speaks of prompts; here they are inputs.
    base::Error error = std::move(result.error());
    if (error.param() == "prompt") error = std::move(error).WithParam("input");
    return base::Fail(std::move(error));
  }
  if (request.dimensions) {
    if (auto cut = openai::Shorten(result->answer.vectors, *request.dimensions); !cut)
      return base::Fail(cut.error());
  }
  return openai::EmbeddingsAnswer(result->model, result->answer, request.base64);
}

void StartEmbed(Api& api, const std::shared_ptr<Exchange>& exchange, openai::EmbeddingsRequest request) {
  request.request.id = base::RandomId("embd-");
  request.request.principal = exchange->principal();
  std::stop_source gone;
  exchange->OnGone([gone]() mutable { gone.request_stop(); });
  RunModelWork(
      api, api.services().context.embeddings, Busy(kRetryAfter), exchange,
      [&api, exchange, stop = gone.get_token(),
       request = std::make_shared<openai::EmbeddingsRequest>(std::move(request))](
          const service::Lifecycle::Work& work) {
        return Embed(api.services(), work, std::move(*request), stop, *exchange->call());
      },
      [exchange](base::Result<std::string> body) {
        if (!body) return exchange->Respond(body.error());
        exchange->Respond(Response{.body = std::move(*body)});
      });
}

}  // namespace

void HandleEmbeddings(Api& api, std::shared_ptr<Exchange> exchange) {
  ReadBody(
      api, exchange, openai::ParseEmbeddingsRequest,
      [&api, exchange](openai::EmbeddingsRequest request) { StartEmbed(api, exchange, std::move(request)); });
}

}  // namespace lares::http::api
