// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <gtest/gtest.h>

#include "http/response_head.h"
#include "http/status.h"

namespace lares::http {
namespace {

TEST(Message, PathIsTheTargetWithoutTheQuery) {
  const auto path = [](std::string target) {
    Request request;
    request.target = std::move(target);
    return std::string(request.Path());
  };
  EXPECT_EQ(path("/a/b?c=d"), "/a/b");
  EXPECT_EQ(path("/a?x=http://b/c"), "/a");
  EXPECT_EQ(path("http://host:80/a?b"), "/a");
  EXPECT_EQ(path("http://host"), "/");
  EXPECT_EQ(path("*"), "*");
  EXPECT_EQ(path(""), "");
}

TEST(Message, HeadersOfOneNameAreOneList) {
  Request request;
  EXPECT_EQ(request.FindList("x-forwarded-for"), std::nullopt);
  request.headers = {{"X-Forwarded-For", "1.1.1.1"}, {"Host", "a"}, {"x-forwarded-for", "2.2.2.2, 3.3.3.3"}};
  EXPECT_EQ(request.FindList("X-FORWARDED-FOR"), "1.1.1.1, 2.2.2.2, 3.3.3.3");
  EXPECT_EQ(request.Find("x-forwarded-for"), "1.1.1.1");
}

TEST(Message, PercentDecode) {
  EXPECT_EQ(PercentDecode("a%20b%2Fc"), "a b/c");
  EXPECT_EQ(PercentDecode("%"), std::nullopt);
  EXPECT_EQ(PercentDecode("%4"), std::nullopt);
  EXPECT_EQ(PercentDecode("%zz"), std::nullopt);
  EXPECT_EQ(PercentDecode("%-1"), std::nullopt);
  EXPECT_EQ(PercentDecode("%00"), std::nullopt);
}

TEST(ResponseHead, CannotBeBrokenByAValue) {
  Response response;
  response.headers = {{"X-Good", "fine"}, {"X-Bad", "a\r\nSet-Cookie: b"}};
  const std::string head = EncodeHead(response, {}, {});
  EXPECT_NE(head.find("X-Good: fine\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Set-Cookie"), std::string::npos);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

TEST(ResponseHead, NamesTheFraming) {
  Response response;
  response.body = "12345";
  EXPECT_NE(EncodeHead(response, {}, {}).find("Content-Length: 5"), std::string::npos);
  EXPECT_NE(EncodeHead(response, {.body = Framing::Body::kChunked}, {}).find("Transfer-Encoding: chunked"),
            std::string::npos);
  EXPECT_NE(EncodeHead(response, {.keep_alive = false}, {}).find("Connection: close"), std::string::npos);
  EXPECT_NE(EncodeHead(response, {.version_minor = 0}, {}).find("Connection: keep-alive"), std::string::npos);
  std::string chunk;
  AppendChunk(chunk, "hello world, hello!");
  EXPECT_EQ(chunk, "13\r\nhello world, hello!\r\n");
}

TEST(Status, ErrorsBecomeAnswers) {
  using base::Code;
  const auto status = [](Code code) { return StatusOf(base::Error(code, "x")); };
  EXPECT_EQ(status(Code::kInvalidArgument), 400);
  EXPECT_EQ(status(Code::kUnimplemented), 400);
  EXPECT_EQ(status(Code::kUnauthenticated), 401);
  EXPECT_EQ(status(Code::kPermissionDenied), 403);
  EXPECT_EQ(status(Code::kNotFound), 404);
  EXPECT_EQ(status(Code::kResourceExhausted), 429);
  EXPECT_EQ(status(Code::kInternal), 500);
  EXPECT_EQ(status(Code::kUnavailable), 503);
  EXPECT_EQ(status(Code::kDeadlineExceeded), 504);

  const Response response = ErrorResponse(base::Error(Code::kInvalidArgument, "a \"b\"\n")
                                              .WithReason("invalid_value")
                                              .WithParam("messages[0].role"));
  EXPECT_EQ(response.body, R"({"error":{"message":"a \"b\"\n","type":"invalid_request_error",)"
                           R"("param":"messages[0].role","code":"invalid_value"}})");
  EXPECT_EQ(ErrorResponse(base::Error(Code::kUnavailable, "x")).headers[0].name, "Retry-After");
  EXPECT_EQ(ErrorResponse(base::Error(Code::kUnauthenticated, "x")).headers[0].name, "WWW-Authenticate");
}

}  // namespace
}  // namespace lares::http
