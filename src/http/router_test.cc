// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <gtest/gtest.h>

namespace lares::http {
namespace {

// A route without an operation does not compile, whatever stands in its place.
template <class Op>
concept MakesARoute =
    requires(Op op, Handler handler) { Route(Method::kGet, "/", op, BodyKind::kNone, handler); };
static_assert(MakesARoute<service::Operation>);
static_assert(!MakesARoute<const char*>);
static_assert(!MakesARoute<core::Permission>);
static_assert(!MakesARoute<std::nullptr_t>);

Router TestRouter() {
  const Handler nothing = [](std::shared_ptr<Exchange>) {};
  using namespace service::operations;
  return Router({{Method::kGet, "/models", kListModels, BodyKind::kNone, nothing},
                 {Method::kGet, "/models/{id}", kDescribeModel, BodyKind::kNone, nothing},
                 {Method::kPost, "/models", kChat, BodyKind::kJson, nothing},
                 {Method::kGet, "/", kAbout, BodyKind::kNone, nothing}});
}

TEST(Router, FindsByMethodAndPath) {
  const Router router = TestRouter();
  EXPECT_EQ(router.Find(Method::kGet, "/models").route->operation().name(), "list_models");
  EXPECT_EQ(router.Find(Method::kPost, "/models").route->operation().name(), "chat");
  EXPECT_EQ(router.Find(Method::kGet, "/models/").route->operation().name(), "list_models");
  EXPECT_EQ(router.Find(Method::kHead, "/models").route->operation().name(), "list_models");
  EXPECT_EQ(router.Find(Method::kGet, "/").route->operation().name(), "about");
}

TEST(Router, DecodesTheParameter) {
  const auto match = TestRouter().Find(Method::kGet, "/models/org%2Fname:1/x");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.parameter, "org/name:1/x");
  EXPECT_EQ(TestRouter().Find(Method::kGet, "/models/%zz").route, nullptr);
}

TEST(Router, TellsWhatAPathTakes) {
  const auto wrong_method = TestRouter().Find(Method::kDelete, "/models");
  EXPECT_EQ(wrong_method.route, nullptr);
  EXPECT_EQ(wrong_method.allow, "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(TestRouter().Find(Method::kGet, "/nothing").allow, "");
  EXPECT_EQ(TestRouter().Find(Method::kGet, "").allow, "");
}

}  // namespace
}  // namespace lares::http
