// SPDX-License-Identifier: Apache-2.0
//
// Finds the route of a request. Fixed after construction, so thread safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/route.h"

namespace lares::http {

class Router {
 public:
  struct Match {
    const Route* route = nullptr;  // null: see `allow`
    std::string parameter;
    std::string allow;  // methods the path knows, for 405 and OPTIONS; empty: no such path
  };

  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  // `path` as in the request, still escaped. HEAD finds the GET route.
  Match Find(Method method, std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  const std::vector<Route> routes_;
};

}  // namespace lares::http
