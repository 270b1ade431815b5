// SPDX-License-Identifier: Apache-2.0
//
// Every setting of Lares, as plain values with their defaults. What each is called in a file, in the
// environment and on the command line, and what it may be, stands in one table: settings.cc. Where a value
// comes from is decided by config_loader.h. Movable, not copyable (it holds a secret).
//
// Zero stands for "chosen by Lares" where a comment says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "scheduler/options.h"

namespace lares::app {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

struct ModelSettings {
  std::string name;                       // empty: the file's base name; only a worker is told
  std::string path;                       // GGUF, or "fake:..." for tests (fake_model_path.h)
  std::vector<std::string> served_names;  // beside the file's base name; "*" takes every name
  std::string chat_template;              // file with a Jinja template instead of the model's own
  std::int32_t context = 0;               // tokens of one request, prompt and answer; 0: chosen
  std::int32_t parallel = 0;              // requests that run at once; 0: chosen
  std::int32_t threads = 0;               // compute threads; 0: the CPUs this process may use
  std::int32_t gpu_layers = -1;           // -1: as many as there are
  std::string kv_type = "f16";
  bool operator==(const ModelSettings&) const = default;
};

// A model of the catalogue. What is not said there is as in `model`.
struct CatalogueEntry {
  std::string name;
  ModelSettings settings;
  bool pinned = false;
  bool operator==(const CatalogueEntry&) const = default;
};

// Many models behind one address: those of a folder and those of the catalogue.
struct ModelsSettings {
  std::string folder;                     // every GGUF file in it is a model, by its base name
  std::uint64_t memory = 0;               // that models may take together; 0: what is free at the start
  base::Duration unload_after{};          // unused for so long; 0: never
  std::vector<std::string> pinned;        // loaded at the start, never unloaded
  std::vector<CatalogueEntry> catalogue;  // from the file only, by name
};

struct ServerSettings {
  std::string host = "127.0.0.1";
  std::int32_t port = 8080;      // 0: any free one
  std::string listen;            // "unix:PATH" instead of host and port; empty: host and port
  std::int32_t io_threads = 0;   // 0: chosen
  base::Duration drain_delay{};  // after SIGTERM, while requests are still taken
  base::Duration drain_timeout = std::chrono::seconds(30);
};

struct SecuritySettings {
  std::string api_key_file;
  std::string tls_cert;
  std::string tls_key;
  bool insecure = false;
  bool tls_terminated_upstream = false;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> trusted_proxies;  // addresses or CIDR ranges
  std::vector<std::string> cors_origins;
};

struct SchedulingSettings {
  std::int32_t queue = 256;                                 // requests that wait
  base::Duration itl_p99 = std::chrono::milliseconds(500);  // between two tokens while prompts are read
  base::Duration max_wait = std::chrono::seconds(30);       // then a waiting request goes to the front
  std::int32_t max_tokens = 0;                              // cap of an answer; 0: what the context holds
  std::int32_t prefill_rows = 512;                          // prompt tokens in one call at most
  std::uint64_t host_cache = 512 * kMiB;                    // prefixes outside the slots; 0: none
  std::optional<scheduler::FixedCosts> fixed_costs;         // for tests
};

// The processes that hold models.
struct WorkerSettings {
  std::int32_t crash_budget = 5;  // in 5 minutes; then it is left alone for a while
  base::Duration well_after =
      std::chrono::seconds(60);  // ready for so long, and earlier crashes are forgiven
  std::string profile = "cpu";
};

struct LimitSettings {
  std::uint64_t body = 16 * kMiB;
  std::uint64_t header = 16 * kKiB;
  std::int32_t connections = 4096;
  std::uint64_t stream_buffer = 1 * kMiB;  // bytes a slow reader may be behind
  base::Duration header_timeout = std::chrono::seconds(10);
  base::Duration body_timeout = std::chrono::seconds(60);   // a whole body, and 1 s more per 64 KiB
  base::Duration idle_timeout = std::chrono::seconds(75);   // between two requests of a connection
  base::Duration write_timeout = std::chrono::seconds(30);  // a reader that takes nothing
  base::Duration heartbeat = std::chrono::seconds(10);      // silence in a stream until a comment is sent
  base::Duration request_timeout{};                         // whole request; 0: none
};

struct LogSettings {
  std::string level = "info";
  std::string format = "text";
  std::string file;      // empty: standard error
  bool content = false;  // prompts and answers too
};

// For the commands that talk to a server.
struct ClientSettings {
  std::string url;  // empty: the server on the data directory
  base::Secret api_key;
  std::string ca_file;  // PEM; empty: the system's authorities
};

struct Config {
  std::string data_directory;
  ModelSettings model;
  ModelsSettings models;
  ServerSettings server;
  SecuritySettings security;
  SchedulingSettings scheduling;
  WorkerSettings worker;
  LimitSettings limits;
  LogSettings log;
  ClientSettings client;
};

}  // namespace lares::app
