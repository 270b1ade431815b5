// SPDX-License-Identifier: Apache-2.0
#include "http/openai/error_body.h"

#include <algorithm>
#include <cctype>

#include "http/openai/json_writer.h"

namespace lares::http::openai {

const char* ErrorType(base::Code code) {
  using base::Code;
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
    case Code::kUnimplemented:
      return "invalid_request_error";
    case Code::kUnauthenticated:
      return "authentication_error";
    case Code::kPermissionDenied:
      return "permission_error";
    case Code::kResourceExhausted:
      return "rate_limit_error";
    case Code::kUnavailable:
      return "service_unavailable_error";
    case Code::kDeadlineExceeded:
      return "timeout_error";
    case Code::kCancelled:
    case Code::kAborted:
    case Code::kUnknown:
    case Code::kInternal:
    case Code::kDataLoss:
      return "server_error";
  }
  return "server_error";
}

std::string ErrorBody(const base::Error& error) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("error").BeginObject();
  json.Field("message", error.message()).Field("type", ErrorType(error.code()));
  json.Key("param");
  error.param().empty() ? json.Null() : json.String(error.param());
  // Every error has a word that a program can test: the reason, or else the canonical code's name.
  std::string code = error.reason();
  if (code.empty()) {
    code = base::CodeName(error.code());
    std::ranges::transform(code, code.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }
  json.Field("code", code);
  json.EndObject().EndObject();
  return out;
}

}  // namespace lares::http::openai
