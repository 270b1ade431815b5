// SPDX-License-Identifier: Apache-2.0
//
// The use case "embed": texts in, one vector each out. Blocks and computes: call it on a heavy pool. Thread
// safe.
#pragma once

#include <cstddef>
#include <map>
#include <string>

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
  Embedder(const Catalogue& catalogue, Lifecycle& lifecycle, base::Metrics& metrics);

  base::Result<EmbedResult> Embed(core::EmbedRequest request, Call& call);

 private:
  const Catalogue& catalogue_;
  Lifecycle& lifecycle_;
  std::map<std::string, base::Counter*> tokens_;  // by catalogue name; fixed
};

}  // namespace lares::service
