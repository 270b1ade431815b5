// SPDX-License-Identifier: Apache-2.0
//
// The only file that knows Boost.Beast: its parser, without its streams.
#include "http/request_parser.h"

#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace lares::http {
namespace beast = boost::beast::http;
using BeastCode = boost::beast::error_code;

struct RequestParser::Impl {
  explicit Impl(Limits bounds) : limits(bounds) {
    parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    // Ours to check: a client without a key shall hear of the key, not of its body's length.
    parser.body_limit(boost::none);
  }

  beast::request_parser<beast::string_body> parser;
  Limits limits;
  Progress progress = Progress::kHead;
  std::size_t head_bytes = 0;
  Request request;

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
  Impl& impl = *impl_;
  if (impl.progress == Progress::kDone || bytes.empty()) return 0;
  BeastCode error;
  // The parser reads head and body in one go if it may; eager(false) makes it stop in between.
  impl.parser.eager(impl.progress == Progress::kBody);
  const std::size_t taken = impl.parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (error == beast::error::need_more) {
    if (impl.progress == Progress::kBody && impl.parser.get().body().size() > impl.limits.body_bytes) {
      return std::unexpected(BodyTooLarge(impl.limits.body_bytes));
    }
    if (impl.progress == Progress::kHead && bytes.size() - taken > impl.limits.header_bytes) {
      return std::unexpected(HeadTooLarge(impl.limits.header_bytes));
    }
    return taken;
  }
  if (error) return std::unexpected(ProblemOf(error, impl.limits));
  if (impl.progress == Progress::kHead && impl.parser.is_header_done()) {
    impl.TakeHead();
    impl.progress = impl.request.has_body ? Progress::kBody : Progress::kDone;
    return taken;
  }
  if (impl.parser.get().body().size() > impl.limits.body_bytes) {
    return std::unexpected(BodyTooLarge(impl.limits.body_bytes));
  }
  if (impl.parser.is_done()) {
    impl.request.body = std::move(impl.parser.get().body());
    impl.progress = Progress::kDone;
  }
  return taken;
}

}  // namespace lares::http
