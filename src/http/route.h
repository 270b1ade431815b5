// SPDX-License-Identifier: Apache-2.0
//
// One line of the API: a method, a path, the operation of the service layer behind it, and what handles it. A
// Route cannot be made without an Operation; so nothing is served without a permission having been named.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "http/exchange.h"
#include "http/message.h"
#include "service/operation.h"

namespace lares::http {

using Handler = std::function<void(std::shared_ptr<Exchange>)>;

enum class BodyKind : std::uint8_t { kNone, kJson };

class Route {
 public:
  // `path` is literal, or ends in "/{name}", which matches the non-empty rest of a path.
  Route(Method method, std::string path, service::Operation operation, BodyKind body, Handler handler)
      : method_(method),
        path_(std::move(path)),
        label_(std::string(MethodWord(method)) + " " + path_),
        operation_(operation),
        body_(body),
        handler_(std::move(handler)) {}

  Method method() const { return method_; }
  const std::string& path() const { return path_; }
  const std::string& label() const { return label_; }  // "POST /v1/completions": for logs and metrics
  const service::Operation& operation() const { return operation_; }
  BodyKind body() const { return body_; }
  const Handler& handler() const { return handler_; }

 private:
  Method method_;
  std::string path_;
  std::string label_;
  service::Operation operation_;
  BodyKind body_;
  Handler handler_;
};

static_assert(!std::is_default_constructible_v<service::Operation>);
static_assert(!std::is_constructible_v<Route, Method, std::string, BodyKind, Handler>,
              "a route must name its operation");

}  // namespace lares::http
