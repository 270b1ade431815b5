// SPDX-License-Identifier: Apache-2.0
#include "service/catalogue.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/digest.h"
#include "service/digest_store.h"

namespace lares::service {

struct Catalogue::Digests {
  std::mutex mutex;
  std::vector<std::string> values;
  bool started = false;
  std::atomic<bool> stop = false;
};

Catalogue::Catalogue(std::vector<Model> models, const base::Clock& clock)
    : models_(std::move(models)), created_(clock.Wall()), digests_(std::make_shared<Digests>()) {
  for (const Model& model : models_) digests_->values.push_back(model.spec.digest);
}

Catalogue::~Catalogue() { StopDigests(); }

void Catalogue::StopDigests() { digests_->stop = true; }

void Catalogue::ComputeDigests(base::ThreadPool& pool, base::Logger& logger, const std::string& remembered) {
  {
    const std::lock_guard lock(digests_->mutex);
    if (std::exchange(digests_->started, true)) return;
  }
  const auto store = std::make_shared<DigestStore>(remembered);
  for (std::size_t i = 0; i < models_.size(); ++i) {
    if (!models_[i].spec.digest.empty() || models_[i].spec.files.empty()) continue;
    const std::string file = models_[i].spec.files.front();
    if (auto known = store->Find(file)) {
      const std::lock_guard lock(digests_->mutex);
      digests_->values[i] = std::move(*known);
      continue;
    }
    pool.TryRun([digests = digests_, store, i, name = models_[i].spec.name, file, &logger] {
      const std::string before = DigestStore::Identity(file);
      auto digest = base::Sha256HexOfFile(file, &digests->stop);
      if (!digest) {
        if (!digests->stop) logger.Warning("digest", {{"model", name}, {"error", digest.error().message()}});
        return;
      }
      logger.Info("digest", {{"model", name}, {"sha256", *digest}});
      store->Remember(file, before, *digest);
      const std::lock_guard lock(digests->mutex);
      digests->values[i] = std::move(*digest);
    });
  }
}

base::Result<const Model*> Catalogue::Find(std::string_view name) const {
  if (name.empty() && models_.size() == 1) return &models_.front();
  for (const Model& model : models_) {
    if (model.spec.name == name || model.spec.name + ".gguf" == name) return &model;
  }
  const auto by_alias = [&](std::string_view wanted) {
    return std::ranges::find_if(models_, [&](const Model& m) {
      return std::ranges::find(m.spec.aliases, wanted) != m.spec.aliases.end();
    });
  };
  if (auto it = by_alias(name); it != models_.end() && name != "*") return &*it;
  if (auto it = by_alias("*"); it != models_.end()) return &*it;

  std::string known;
  for (const Model& model : models_) {
    known += (known.empty() ? "" : ", ") + model.spec.name;
    for (const std::string& alias : model.spec.aliases) known += ", " + alias;
  }
  return base::Fail(base::Error(base::Code::kNotFound,
                                "the model \"" + std::string(name.substr(0, 256)) +
                                    "\" does not exist here; there is: " + (known.empty() ? "none" : known))
                        .WithReason("model_not_found")
                        .WithParam("model"));
}

ModelCard Catalogue::Describe(const Model& model) const {
  ModelCard card;
  card.id = model.spec.name;
  card.aliases = model.spec.aliases;
  card.created = created_;
  card.status = model.engine->Status();
  const auto index = static_cast<std::size_t>(&model - models_.data());
  const std::lock_guard lock(digests_->mutex);
  card.digest = digests_->values[index];
  return card;
}

std::vector<ModelCard> Catalogue::List() const {
  std::vector<ModelCard> cards;
  cards.reserve(models_.size());
  for (const Model& model : models_) cards.push_back(Describe(model));
  return cards;
}

}  // namespace lares::service
