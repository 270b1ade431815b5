// SPDX-License-Identifier: Apache-2.0
#include "http/status.h"

#include <string>

#include "http/openai/error_body.h"

namespace lares::http {

int StatusOf(const base::Error& error) {
  using base::Code;
  switch (error.code()) {
    case Code::kCancelled:
      return kStatusClientGone;
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition:
    case Code::kOutOfRange:
    case Code::kUnimplemented:  // the client asks for what this server cannot: it must ask otherwise
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kPermissionDenied:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kAborted:
    case Code::kAlreadyExists:
      return 409;
    case Code::kResourceExhausted:
      return 429;
    case Code::kUnknown:
    case Code::kInternal:
    case Code::kDataLoss:
      return 500;
    case Code::kUnavailable:
      return 503;
    case Code::kDeadlineExceeded:
      return 504;
  }
  return 500;
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

Response ErrorResponse(const base::Error& error) { return ErrorResponse(StatusOf(error), error); }

Response ErrorResponse(int status, const base::Error& error) {
  Response response;
  response.status = status;
  response.body = openai::ErrorBody(error);
  const bool temporary = status == 429 || status == 503;
  if (error.retry_after() || temporary) {
    const auto after = error.retry_after().value_or(std::chrono::seconds(1));
    // Whole seconds, rounded up: a client that comes back early is refused again.
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(after).count();
    response.headers.push_back({"Retry-After", std::to_string(seconds < 1 ? 1 : seconds)});
  }
  if (status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer realm=\"lares\""});
  return response;
}

}  // namespace lares::http
