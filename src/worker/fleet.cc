// SPDX-License-Identifier: Apache-2.0
#include "worker/fleet.h"

#include <algorithm>
#include <utility>

#include "base/thread_pool.h"

namespace lares::worker {
namespace {

constexpr auto kTick = std::chrono::milliseconds(200);
constexpr auto kTickOfAWait = std::chrono::milliseconds(10);
constexpr auto kBetweenTries = std::chrono::seconds(30);
constexpr auto kBetweenLooks = std::chrono::seconds(1);
// Between two models that go for want of memory: what went must show first.
constexpr auto kBetweenTwo = std::chrono::seconds(5);

}  // namespace

Fleet::Fleet(FleetOptions options, const base::Clock& clock, base::Metrics& metrics, base::Logger& log)
    : options_(std::move(options)),
      clock_(clock),
      metrics_(metrics),
      log_(log),
      residency_({.budget = options_.budget, .unload_after = options_.unload_after}) {}

Fleet::~Fleet() { Stop(); }

void Fleet::Add(FleetMember member) {
  auto added = std::make_unique<Member>();
  static_cast<FleetMember&>(*added) = std::move(member);
  added->gauge = &metrics_.AddGauge("lares_model_bytes", "Memory planned for a loaded model; 0: not loaded.",
                                    {{"model", added->name}});
  added->loads = &metrics_.AddCounter("lares_model_loads_total", "Times that a model was loaded.",
                                      {{"model", added->name}});
  members_.push_back(std::move(added));
}

// What can never have room beside the pinned ones is said at once: nobody shall wait for it.
void Fleet::RefuseTheHopeless() {
  const auto residents = Residents();
  for (const auto& member : members_) {
    if (member->pinned || !member->refusal.empty() || residency_.EverFits(residents, member->name)) continue;
    member->refusal = "this needs " + std::to_string(member->bytes) +
                      " bytes, which the pinned models do not leave of the " +
                      std::to_string(residency_.budget()) +
                      " that models may take together: pin fewer, or raise --models-memory";
    log_.Warning("a model cannot be loaded", {{"model", member->name}, {"cause", member->refusal}});
  }
}

void Fleet::Start() {
  RefuseTheHopeless();
  for (const auto& member : members_) {
    if (!member->refusal.empty()) {
      member->engine->SetOutage({.state = core::EngineState::kFailed, .failure = member->refusal});
      continue;
    }
    if (member->pinned) Load(*member, clock_.Now());
    member->supervisor->Start(member->pinned);
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Fleet::Demand(std::size_t index) {
  members_[index]->demanded = true;
  wake_.Ring();
}

void Fleet::Replace() {
  for (const auto& member : members_) member->supervisor->Replace();
}

void Fleet::Stop() {
  thread_ = {};
  for (const auto& member : members_) member->supervisor->Stop();
}

void Fleet::Run(const std::stop_token& stop) {
  base::DescribeThisThread("fleet", 0);
  const std::stop_callback wake(stop, [this] { wake_.Ring(); });
  while (!stop.stop_requested()) {
    const base::Time now = clock_.Now();
    ++turn_;
    NoteUse(now);
    // Who waits longest is served first.
    std::vector<Member*> wanted;
    for (const auto& member : members_) {
      if (member->demanded) wanted.push_back(member.get());
    }
    std::ranges::sort(wanted, {}, [](const Member* m) { return m->demanded_since; });
    for (Member* member : wanted) Serve(*member, now);
    LetGo(now);
    RecallTheNeeded();
    wake_.Wait(Patience());
  }
}

base::Duration Fleet::Patience() const {
  const bool somebody_waits =
      std::ranges::any_of(members_, [](const auto& m) { return m->demanded || m->loading_since; });
  return somebody_waits ? base::Duration(kTickOfAWait) : base::Duration(kTick);
}

void Fleet::NoteUse(base::Time now) {
  for (const auto& member : members_) {
    if (member->demanded && !member->demanded_since) member->demanded_since = now;
    member->last_use = member->engine->last_used();
    const std::uint64_t uses = member->engine->uses();
    if (uses > member->uses) residency_.OnUse(member->name, now, uses - member->uses);
    member->uses = uses;
    const core::EngineState state = member->engine->Status().state;
    if (member->loading_since && state == core::EngineState::kReady) {
      residency_.OnLoaded(member->name, now - *std::exchange(member->loading_since, std::nullopt));
    }
    NoteFailure(*member, state, now);
    member->gauge->Set(member->supervisor->loaded() ? static_cast<double>(member->bytes) : 0);
  }
}

// A file may have been mended meanwhile: after a while who asks for it may try again.
void Fleet::NoteFailure(Member& member, core::EngineState state, base::Time now) {
  if (state != core::EngineState::kFailed || !member.refusal.empty()) {
    member.failed_since.reset();
    return;
  }
  member.loading_since.reset();
  if (!member.failed_since) member.failed_since = now;
  if (now - *member.failed_since < kBetweenTries || member.pinned) return;
  member.failed_since.reset();
  member.supervisor->Forget();
}

std::vector<capacity::Resident> Fleet::Residents() const {
  std::vector<capacity::Resident> residents;
  residents.reserve(members_.size());
  for (const auto& member : members_) {
    residents.push_back({.name = member->name,
                         .bytes = member->bytes,
                         .pinned = member->pinned,
                         .loaded = member->supervisor->loaded(),
                         .busy = member->engine->busy(),
                         .last_use = member->last_use});
  }
  return residents;
}

Fleet::Member& Fleet::Named(const std::string& name) {
  return **std::ranges::find_if(members_, [&](const auto& member) { return member->name == name; });
}

// One step towards its being loaded.
void Fleet::Serve(Member& member, base::Time now) {
  const auto served = [&] {
    member.demanded = false;
    member.demanded_since.reset();
  };
  if (member.supervisor->loaded()) {
    // It runs, or is on its way out: then it comes back in its turn.
    if (!member.leaving) served();
    return;
  }
  const auto residents = Residents();
  const bool impatient = member.demanded_since && now - *member.demanded_since >= options_.patience;
  const auto room = residency_.MakeRoom(residents, member.name, impatient, now);
  if (!room.possible) return;
  if (room.leaving.empty()) {
    served();
    return Load(member, now);
  }
  for (const std::string& name : room.leaving) Unload(Named(name), "for another model");
}

void Fleet::Load(Member& member, base::Time now) {
  member.loading_since = now;
  member.loads->Add();
  member.supervisor->Load();
}

void Fleet::Unload(Member& member, const char* why) {
  member.leaving = true;
  member.leaves_at = turn_;
  if (!member.engine->Retire()) return;
  member.supervisor->Unload();
  log_.Info("model unloaded", {{"model", member.name}, {"why", why}});
}

void Fleet::LetGo(base::Time now) {
  const auto residents = Residents();
  for (const std::string& name : residency_.Rested(residents, now)) Unload(Named(name), "unused");
  if (!MemoryIsShort(now)) return;
  const auto least = residency_.LeastValuable(residents, now);
  if (!least) return;
  pressed_ = now;
  Unload(Named(*least), "memory is short");
}

bool Fleet::MemoryIsShort(base::Time now) {
  if (!options_.free_memory || (looked_ && now - *looked_ < kBetweenLooks)) return false;
  looked_ = now;
  if (pressed_ && now - *pressed_ < kBetweenTwo) return false;
  return options_.free_memory() < options_.least_free;
}

// Who was to leave, but need not any more, works on.
void Fleet::RecallTheNeeded() {
  for (const auto& member : members_) {
    if (!member->leaving) continue;
    const bool gone = !member->supervisor->loaded();
    const bool needed = member->leaves_at != turn_ && member->engine->attached();
    if (needed) member->engine->Recall();
    if (gone || needed) member->leaving = false;
  }
}

}  // namespace lares::worker
