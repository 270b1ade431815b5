// SPDX-License-Identifier: Apache-2.0
//
// What answers each route. All are called on the connection's thread and return at once.
#pragma once

#include <memory>

#include "http/api/api.h"
#include "http/exchange.h"

namespace lares::http::api {

void HandleChat(Api& api, std::shared_ptr<Exchange> exchange);
void HandleCompletion(Api& api, std::shared_ptr<Exchange> exchange);
void HandleEmbeddings(Api& api, std::shared_ptr<Exchange> exchange);
void HandleRerank(Api& api, std::shared_ptr<Exchange> exchange);
void HandleTokenize(Api& api, std::shared_ptr<Exchange> exchange);
void HandleDetokenize(Api& api, std::shared_ptr<Exchange> exchange);
void HandleListModels(Api& api, std::shared_ptr<Exchange> exchange);
void HandleDescribeModel(Api& api, std::shared_ptr<Exchange> exchange);
void HandleHealth(Api& api, std::shared_ptr<Exchange> exchange);
void HandleLiveness(Api& api, std::shared_ptr<Exchange> exchange);
void HandleReadiness(Api& api, std::shared_ptr<Exchange> exchange);
void HandleMetrics(Api& api, std::shared_ptr<Exchange> exchange);
void HandleVersion(Api& api, std::shared_ptr<Exchange> exchange);
void HandleRoot(Api& api, std::shared_ptr<Exchange> exchange);

}  // namespace lares::http::api
