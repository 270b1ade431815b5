// SPDX-License-Identifier: Apache-2.0
//
// Judges a request by its head, before any of its body is read: may it come in, and who handles it. No
// sockets. Thread safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/http_metrics.h"
#include "http/message.h"
#include "http/options.h"
#include "http/origin_policy.h"
#include "http/peer_address.h"
#include "http/router.h"
#include "service/authenticator.h"
#include "service/request_log.h"

namespace lares::http {

struct Verdict {
  const Route* route = nullptr;  // set unless `answer` is
  std::string parameter;
  core::Principal principal;
  std::optional<Response> answer;  // refused, or answered right here (OPTIONS)
  std::shared_ptr<service::Call> call;
  std::vector<Header> headers;  // for whatever the answer will be: request id, CORS
};

class FrontDoor {
 public:
  struct Settings {
    OriginPolicy::Settings origin;
    TrustedProxies proxies;
    std::uint64_t max_body_bytes = 0;
  };

  FrontDoor(Settings settings, Router router, const service::Authenticator& authenticator,
            service::RequestLog& log, const base::Clock& clock)
      : origin_(WithKeys(std::move(settings.origin), authenticator)),
        proxies_(std::move(settings.proxies)),
        max_body_bytes_(settings.max_body_bytes),
        router_(std::move(router)),
        authenticator_(authenticator),
        log_(log),
        clock_(clock) {}

  Verdict Judge(const Request& head, std::string_view socket_peer) const;
  // For bytes that never became a request: only logged.
  std::shared_ptr<service::Call> NamelessCall(std::string_view socket_peer) const;

 private:
  static OriginPolicy::Settings WithKeys(OriginPolicy::Settings settings,
                                         const service::Authenticator& authenticator) {
    settings.keyless = !authenticator.requires_key();
    return settings;
  }
  base::Result<core::Principal> Identify(const Request& head, const Route& route) const;
  std::optional<Response> CheckBody(const Request& head, const Route& route) const;
  std::optional<Response> Enter(const Request& head, const Router::Match& match, Verdict& verdict) const;

  const OriginPolicy origin_;
  const TrustedProxies proxies_;
  const std::uint64_t max_body_bytes_;
  const Router router_;
  const service::Authenticator& authenticator_;
  service::RequestLog& log_;
  const base::Clock& clock_;
};

// The client's own request id when it is short and plain, else a new one.
std::string RequestIdOf(const Request& head);

}  // namespace lares::http
