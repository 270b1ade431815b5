// SPDX-License-Identifier: Apache-2.0
//
// The use case "embed": texts in, one vector each out. Blocks and computes, for minutes when there is much to
// read: call it on the pool for embeddings. Thread safe.
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

class Embedder {
 public:
  // `timeout` is what a request may take from Embed on; zero: no limit.
  Embedder(const Catalogue& catalogue, base::Metrics& metrics, const base::Clock& clock,
           base::Duration timeout);

  // `work` counts the request since it was taken, and shows that it was. Ends soon after `stop` asks for it.
  base::Result<EmbedResult> Embed(const Lifecycle::Work& work, core::EmbedRequest request,
                                  const std::stop_token& stop, Call& call);

 private:
  const Catalogue& catalogue_;
  const base::Clock& clock_;
  const base::Duration timeout_;
  std::map<std::string, base::Counter*> tokens_;  // by catalogue name; fixed
};

}  // namespace lares::service
