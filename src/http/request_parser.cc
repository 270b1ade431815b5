// SPDX-License-Identifier: Apache-2.0
//
// The only file that knows Boost.Beast: its parser of heads. Bodies are ours: its chunk parser asserts on a
// last chunk that comes in small pieces (1.81, found by the fuzzer).
#include "http/request_parser.h"

#include <algorithm>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "http/chunked_body.h"

namespace lares::http {
namespace beast = boost::beast::http;
using BeastCode = boost::beast::error_code;

struct RequestParser::Impl {
  explicit Impl(Limits bounds) : limits(bounds), chunks(bounds.body_bytes, bounds.header_bytes) {
    parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    parser.body_limit(boost::none);
    parser.eager(false);  // the head only
  }

  using Fed = std::expected<std::size_t, Problem>;

  beast::request_parser<beast::empty_body> parser;
  Limits limits;
  Progress progress = Progress::kHead;
  ChunkedBody chunks;
  Request request;

  Fed FeedHead(std::string_view bytes);
  Fed FeedBody(std::string_view bytes);
  void TakeHead();
};

namespace {

std::string ToString(boost::beast::string_view text) { return {text.data(), text.size()}; }

RequestParser::Problem MakeProblem(int status, const char* reason, std::string message) {
  return {status, base::Error(base::Code::kInvalidArgument, std::move(message)).WithReason(reason)};
}

RequestParser::Problem HeadTooLarge(std::size_t limit) {
  return MakeProblem(431, "headers_too_large",
                     "request line and headers are larger than " + std::to_string(limit) + " bytes");
}

RequestParser::Problem ProblemOf(const BeastCode& error, const RequestParser::Limits& limits) {
  if (error == beast::error::header_limit || error == beast::error::buffer_overflow) {
    return HeadTooLarge(limits.header_bytes);
  }
  if (error == beast::error::bad_version) {
    return MakeProblem(505, "bad_http_version", "this server speaks HTTP/1.0 and HTTP/1.1");
  }
  return MakeProblem(400, "bad_http_request", "this is not HTTP: " + error.message());
}

}  // namespace

RequestParser::Problem BodyTooLarge(std::uint64_t limit) {
  return MakeProblem(413, "body_too_large",
                     "the body is larger than this server takes (" + std::to_string(limit) + " bytes)");
}

void RequestParser::Impl::TakeHead() {
  const auto& head = parser.get();
  request.method = ParseMethod(ToString(head.method_string()));
  request.target = ToString(head.target());
  request.version_minor = head.version() == 10 ? 0 : 1;
  request.keep_alive = head.keep_alive();
  for (const auto& field : head) {
    request.headers.push_back({ToString(field.name_string()), ToString(field.value())});
  }
  const auto expect = request.Find("expect");
  request.expects_continue =
      expect && EqualsIgnoreCase(*expect, "100-continue") && request.version_minor == 1;
  if (const auto length = parser.content_length()) request.content_length = *length;
  request.has_body = parser.chunked() || request.content_length.value_or(0) > 0;
}

RequestParser::RequestParser(Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;

RequestParser::Progress RequestParser::progress() const { return impl_->progress; }
Request& RequestParser::request() { return impl_->request; }

std::expected<std::size_t, RequestParser::Problem> RequestParser::Feed(std::string_view bytes) {
  if (impl_->progress == Progress::kDone || bytes.empty()) return 0;
  return impl_->progress == Progress::kHead ? impl_->FeedHead(bytes) : impl_->FeedBody(bytes);
}

std::expected<std::size_t, RequestParser::Problem> RequestParser::Impl::FeedHead(std::string_view bytes) {
  BeastCode error;
  const std::size_t taken = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (error == beast::error::need_more) {
    if (bytes.size() - taken > limits.header_bytes) return std::unexpected(HeadTooLarge(limits.header_bytes));
    return taken;
  }
  if (error) return std::unexpected(ProblemOf(error, limits));
  if (!parser.is_header_done()) return taken;
  TakeHead();
  // Whatever else it means, we cannot tell where such a body ends: taking it for the next request would let
  // one client speak for another behind the same proxy.
  const auto coding = request.Find("transfer-encoding");
  if (coding && (!EqualsIgnoreCase(*coding, "chunked") || request.version_minor == 0)) {
    return std::unexpected(MakeProblem(400, "bad_http_request", "the only transfer coding taken is chunked"));
  }
  progress = request.has_body ? Progress::kBody : Progress::kDone;
  return taken;
}

std::expected<std::size_t, RequestParser::Problem> RequestParser::Impl::FeedBody(std::string_view bytes) {
  if (request.content_length) {
    if (*request.content_length > limits.body_bytes) return std::unexpected(BodyTooLarge(limits.body_bytes));
    const auto left = static_cast<std::size_t>(*request.content_length) - request.body.size();
    const std::size_t part = std::min(left, bytes.size());
    request.body.append(bytes.substr(0, part));
    if (part == left) progress = Progress::kDone;
    return part;
  }
  const ChunkedBody::Step step = chunks.Feed(bytes, request.body);
  switch (step.state) {
    case ChunkedBody::State::kMore:
      break;
    case ChunkedBody::State::kDone:
      progress = Progress::kDone;
      break;
    case ChunkedBody::State::kTooLarge:
      return std::unexpected(BodyTooLarge(limits.body_bytes));
    case ChunkedBody::State::kBroken:
      return std::unexpected(MakeProblem(400, "bad_http_request", "this is not HTTP: bad chunk"));
  }
  return step.taken;
}

}  // namespace lares::http
