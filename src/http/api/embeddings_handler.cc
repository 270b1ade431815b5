// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <utility>

#include "base/id.h"
#include "http/api/handlers.h"
#include "http/openai/embeddings.h"

namespace lares::http::api {
namespace {

// On the heavy pool.
base::Result<std::string> Embed(service::Services& services, openai::EmbeddingsRequest request,
                                service::Call& call) {
  auto result = services.embedder.Embed(std::move(request.request), call);
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
  RunHeavy(
      api, exchange,
      [&api, exchange, request = std::make_shared<openai::EmbeddingsRequest>(std::move(request))] {
        return Embed(api.services(), std::move(*request), *exchange->call());
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
