// SPDX-License-Identifier: Apache-2.0
#include "cli/find_server.h"

#include <chrono>
#include <string>
#include <thread>

#include "app/data_directory.h"

namespace lares::cli {
namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(50);

}  // namespace

base::Result<std::optional<Url>> FindServer(const app::Config& config, base::Duration patience) {
  if (!config.client.url.empty()) {
    auto url = ParseUrl(config.client.url);
    if (!url) return base::Fail(url.error());
    return *url;
  }
  for (base::Duration waited{}; waited <= patience; waited += kLookAgain) {
    const auto server = app::FindRunningServer(config.data_directory);
    if (!server) return base::Fail(server.error());
    if (!server->has_value()) return std::nullopt;
    if (!(*server)->url.empty()) {
      auto url = ParseUrl((*server)->url);
      if (!url) return base::Fail(url.error());
      return *url;
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  return base::Fail(base::Code::kUnavailable, "a process holds the data directory " + config.data_directory +
                                                  " but says no address; if it hangs, stop it");
}

base::Result<Url> RequireServer(const app::Config& config) {
  auto url = FindServer(config);
  if (!url) return base::Fail(url.error());
  if (url->has_value()) return **url;
  return base::Fail(base::Code::kUnavailable,
                    "no server runs on the data directory " + config.data_directory +
                        ". Start one with `lares serve MODEL.gguf`, or name one with --url");
}

HttpClient::Options ClientOptions(const app::Config& config, const Url& url) {
  HttpClient::Options options;
  options.url = url;
  options.api_key = std::string(config.client.api_key.Reveal());
  options.ca_file = config.client.ca_file;
  return options;
}

}  // namespace lares::cli
