// SPDX-License-Identifier: Apache-2.0
//
// The use cases "embed" and "rank": texts in, one vector or one score each out. They block and compute, for
// minutes when there is much to read: call them on the pool for embeddings. Thread safe.
#pragma once

#include <cstddef>
#include <map>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "core/embed.h"
#include "service/catalogue.h"
#include "service/lifecycle.h"
#include "service/operation.h"
#include "service/request_log.h"

namespace lares::service {

inline constexpr std::size_t kMaxEmbedInputs = 2048;

struct EmbedResult {
  std::string model;  // the catalogue's name
  core::EmbedAnswer answer;
};

struct RankResult {
  std::string model;  // the catalogue's name
  core::RankAnswer answer;
};

class Embedder {
 public:
  // `timeout` is what a request may take from Embed on; zero: no limit.
  Embedder(const Catalogue& catalogue, base::Metrics& metrics, const base::Clock& clock,
           base::Duration timeout);

  // `work` counts the request since it was taken, and shows that it was. Ends soon after `stop` asks for it.
  base::Result<EmbedResult> Embed(const Lifecycle::Work& work, core::EmbedRequest request,
                                  const std::stop_token& stop, Call& call);

  // Likewise.
  base::Result<RankResult> Rank(const Lifecycle::Work& work, core::RankRequest request,
                                const std::stop_token& stop, Call& call);

 private:
  template <typename Request>
  base::Result<const Model*> Begin(const Operation& operation, Request& request, Call& call) const;
  void Settle(const std::string& model, std::int32_t tokens, Call& call) const;

  const Catalogue& catalogue_;
  const base::Clock& clock_;
  const base::Duration timeout_;
  std::map<std::string, base::Counter*> tokens_;  // by catalogue name; fixed
};

}  // namespace lares::service
