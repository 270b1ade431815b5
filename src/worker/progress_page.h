// SPDX-License-Identifier: Apache-2.0
//
// A page of memory that a worker shares with its gateway: what it is at work on now, for whoever must know it
// when the worker hangs or has died. Writing costs a few stores and no system call. The reader trusts nothing
// that it reads: any value may stand there, and it may change while it is read.
//
// Times are of CLOCK_MONOTONIC, which all processes of a machine share. Thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace lares::worker {

// A request's id in 64 bits: FNV-1a, the same in every build.
std::uint64_t HashOf(std::string_view request);

class ProgressPage {
 public:
  static constexpr std::size_t kMostInStep = 1024;
  static constexpr std::size_t kMostPreparing = 64;

  struct View {
    std::uint64_t counter = 0;  // grows with whatever is done
    std::optional<base::Time> began;
    std::optional<base::Time> due;
    std::vector<std::uint64_t> at_work;  // hashes of requests, each once: in the step, or being prepared
  };

  // A new one, for a gateway; its descriptor is given to the worker.
  static base::Result<std::unique_ptr<ProgressPage>> Create();
  // The one behind a descriptor, which stays the caller's.
  static base::Result<std::unique_ptr<ProgressPage>> Open(int descriptor);
  ~ProgressPage();
  ProgressPage(const ProgressPage&) = delete;
  ProgressPage& operator=(const ProgressPage&) = delete;

  int descriptor() const { return descriptor_; }

  // The worker's side. What began is due at `due`; without work there is nothing to be late with.
  void Begin(std::span<const std::string_view> requests, base::Time began, base::Time due);
  void Beat();
  void Rest();
  // False when too many are being prepared: this one is not seen.
  bool AddPreparing(std::string_view request);
  void RemovePreparing(std::string_view request);

  // The gateway's side.
  View Read() const;

 private:
  struct Memory;
  ProgressPage(Memory* memory, int descriptor) : memory_(memory), descriptor_(descriptor) {}
  static base::Result<std::unique_ptr<ProgressPage>> Map(int descriptor, bool owned);

  Memory* const memory_;
  const int descriptor_;  // -1: not ours
};

}  // namespace lares::worker
