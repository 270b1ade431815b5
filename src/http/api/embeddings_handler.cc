// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "base/id.h"
#include "http/api/handlers.h"
#include "http/api/vector_work.h"
#include "http/openai/embeddings.h"

namespace lares::http::api {
namespace {

base::Result<std::string> Embed(service::Services& services, const service::Lifecycle::Work& work,
                                const openai::EmbeddingsRequest& request, const std::stop_token& stop,
                                service::Call& call) {
  auto result = services.embedder.Embed(work, request.request, stop, call);
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
  RunVectorWork(api, exchange,
                [&api, exchange, request = std::move(request)](const service::Lifecycle::Work& work,
                                                               const std::stop_token& stop) {
                  return Embed(api.services(), work, request, stop, *exchange->call());
                });
}

}  // namespace

void HandleEmbeddings(Api& api, std::shared_ptr<Exchange> exchange) {
  ReadBody(
      api, exchange, openai::ParseEmbeddingsRequest,
      [&api, exchange](openai::EmbeddingsRequest request) { StartEmbed(api, exchange, std::move(request)); });
}

}  // namespace lares::http::api
