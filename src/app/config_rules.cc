// SPDX-License-Identifier: Apache-2.0
#include "app/config_rules.h"

#include <cstdint>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "app/fake_model_path.h"

namespace lares::app {
namespace {

using base::Code;
using base::Fail;
using base::Status;

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kMaxUnixPath = 107;  // sun_path, less the final NUL

Status CheckAddress(const ServerSettings& server) {
  if (server.listen.empty()) {
    if (!server.host.empty()) return {};
    return Fail(Code::kInvalidArgument, "--host is empty; 127.0.0.1 is this machine, 0.0.0.0 is everywhere");
  }
  const std::string_view path = UnixPath(server.listen);
  if (path.empty()) {
    return Fail(Code::kInvalidArgument,
                "--listen takes unix:PATH, not \"" + server.listen + "\"; for TCP use --host and --port");
  }
  if (path.size() > kMaxUnixPath) {
    return Fail(Code::kInvalidArgument,
                "--listen: the path of a Unix socket has at most " + std::to_string(kMaxUnixPath) + " bytes");
  }
  return {};
}

Status CheckTlsFiles(const SecuritySettings& security) {
  if (security.tls_cert.empty() == security.tls_key.empty()) return {};
  return Fail(Code::kInvalidArgument, "--tls-cert and --tls-key belong together: give both, or none");
}

Status CheckExposure(const Config& config) {
  const SecuritySettings& security = config.security;
  if (!config.server.listen.empty() || IsLoopback(config.server.host) || security.insecure) return {};
  const std::string where = "listening on " + config.server.host + " opens the server to other machines; ";
  if (security.api_key_file.empty()) {
    return Fail(Code::kFailedPrecondition,
                where +
                    "that needs API keys (--api-key-file FILE). To stay on this machine use --host "
                    "127.0.0.1; to do without protection on a network you trust, say --insecure");
  }
  if (security.tls_cert.empty() && !security.tls_terminated_upstream) {
    return Fail(Code::kFailedPrecondition,
                where +
                    "that needs TLS (--tls-cert FILE --tls-key FILE), or a proxy that does it "
                    "(--tls-terminated-upstream), or --insecure on a network you trust");
  }
  return {};
}

Status CheckModel(const ModelSettings& model) {
  if (!IsFakeModel(model.path)) return {};
  const auto options = ParseFakeModel(model.path);
  return options ? Status{} : Fail(options.error());
}

}  // namespace

std::string_view UnixPath(std::string_view listen) {
  return listen.starts_with(kUnix) ? listen.substr(kUnix.size()) : std::string_view{};
}

bool IsLoopback(std::string_view host) {
  if (host == "localhost") return true;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string text(host);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

Status CheckForServing(const Config& config) {
  for (const auto& check : {CheckAddress(config.server), CheckTlsFiles(config.security),
                            CheckExposure(config), CheckModel(config.model)}) {
    if (!check) return check;
  }
  return {};
}

}  // namespace lares::app
