// SPDX-License-Identifier: Apache-2.0
#include "app/settings.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "app/nearest.h"

namespace lares::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kKvTypes[] = {"f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"};
constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};
constexpr std::string_view kProfiles[] = {"cpu", "gpu", "unconfined"};
constexpr std::string_view kFormats[] = {"text", "json"};
constexpr std::int32_t kMostRows = 2048;  // of one call of the backend
constexpr std::int32_t kManyTokens = 16 * 1024 * 1024;

constexpr std::string_view kPlace = "Place";
constexpr std::string_view kModel = "Model";
constexpr std::string_view kModels = "Many models";
constexpr std::string_view kServer = "Address and life";
constexpr std::string_view kSecurity = "Security";
constexpr std::string_view kScheduling = "Scheduling";
constexpr std::string_view kWorkerGroup = "Worker";
constexpr std::string_view kLimits = "Limits";
constexpr std::string_view kLog = "Log";
constexpr std::string_view kClientGroup = "Server to talk to";

// `AT(server.port)` is the way to config.server.port; a lambda per setting would drown the table.
#define AT(member) [](auto& c) -> auto& { return c.member; }

std::vector<Setting> PlaceAndModel() {
  return {
      {"data", "--data", kEverywhere, PathKind{AT(data_directory)}, kPlace,
       "Data directory: the lock, models and chat history; one server at a time",
       "$XDG_DATA_HOME/lares or ~/.local/share/lares"},
      {"model.path", "--model", kEngineScope, PathKind{AT(model.path)}, kModel, "GGUF file to serve", "none"},
      {"model.name", "--name", kWorker, TextKind{AT(model.name)}, kModel, "The model's name, for the log",
       "the file's", true},
      {"model.served_names", "--served-name", kEngineScope, ListKind{AT(model.served_names)}, kModel,
       "Further names of the model; \"*\" answers to every name", "only the file's base name"},
      {"model.chat_template", "--chat-template", kModelScope, PathKind{AT(model.chat_template)}, kModel,
       "Jinja chat template to use instead of the model's own", "the model's own"},
      {"model.context", "--ctx-size", kModelScope, IntegerKind{AT(model.context), 0, kManyTokens}, kModel,
       "Context of one request in tokens, prompt and answer together", "0: from the model and free memory"},
      {"model.parallel", "--parallel", kModelScope, IntegerKind{AT(model.parallel), 0, 1024}, kModel,
       "Requests that run at the same time; more wait in the queue", "0: from the context and free memory"},
      {"model.threads", "--threads", kModelScope, IntegerKind{AT(model.threads), 0, 1024}, kModel,
       "Compute threads", "0: the CPUs this process may use"},
      {"model.gpu_layers", "--gpu-layers", kModelScope, IntegerKind{AT(model.gpu_layers), -1, 10'000}, kModel,
       "Layers computed on the GPU, in a build for GPUs", "-1: all"},
      {"model.kv_type", "--kv-type", kModelScope, ChoiceKind{AT(model.kv_type), kKvTypes}, kModel,
       "Number format of the context's memory; q8_0 halves it, at some cost in speed", ""},
  };
}

std::vector<Setting> Models() {
  return {
      {"models.folder", "--models", kServing, PathKind{AT(models.folder)}, kModels,
       "Folder of GGUF files, each a model by its base name; loaded when asked for, unloaded to make room",
       "none"},
      {"models.memory", "--models-memory", kServing, SizeKind{AT(models.memory), 0, 1024ULL * kGiB}, kModels,
       "Memory that loaded models may take together", "0: nine tenths of what is free at the start"},
      {"models.unload_after", "--unload-after", kServing,
       DurationKind{AT(models.unload_after), seconds(0), hours(24 * 365)}, kModels,
       "Time without a request after which a model is unloaded", "0s: never"},
      {"models.pinned", "--pin", kServing, ListKind{AT(models.pinned)}, kModels,
       "Models that are loaded at the start and stay", "only the one named by MODEL"},
  };
}

std::vector<Setting> Server() {
  return {
      {"server.host", "--host", kServing, TextKind{AT(server.host)}, kServer,
       "Address to listen on; anything but loopback needs a key file and TLS", ""},
      {"server.port", "--port", kServing, IntegerKind{AT(server.port), 0, 65'535}, kServer,
       "TCP port; 0 takes any free one", ""},
      {"server.listen", "--listen", kServing, TextKind{AT(server.listen)}, kServer,
       "Listen on a Unix socket instead of host and port: unix:PATH", "host and port"},
      {"server.io_threads", "--io-threads", kServing, IntegerKind{AT(server.io_threads), 0, 64}, kServer,
       "Threads that read requests and write answers", "0: 1 on up to 2 CPUs, else 2"},
      {"server.drain_delay", "--drain-delay", kServing,
       DurationKind{AT(server.drain_delay), seconds(0), hours(1)}, kServer,
       "After SIGTERM: how long new requests are still taken while /readyz says no", ""},
      {"server.drain_timeout", "--drain-timeout", kServing,
       DurationKind{AT(server.drain_timeout), seconds(0), hours(24)}, kServer,
       "After SIGTERM: how long running requests may take to finish", ""},
  };
}

std::vector<Setting> Security() {
  return {
      {"security.api_key_file", "--api-key-file", kServing, PathKind{AT(security.api_key_file)}, kSecurity,
       "File of API keys: id, SHA-256 of the key, tenant, permissions; read again on SIGHUP",
       "none: no key is asked for"},
      {"security.tls_cert", "--tls-cert", kServing, PathKind{AT(security.tls_cert)}, kSecurity,
       "Certificate chain (PEM) for HTTPS; if it names localhost too, `lares run` beside it needs no --url",
       "none: plain HTTP"},
      {"security.tls_key", "--tls-key", kServing, PathKind{AT(security.tls_key)}, kSecurity,
       "Private key (PEM) of the certificate", "none"},
      {"security.insecure", "--insecure", kServing, SwitchKind{AT(security.insecure)}, kSecurity,
       "Listen beyond loopback without key or TLS: everyone who reaches the port may use and read it", ""},
      {"security.tls_terminated_upstream", "--tls-terminated-upstream", kServing,
       SwitchKind{AT(security.tls_terminated_upstream)}, kSecurity,
       "A proxy in front does TLS; a key file is still required beyond loopback", ""},
      {"security.allowed_hosts", "--allowed-host", kServing, ListKind{AT(security.allowed_hosts)}, kSecurity,
       "Host names under which a browser may reach a server on loopback", "localhost and loopback addresses"},
      {"security.trusted_proxies", "--trusted-proxy", kServing, ListKind{AT(security.trusted_proxies)},
       kSecurity, "Addresses or CIDR ranges whose X-Forwarded-For is believed", "none"},
      {"security.cors_origins", "--cors-origin", kServing, ListKind{AT(security.cors_origins)}, kSecurity,
       "Origins whose pages may call this server", "none"},
  };
}

std::vector<Setting> Scheduling() {
  return {
      {"scheduling.queue", "--queue", kEngineScope, IntegerKind{AT(scheduling.queue), 0, 1'000'000},
       kScheduling, "Requests of a tenant that may wait; the next one gets 429", ""},
      {"scheduling.itl_p99", "--itl-p99", kEngineScope,
       DurationKind{AT(scheduling.itl_p99), milliseconds(1), seconds(60)}, kScheduling,
       "99 of 100 gaps between two tokens of an answer stay below this while other prompts are read", ""},
      {"scheduling.max_wait", "--max-wait", kEngineScope,
       DurationKind{AT(scheduling.max_wait), milliseconds(1), hours(1)}, kScheduling,
       "A request that waited this long goes to the front", ""},
      {"scheduling.max_tokens", "--max-tokens", kEngineScope,
       IntegerKind{AT(scheduling.max_tokens), 0, kManyTokens}, kScheduling, "Longest answer in tokens",
       "0: what is left of the context"},
      {"scheduling.prefill_rows", "--prefill-rows", kEngineScope,
       IntegerKind{AT(scheduling.prefill_rows), 64, kMostRows}, kScheduling,
       "Prompt tokens computed in one call at most", ""},
      {"scheduling.host_cache", "--host-cache", kEngineScope,
       SizeKind{AT(scheduling.host_cache), 0, 1024ULL * kGiB}, kScheduling,
       "Memory for prompt prefixes that the slots cannot hold; 0 keeps none", ""},
      {"scheduling.fixed_costs", "--fixed-step-costs", kEngineScope, CostsKind{AT(scheduling.fixed_costs)},
       kScheduling, "For tests: step times to plan with instead of measured ones", "measured", true},
  };
}

std::vector<Setting> Worker() {
  return {
      {"worker.profile", "--worker-profile", kEngineScope, ChoiceKind{AT(worker.profile), kProfiles},
       kWorkerGroup,
       "What the process that holds the model may do beside computing; gpu adds the driver's devices and "
       "files",
       ""},
      {"worker.crash_budget", "--crash-budget", kServing, IntegerKind{AT(worker.crash_budget), 0, 1'000'000},
       kWorkerGroup, "Crashes of that process within 5 minutes after which it is left alone for a while", ""},
      {"worker.well_after", "--well-after", kServing,
       DurationKind{AT(worker.well_after), seconds(0), hours(24)}, kWorkerGroup,
       "Time without a crash after which earlier ones are forgiven and the next is followed by a start at "
       "once",
       ""},
  };
}

std::vector<Setting> Limits() {
  return {
      {"limits.body", "--max-body", kServing, SizeKind{AT(limits.body), kKiB, kGiB}, kLimits,
       "Largest request body", ""},
      {"limits.header", "--max-header", kServing, SizeKind{AT(limits.header), kKiB, kMiB}, kLimits,
       "Largest request header", ""},
      {"limits.connections", "--max-connections", kServing, IntegerKind{AT(limits.connections), 1, 1'000'000},
       kLimits, "Connections at once", ""},
      {"limits.stream_buffer", "--stream-buffer", kServing,
       SizeKind{AT(limits.stream_buffer), 16 * kKiB, kGiB}, kLimits,
       "Bytes a slow reader of a stream may be behind before its request is cancelled", ""},
      {"limits.header_timeout", "--header-timeout", kServing,
       DurationKind{AT(limits.header_timeout), milliseconds(100), hours(1)}, kLimits,
       "Time to send a request's header", ""},
      {"limits.body_timeout", "--body-timeout", kServing,
       DurationKind{AT(limits.body_timeout), milliseconds(100), hours(1)}, kLimits,
       "Time for a request's body, and 1 s more per 64 KiB of it", ""},
      {"limits.idle_timeout", "--idle-timeout", kServing,
       DurationKind{AT(limits.idle_timeout), milliseconds(100), hours(24)}, kLimits,
       "Time a connection may rest between two requests", ""},
      {"limits.write_timeout", "--write-timeout", kServing,
       DurationKind{AT(limits.write_timeout), milliseconds(100), hours(1)}, kLimits,
       "Time a reader may take nothing", ""},
      {"limits.heartbeat", "--heartbeat", kServing,
       DurationKind{AT(limits.heartbeat), milliseconds(100), hours(1)}, kLimits,
       "Silence in a stream after which a comment is sent, so that proxies keep it open", ""},
      {"limits.request_timeout", "--request-timeout", kServing,
       DurationKind{AT(limits.request_timeout), seconds(0), hours(24)}, kLimits,
       "Time a whole request may take", "0s: no limit"},
  };
}

std::vector<Setting> LogAndClient() {
  return {
      {"log.level", "--log-level", kEngineScope, ChoiceKind{AT(log.level), kLevels}, kLog,
       "Least important lines to write", ""},
      {"log.format", "--log-format", kEngineScope, ChoiceKind{AT(log.format), kFormats}, kLog,
       "Lines for people or for machines", ""},
      {"log.file", "--log-file", kServing, PathKind{AT(log.file)}, kLog, "File to append to",
       "standard error"},
      {"log.content", "--log-content", kServing, SwitchKind{AT(log.content)}, kLog,
       "Also write what was asked and answered; off, no prompt or answer ever gets into the log", ""},
      {"client.url", "--url", kClient, TextKind{AT(client.url)}, kClientGroup,
       "Server to talk to: http://..., https://... or unix:PATH", "the one on the data directory"},
      {"client.api_key", "--api-key", kClient, SecretKind{AT(client.api_key)}, kClientGroup,
       "API key to send; better set in the environment, where other users cannot see it", "none"},
      {"client.ca_file", "--ca-file", kClient, PathKind{AT(client.ca_file)}, kClientGroup,
       "Certificate authorities (PEM) to trust for https://", "the system's"},
  };
}

#undef AT

std::vector<Setting> MakeTable() {
  std::vector<Setting> table;
  for (auto* part :
       {&PlaceAndModel, &Models, &Server, &Security, &Scheduling, &Worker, &Limits, &LogAndClient}) {
    for (Setting& setting : part()) table.push_back(setting);
  }
  return table;
}

std::string_view LastWord(std::string_view key) { return key.substr(key.rfind('.') + 1); }

}  // namespace

std::span<const Setting> AllSettings() {
  static const std::vector<Setting> kTable = MakeTable();
  return kTable;
}

const Setting* FindByKey(std::string_view key) {
  const auto found = std::ranges::find(AllSettings(), key, &Setting::key);
  return found == AllSettings().end() ? nullptr : &*found;
}

std::string_view NearestKey(std::string_view key) {
  std::vector<std::string_view> keys;
  for (const Setting& setting : AllSettings()) keys.push_back(setting.key);
  if (const auto near = Nearest(key, keys)) return *near;
  std::vector<std::string_view> words(keys);
  for (std::string_view& word : words) word = LastWord(word);
  const auto near = Nearest(LastWord(key), words);
  if (!near) return {};
  return keys[static_cast<std::size_t>(std::ranges::find(words, *near) - words.begin())];
}

}  // namespace lares::app
