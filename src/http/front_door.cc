// SPDX-License-Identifier: Apache-2.0
#include "http/front_door.h"

#include <algorithm>
#include <utility>

#include "base/id.h"
#include "http/request_parser.h"
#include "http/status.h"

namespace lares::http {
namespace {

constexpr std::size_t kMaxRequestIdBytes = 128;
constexpr std::size_t kMaxKeyBytes = 512;

bool IsIdChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == ':' || c == '/';
}

base::Error Invalid(const char* reason, std::string message) {
  return base::Error(base::Code::kInvalidArgument, std::move(message)).WithReason(reason);
}

// The key of "Authorization: Bearer KEY".
std::optional<std::string_view> BearerKey(const Request& head) {
  const auto value = head.Find("authorization");
  if (!value) return std::nullopt;
  static constexpr std::string_view kScheme = "bearer ";
  if (value->size() <= kScheme.size() || value->size() > kMaxKeyBytes) return std::nullopt;
  if (!EqualsIgnoreCase(value->substr(0, kScheme.size()), kScheme)) return std::nullopt;
  std::string_view key = value->substr(kScheme.size());
  while (key.starts_with(' ')) key.remove_prefix(1);
  return key;
}

bool IsJsonType(std::string_view type) {
  type = type.substr(0, std::min(type.find(';'), type.size()));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return EqualsIgnoreCase(type, "application/json") ||
         (type.size() > 5 && EqualsIgnoreCase(type.substr(type.size() - 5), "+json"));
}

std::string FirstBytes(std::string_view path) {
  std::string out;
  for (const char c : path.substr(0, 100)) out += c > 0x20 && c < 0x7F ? c : '?';
  return out;
}

}  // namespace

std::string RequestIdOf(const Request& head) {
  const auto given = head.Find("x-request-id");
  if (given && !given->empty() && given->size() <= kMaxRequestIdBytes &&
      std::ranges::all_of(*given, IsIdChar)) {
    return std::string(*given);
  }
  return base::RandomId("req-");
}

// The order matters:
//   id, peer     first, so that a refusal can be traced like an answer
//   Host, Origin before anything is told to a page that has no business here
//   route        says which operation, and so which permission, is meant
//   key          before the permission, which is the key's
//   permission   before the body: nobody's bytes are read who may not use them
//   body         its announced type and length, before room is made for it
Verdict FrontDoor::Judge(const Request& head, std::string_view socket_peer) const {
  Verdict verdict;
  const Router::Match match = router_.Find(head.method, head.Path());
  service::RequestRecord record;
  record.id = RequestIdOf(head);
  const auto forwarded_for = head.FindList("x-forwarded-for");  // some proxies add a line of their own
  record.peer = proxies_.ClientOf(socket_peer, forwarded_for);
  if (match.route != nullptr) {
    record.route = match.route->label();
    record.operation = match.route->operation().name();
    record.quiet = match.route->operation().permission() == core::Permission::kNone ||
                   match.route->operation().permission() == core::Permission::kReadMetrics;
  }
  verdict.headers.push_back({"x-request-id", record.id});
  verdict.call = std::make_shared<service::Call>(log_, clock_, std::move(record));

  if (auto welcome = origin_.Check(head); !welcome) {
    verdict.call->SetError(welcome.error());
    verdict.answer = ErrorResponse(welcome.error());
  } else {
    const bool preflight = head.method == Method::kOptions && !match.allow.empty();
    auto cors = preflight ? origin_.PreflightHeaders(head, match.allow) : origin_.CorsHeaders(head);
    std::ranges::move(cors, std::back_inserter(verdict.headers));
    verdict.answer = Enter(head, match, verdict);
  }
  if (verdict.answer) verdict.call->SetStatus(verdict.answer->status);
  return verdict;
}

std::optional<Response> FrontDoor::Enter(const Request& head, const Router::Match& match,
                                         Verdict& verdict) const {
  const auto refuse = [&](int status, const base::Error& error) {
    verdict.call->SetError(error);
    return ErrorResponse(status, error);
  };
  if (match.allow.empty()) {
    const base::Error error =
        base::Error(base::Code::kNotFound,
                    "there is nothing at " + FirstBytes(head.Path()) + "; GET / lists what there is")
            .WithReason("unknown_url");
    return refuse(404, error);
  }
  if (head.method == Method::kOptions) {
    return Response{.status = 204, .content_type = "", .headers = {{"Allow", match.allow}}};
  }
  if (match.route == nullptr) {
    Response response = refuse(405, Invalid("method_not_allowed", "this path takes " + match.allow));
    response.headers.push_back({"Allow", match.allow});
    return response;
  }
  auto principal = Identify(head, *match.route);
  if (!principal) return refuse(StatusOf(principal.error()), principal.error());
  verdict.principal = std::move(*principal);
  verdict.call->SetPrincipal(verdict.principal);
  if (auto permitted = service::Permit(verdict.principal, match.route->operation()); !permitted) {
    return refuse(StatusOf(permitted.error()), permitted.error());
  }
  if (auto refusal = CheckBody(head, *match.route)) return refusal;
  verdict.route = match.route;
  verdict.parameter = match.parameter;
  return std::nullopt;
}

base::Result<core::Principal> FrontDoor::Identify(const Request& head, const Route& route) const {
  auto principal = authenticator_.Authenticate(BearerKey(head));
  if (!principal && route.operation().permission() == core::Permission::kNone) {
    return service::Authenticator::Anonymous();
  }
  return principal;
}

std::optional<Response> FrontDoor::CheckBody(const Request& head, const Route& route) const {
  if (head.content_length.value_or(0) > max_body_bytes_) {
    const auto problem = BodyTooLarge(max_body_bytes_);
    return ErrorResponse(problem.status, problem.error);
  }
  if (const auto expect = head.Find("expect"); expect && !head.expects_continue) {
    return ErrorResponse(
        417, Invalid("bad_expectation", "the only expectation this server meets is 100-continue"));
  }
  if (route.body() == BodyKind::kNone) {
    // Some of these are open to everyone: not a place to leave megabytes.
    if (!head.has_body) return std::nullopt;
    return ErrorResponse(400, Invalid("unexpected_body", "this request takes no body"));
  }
  // A page of another site can post forms and plain text without asking; JSON it cannot.
  if (const auto type = head.Find("content-type"); type && !IsJsonType(*type)) {
    return ErrorResponse(415,
                         Invalid("unsupported_content_type",
                                 "the body must be JSON: send the header Content-Type: application/json"));
  }
  if (const auto coding = head.Find("content-encoding"); coding && !EqualsIgnoreCase(*coding, "identity")) {
    return ErrorResponse(415, Invalid("unsupported_content_encoding", "compressed bodies are not taken"));
  }
  return std::nullopt;
}

std::shared_ptr<service::Call> FrontDoor::NamelessCall(std::string_view socket_peer) const {
  service::RequestRecord record;
  record.id = base::RandomId("req-");
  record.peer = socket_peer;
  return std::make_shared<service::Call>(log_, clock_, std::move(record));
}

}  // namespace lares::http
