// SPDX-License-Identifier: Apache-2.0
#include "app/main/http_options.h"

#include <algorithm>

#include "app/config_rules.h"

namespace lares::app {

http::Options HttpOptionsOf(const Config& config, std::size_t connections) {
  http::Options options;
  options.host = config.server.host;
  options.port = static_cast<std::uint16_t>(config.server.port);
  options.unix_path = UnixPath(config.server.listen);
  options.tls = {.certificate = config.security.tls_cert, .key = config.security.tls_key};
  options.io_threads = static_cast<std::size_t>(config.server.io_threads);
  options.allowed_hosts = config.security.allowed_hosts;
  options.cors_origins = config.security.cors_origins;
  options.trusted_proxies = config.security.trusted_proxies;
  const LimitSettings& limits = config.limits;
  options.limits.header_bytes = limits.header;
  options.limits.body_bytes = limits.body;
  options.limits.connections = connections;
  options.limits.buffered_bytes = limits.stream_buffer;
  options.limits.header_timeout = limits.header_timeout;
  options.limits.body_timeout = limits.body_timeout;
  options.limits.idle_timeout = limits.idle_timeout;
  options.limits.write_timeout = limits.write_timeout;
  options.limits.stream_heartbeat = limits.heartbeat;
  options.sweep_interval = std::min(options.sweep_interval, limits.heartbeat);
  return options;
}

}  // namespace lares::app
