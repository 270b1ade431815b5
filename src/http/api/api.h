// SPDX-License-Identifier: Apache-2.0
//
// What the handlers of the API share: the services, and each I/O thread's way to the engines.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/error.h"
#include "http/api/event_hub.h"
#include "http/exchange.h"
#include "service/services.h"

namespace lares::http::api {

// Of one I/O thread.
struct Lane {
  std::shared_ptr<EventHub> hub;
  std::shared_ptr<service::Channel> channel;
};

// Thread safe. `services` must outlive it.
class Api {
 public:
  explicit Api(service::Services& services) : services_(services) {}

  service::Services& services() const { return services_; }
  // Stays where it is for the Api's life.
  const Lane& LaneOf(const Exchange& exchange);

  // Changes when answers might: OpenAI's "system_fingerprint".
  std::string FingerprintOf(const std::string& model) const;

 private:
  service::Services& services_;
  std::mutex mutex_;
  std::map<std::size_t, Lane> lanes_;
};

// Bodies up to this size are read on the I/O thread: about a tenth of a millisecond. Larger ones elsewhere.
inline constexpr std::size_t kSmallBody = 64 * 1024;

base::Error Busy(std::chrono::milliseconds retry_after = std::chrono::seconds(1));
base::Error OutOfMemory();

// Runs `work` (Result<T>()) on `pool` and `then(Result<T>)` on the connection's thread. When the client has
// gone meanwhile, `then` is not called; when the pool is full, the client is told by `full`.
template <class Work, class Then>
void RunOn(base::ThreadPool& pool, const base::Error& full, const std::shared_ptr<Exchange>& exchange,
           Work work, Then then) {
  using Outcome = decltype(work());
  const bool taken = pool.TryRun([exchange, work = std::move(work), then = std::move(then)] {
    auto outcome = std::make_shared<Outcome>(base::Fail(OutOfMemory()));
    try {
      *outcome = work();
    } catch (const std::exception&) {
      // Stays what it is: only memory can be missing, everything else is a Result.
    }
    exchange->executor().Post([exchange, outcome = std::move(outcome), then] {
      if (!exchange->gone()) then(std::move(*outcome));
    });
  });
  if (!taken) exchange->Respond(full);
}

// On the heavy pool.
template <class Work, class Then>
void RunHeavy(Api& api, const std::shared_ptr<Exchange>& exchange, Work work, Then then) {
  RunOn(api.services().context.heavy, Busy(), exchange, std::move(work), std::move(then));
}

// What needs a model (`work` is Result<T>(const service::Lifecycle::Work&)): refused once the server shuts
// down, and from here to its answer waited for by the drain.
template <class Work, class Then>
void RunModelWork(Api& api, base::ThreadPool& pool, const base::Error& full,
                  const std::shared_ptr<Exchange>& exchange, Work work, Then then) {
  auto begun = api.services().lifecycle.Begin();
  if (!begun) return exchange->Respond(begun.error());
  const auto under_way = std::make_shared<const service::Lifecycle::Work>(std::move(*begun));
  RunOn(
      pool, full, exchange, [under_way, work = std::move(work)] { return work(*under_way); },
      [under_way, then = std::move(then)](auto outcome) { then(std::move(outcome)); });
}

// Reads the body with `parse` (Result<T>(std::string_view)): here when it is small, else on the heavy pool.
// An error is answered; `then(T)` gets the rest.
template <class Parse, class Then>
void ReadBody(Api& api, const std::shared_ptr<Exchange>& exchange, Parse parse, Then then) {
  const auto finish = [&api, exchange, then = std::move(then)](auto parsed) {
    exchange->MarkParsed(api.services().context.clock.Now());
    if (!parsed) return exchange->Respond(parsed.error());
    then(std::move(*parsed));
  };
  auto body = std::make_shared<const std::string>(exchange->TakeBody());
  if (body->size() <= kSmallBody) return finish(parse(*body));
  RunHeavy(api, exchange, [body, parse] { return parse(*body); }, finish);
}

}  // namespace lares::http::api
