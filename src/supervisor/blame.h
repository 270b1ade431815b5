// SPDX-License-Identifier: Apache-2.0
//
// Finds the request that kills workers, so that it dies twice and its neighbours not at all. A crash makes
// those suspects that had rows in the call under way. On the next worker each of them, in the order in which
// they came, goes alone past the place where the worker died; everybody else waits meanwhile. (One step more
// than the ids that it had, and its state stays cached: the whole costs hardly more than the replay that is
// due anyway.) A worker that dies with one request alone was killed by it: that one is guilty, and is not
// tried again.
//
// Pure; not thread safe.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>

namespace lares::supervisor {

class Blame {
 public:
  // The worker died with these in its call. Who was found guilty now, if somebody was: it is forgotten here.
  std::optional<std::string> OnCrash(std::span<const std::string> in_the_call);

  // Whether it may be given to a worker now. Changes with every OnPassed, OnEnd and OnCrash.
  bool MayRun(const std::string& request) const { return suspects_.empty() || request == suspects_.front(); }

  // It got past the place where its worker died.
  void OnPassed(const std::string& request) { OnEnd(request); }
  // It ended, whatever ended it.
  void OnEnd(const std::string& request) { std::erase(suspects_, request); }

  std::size_t suspects() const { return suspects_.size(); }

 private:
  std::deque<std::string> suspects_;  // the first is the one that runs
};

}  // namespace lares::supervisor
