// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.h"

#include <string>

#include <gtest/gtest.h>

namespace lares::http {
namespace {

using Progress = RequestParser::Progress;

struct Parsed {
  int problem = 0;  // status, 0: none
  bool done = false;
  Request request;
  std::string rest;
};

// Feeds `bytes` in pieces of `step`, as a connection would.
Parsed ParseInSteps(const std::string& bytes, std::size_t step, RequestParser::Limits limits = {}) {
  RequestParser parser(limits);
  Parsed out;
  std::string input;
  for (std::size_t at = 0; at < bytes.size() || !input.empty();) {
    input += bytes.substr(at, step);
    at = std::min(at + step, bytes.size());
    bool moved = true;
    while (moved && !input.empty() && parser.progress() != Progress::kDone) {
      const auto taken = parser.Feed(input);
      if (!taken) {
        out.problem = taken.error().status;
        return out;
      }
      moved = *taken > 0;
      input.erase(0, *taken);
    }
    out.done = parser.progress() == Progress::kDone;
    if (at == bytes.size()) break;
  }
  out.request = parser.request();
  out.rest = input;
  return out;
}

TEST(RequestParser, ReadsARequestHoweverItIsCut) {
  const std::string bytes =
      "POST /v1/x?q=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-Y:  z \r\n\r\nhelloGET / HTTP/1.1\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Parsed parsed = ParseInSteps(bytes, step);
    ASSERT_EQ(parsed.problem, 0) << step;
    ASSERT_TRUE(parsed.done) << step;
    EXPECT_EQ(parsed.request.method, Method::kPost);
    EXPECT_EQ(parsed.request.target, "/v1/x?q=1");
    EXPECT_EQ(parsed.request.Path(), "/v1/x");
    EXPECT_EQ(parsed.request.Find("x-y"), "z");
    EXPECT_EQ(parsed.request.body, "hello");
    EXPECT_EQ(parsed.rest, "GET / HTTP/1.1\r\n");
  }
}

TEST(RequestParser, StopsAfterTheHead) {
  RequestParser parser({});
  const std::string bytes = "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
  const auto taken = parser.Feed(bytes);
  ASSERT_TRUE(taken);
  EXPECT_EQ(parser.progress(), Progress::kBody);
  EXPECT_EQ(bytes.substr(*taken), "hello");
  EXPECT_EQ(parser.request().content_length, 5U);
  EXPECT_TRUE(parser.request().has_body);
}

TEST(RequestParser, JoinsChunks) {
  const std::string bytes =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: "
      "t\r\n\r\nNEXT";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Parsed parsed = ParseInSteps(bytes, step);
    ASSERT_EQ(parsed.problem, 0) << step;
    ASSERT_TRUE(parsed.done) << step;
    EXPECT_EQ(parsed.request.body, "abcde");
    EXPECT_EQ(parsed.rest, "NEXT");
  }
}

struct Case {
  const char* name;
  std::string bytes;
  int problem;
};

class RequestParserTable : public testing::TestWithParam<Case> {};

TEST_P(RequestParserTable, Refuses) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    EXPECT_EQ(ParseInSteps(GetParam().bytes, step, {.header_bytes = 1024, .body_bytes = 10}).problem,
              GetParam().problem)
        << "in steps of " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Http, RequestParserTable,
    testing::Values(
        Case{"Nonsense", "\x16\x03\x01 nonsense\r\n\r\n", 400}, Case{"NoTarget", "GET\r\n\r\n", 400},
        Case{"Version", "GET / HTTP/2.0\r\n\r\n", 505},
        Case{"NegativeLength", "GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400},
        Case{"HugeLength", "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
        Case{"TwoLengths", "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
        Case{"LengthAndChunks", "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
             400},
        Case{"ChunksAndLength", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
             400},
        Case{"OtherCoding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
        Case{"TwoCodings", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400},
        Case{"ChunksOfAnOldClient", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        Case{"BareNewline", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", 400},
        Case{"SignedChunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n", 400},
        Case{"PrefixedChunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
             400},
        Case{"EmptyChunkSize", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400},
        Case{"LongChunkLine",
             "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(3000, 'x'), 400},
        Case{"LongTrailer",
             "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" +
                 [] {
                   std::string lines;
                   for (int i = 0; i < 200; ++i) lines += "T: 0123456789\r\n";
                   return lines;
                 }(),
             400},
        Case{"OverflowingChunk",
             "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nffffffffffffffff\r\n", 413},
        Case{"ChunkWithoutEnd", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400},
        Case{"BadChunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        Case{"SpaceBeforeColon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        Case{"LongTarget", "GET /" + std::string(2000, 'a') + " HTTP/1.1\r\n\r\n", 431},
        Case{"LongHeader", "GET / HTTP/1.1\r\nX: " + std::string(2000, 'a') + "\r\n\r\n", 431},
        Case{"EndlessHeader", "GET / HTTP/1.1\r\nX: " + std::string(5000, 'a'), 431},
        Case{"LongChunkedBody",
             "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n", 413}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(RequestParser, KnowsKeepAlive) {
  EXPECT_TRUE(ParseInSteps("GET / HTTP/1.1\r\n\r\n", 99).request.keep_alive);
  EXPECT_FALSE(ParseInSteps("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 99).request.keep_alive);
  EXPECT_FALSE(ParseInSteps("GET / HTTP/1.0\r\n\r\n", 99).request.keep_alive);
  EXPECT_TRUE(ParseInSteps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 99).request.keep_alive);
  EXPECT_TRUE(ParseInSteps("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", 99)
                  .request.expects_continue);
}

}  // namespace
}  // namespace lares::http
