// SPDX-License-Identifier: Apache-2.0
#include "http/api/route_table.h"

#include <memory>
#include <utility>

#include "http/api/api.h"
#include "http/api/handlers.h"
#include "service/operation.h"

namespace lares::http::api {

std::vector<Route> RouteTable(service::Services& services) {
  const auto api = std::make_shared<Api>(services);
  const auto to = [&api](void (*handle)(Api&, std::shared_ptr<Exchange>)) {
    return [api, handle](std::shared_ptr<Exchange> exchange) { handle(*api, std::move(exchange)); };
  };
  using enum Method;
  using enum BodyKind;
  using namespace service::operations;
  // clang-format off
  return {
      {kPost, "/v1/chat/completions", kChat,          kJson, to(HandleChat)},
      {kPost, "/v1/completions",      kComplete,      kJson, to(HandleCompletion)},
      {kPost, "/v1/embeddings",       kEmbed,         kJson, to(HandleEmbeddings)},
      {kPost, "/v1/rerank",           kRank,          kJson, to(HandleRerank)},
      {kPost, "/tokenize",            kTokenize,      kJson, to(HandleTokenize)},
      {kPost, "/detokenize",          kDetokenize,    kJson, to(HandleDetokenize)},
      {kGet,  "/v1/models",           kListModels,    kNone, to(HandleListModels)},
      {kGet,  "/v1/models/{id}",      kDescribeModel, kNone, to(HandleDescribeModel)},
      {kGet,  "/health",              kHealth,        kNone, to(HandleHealth)},
      {kGet,  "/livez",               kLiveness,      kNone, to(HandleLiveness)},
      {kGet,  "/readyz",              kReadiness,     kNone, to(HandleReadiness)},
      {kGet,  "/metrics",             kReadMetrics,   kNone, to(HandleMetrics)},
      {kGet,  "/version",             kAbout,         kNone, to(HandleVersion)},
      {kGet,  "/",                    kAbout,         kNone, to(HandleRoot)},
  };
  // clang-format on
}

}  // namespace lares::http::api
