// SPDX-License-Identifier: Apache-2.0
#include "capacity/residency.h"

#include <algorithm>
#include <cmath>

namespace lares::capacity {
namespace {

// Of a model that was never loaded: what loading usually costs grows with its size.
constexpr double kBytesPerSecond = 1e9;

double Decay(base::Duration time, base::Duration half_life) {
  return std::exp2(-base::Seconds(time) / base::Seconds(half_life));
}

std::uint64_t Loaded(std::span<const Resident> all) {
  std::uint64_t sum = 0;
  for (const Resident& each : all) sum += each.loaded ? each.bytes : 0;
  return sum;
}

const Resident* Find(std::span<const Resident> all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &Resident::name);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

void Residency::OnUse(const std::string& name, base::Time now, std::uint64_t times) {
  Uses& uses = uses_[name];
  uses.count = uses.count * Decay(now - uses.at, options_.half_life) + static_cast<double>(times);
  uses.at = now;
}

double Residency::Value(const Resident& model, base::Time now) const {
  const auto uses = uses_.find(model.name);
  const double often =
      uses == uses_.end() ? 0 : uses->second.count * Decay(now - uses->second.at, options_.half_life);
  const auto took = load_time_.find(model.name);
  const double bytes = static_cast<double>(std::max<std::uint64_t>(model.bytes, 1));
  const double cost = took == load_time_.end() ? bytes / kBytesPerSecond : base::Seconds(took->second);
  return often * cost / bytes;
}

std::vector<const Resident*> Residency::MayGo(std::span<const Resident> all, const std::string& wanted,
                                              bool also_busy, base::Time now) const {
  std::vector<const Resident*> may_go;
  for (const Resident& each : all) {
    if (each.loaded && !each.pinned && each.name != wanted && (also_busy || !each.busy)) {
      may_go.push_back(&each);
    }
  }
  // Who rests goes before who works.
  std::ranges::sort(may_go, [&](const Resident* a, const Resident* b) {
    if (a->busy != b->busy) return b->busy;
    const double left = Value(*a, now), right = Value(*b, now);
    return left != right ? left < right : a->last_use < b->last_use;
  });
  return may_go;
}

Residency::Room Residency::MakeRoom(std::span<const Resident> all, const std::string& wanted, bool also_busy,
                                    base::Time now) const {
  const Resident* model = Find(all, wanted);
  if (model == nullptr) return {};
  std::uint64_t taken = Loaded(all) + (model->loaded ? 0 : model->bytes);
  std::vector<const Resident*> leaving;
  for (const Resident* each : MayGo(all, wanted, also_busy, now)) {
    if (taken <= options_.budget) break;
    leaving.push_back(each);
    taken -= each->bytes;
  }
  if (taken > options_.budget) return {};
  // A large one that came late may have made the small ones before it needless.
  std::erase_if(leaving, [&](const Resident* each) {
    if (taken + each->bytes > options_.budget) return false;
    taken += each->bytes;
    return true;
  });
  Room room{.possible = true, .leaving = {}};
  for (const Resident* each : leaving) room.leaving.push_back(each->name);
  return room;
}

std::vector<std::string> Residency::Rested(std::span<const Resident> all, base::Time now) const {
  std::vector<std::string> rested;
  if (options_.unload_after <= base::Duration{}) return rested;
  for (const Resident& each : all) {
    if (!each.loaded || each.pinned || each.busy || !each.last_use) continue;
    if (now - *each.last_use >= options_.unload_after) rested.push_back(each.name);
  }
  return rested;
}

std::optional<std::string> Residency::LeastValuable(std::span<const Resident> all, base::Time now) const {
  const auto may_go = MayGo(all, {}, false, now);
  if (may_go.empty()) return std::nullopt;
  return may_go.front()->name;
}

bool Residency::EverFits(std::span<const Resident> all, const std::string& wanted) const {
  std::uint64_t needed = 0;
  for (const Resident& each : all) {
    if (each.pinned || each.name == wanted) needed += each.bytes;
  }
  return needed <= options_.budget;
}

}  // namespace lares::capacity
