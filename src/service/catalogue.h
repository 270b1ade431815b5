// SPDX-License-Identifier: Apache-2.0
//
// The models this server knows, by name and alias, each with the engine that runs it. Fixed after
// construction; engines change state behind their interface. Written for many engines, today's server has
// one. Thread safe.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "core/model_spec.h"
#include "engine/engine.h"

namespace lares::service {

struct Model {
  core::ModelSpec spec;
  std::shared_ptr<engine::Engine> engine;
  bool pinned = true;  // it should always be there; else it is loaded when it is asked for
};

// What the API tells about one model.
struct ModelCard {
  std::string id;
  std::vector<std::string> aliases;
  std::string digest;  // SHA-256 hex; empty until computed
  std::chrono::system_clock::time_point created;
  core::EngineStatus status;
};

class Catalogue {
 public:
  Catalogue(std::vector<Model> models, const base::Clock& clock);
  ~Catalogue();
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  // Computes the digests of the models' first files on `pool`, once; call it when the models are loaded, so
  // that reading the file twice does not slow the start. What `remembered` (a digest_store.h; empty: none)
  // knows of a file that is still the same is not read again. `pool` must live as long as this.
  void ComputeDigests(base::ThreadPool& pool, base::Logger& logger, const std::string& remembered = {});
  // Ends that soon: before its pool is stopped.
  void StopDigests();

  // By name (also with the ".gguf" of its file), alias, or a catch-all alias "*"; an empty name means the
  // only model. kNotFound with reason "model_not_found" lists what there is.
  base::Result<const Model*> Find(std::string_view name) const;

  std::vector<ModelCard> List() const;
  ModelCard Describe(const Model& model) const;
  const std::vector<Model>& models() const { return models_; }

 private:
  struct Digests;

  const std::vector<Model> models_;
  const std::chrono::system_clock::time_point created_;
  std::shared_ptr<Digests> digests_;  // shared with the work on the pool, which may outlive this
};

}  // namespace lares::service
