// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "base/id.h"
#include "http/api/handlers.h"
#include "http/openai/tokenize.h"

namespace lares::http::api {
namespace {

// Both run on the heavy pool, body and all: tokenising costs more than the way there.
base::Result<std::string> Tokenize(const service::Services& services, const service::Lifecycle::Work& work,
                                   std::string_view body, const Exchange& exchange) {
  auto request = openai::ParseTokenizeRequest(body);
  exchange.MarkParsed(services.context.clock.Now());
  if (!request) return base::Fail(std::move(request.error()));
  const service::Tokenizer& tokenizer = services.tokenizer;
  service::Call& call = *exchange.call();
  if (auto* chat = std::get_if<core::ChatPrompt>(&request->prompt)) {
    core::GenerateRequest counted;
    counted.id = base::RandomId("count-");
    counted.model = request->model;
    counted.principal = exchange.principal();
    counted.prompt = std::move(*chat);
    const auto result = tokenizer.Count(work, std::move(counted), call);
    if (!result) return base::Fail(result.error());
    return openai::TokenizeAnswer(
        {.count = result->count, .max_model_len = result->context_tokens, .count_only = true});
  }
  const auto result =
      tokenizer.Tokenize(work, exchange.principal(), request->model,
                         std::get<core::TextPrompt>(request->prompt), request->with_pieces, call);
  if (!result) return base::Fail(result.error());
  return openai::TokenizeAnswer({.tokens = result->tokens,
                                 .pieces = result->pieces,
                                 .count = result->count,
                                 .max_model_len = result->context_tokens});
}

base::Result<std::string> Detokenize(const service::Services& services, const service::Lifecycle::Work& work,
                                     std::string_view body, const Exchange& exchange) {
  const auto request = openai::ParseDetokenizeRequest(body);
  exchange.MarkParsed(services.context.clock.Now());
  if (!request) return base::Fail(request.error());
  const auto text = services.tokenizer.Detokenize(work, exchange.principal(), request->model, request->tokens,
                                                  *exchange.call());
  if (!text) return base::Fail(text.error());
  return openai::DetokenizeAnswer(*text);
}

using Work = base::Result<std::string> (*)(const service::Services&, const service::Lifecycle::Work&,
                                           std::string_view, const Exchange&);

void Run(Api& api, const std::shared_ptr<Exchange>& exchange, Work work) {
  auto body = std::make_shared<const std::string>(exchange->TakeBody());
  RunModelWork(
      api, api.services().context.heavy, Busy(), exchange,
      [&api, exchange, body, work](const service::Lifecycle::Work& under_way) {
        return work(api.services(), under_way, *body, *exchange);
      },
      [exchange](base::Result<std::string> answer) {
        if (!answer) return exchange->Respond(answer.error());
        exchange->Respond(Response{.body = std::move(*answer)});
      });
}

}  // namespace

void HandleTokenize(Api& api, std::shared_ptr<Exchange> exchange) { Run(api, exchange, Tokenize); }
void HandleDetokenize(Api& api, std::shared_ptr<Exchange> exchange) { Run(api, exchange, Detokenize); }

}  // namespace lares::http::api
