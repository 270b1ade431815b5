// SPDX-License-Identifier: Apache-2.0
// The bytes of a connection, cut into pieces by the first byte, through the parser, the front door's checks
// of the head, and the next request's parser.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "http/front_door.h"
#include "http/origin_policy.h"
#include "http/peer_address.h"
#include "http/request_parser.h"

namespace {

using lares::http::RequestParser;

void JudgeHead(const lares::http::Request& head) {
  const auto id = lares::http::RequestIdOf(head);
  LARES_CHECK(!id.empty() && id.size() <= 128);
  const lares::http::OriginPolicy policy({.cors_origins = {"*"}});
  (void)policy.Check(head);
  (void)policy.PreflightHeaders(head, "GET");
  const auto proxies = lares::http::TrustedProxies::Parse({"0.0.0.0/0", "::/0"});
  LARES_CHECK(proxies->ClientOf("127.0.0.1", head.Find("x-forwarded-for")).size() < 64);
  (void)lares::http::PercentDecode(head.Path());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = data[0] + 1U;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string input;
  auto parser =
      std::make_unique<RequestParser>(RequestParser::Limits{.header_bytes = 1024, .body_bytes = 256});
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    input += bytes.substr(at, step);
    while (!input.empty()) {
      const auto taken = parser->Feed(input);
      if (!taken) return 0;
      LARES_CHECK(*taken <= input.size());
      const auto progress = parser->progress();
      if (progress == RequestParser::Progress::kHead && *taken == 0) break;
      input.erase(0, *taken);
      if (progress == RequestParser::Progress::kHead) continue;
      JudgeHead(parser->request());
      if (progress == RequestParser::Progress::kDone) {
        LARES_CHECK(parser->request().body.size() <= 256);
        parser =
            std::make_unique<RequestParser>(RequestParser::Limits{.header_bytes = 1024, .body_bytes = 256});
      } else if (*taken == 0) {
        break;
      }
    }
  }
  return 0;
}
