// SPDX-License-Identifier: Apache-2.0
//
// One measured request: what was noted while it ran, and what it means. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/transport.h"

namespace lares::cli {

// As it came, without a look inside: looking would delay the stamps of other streams.
struct ExchangeRecord {
  struct Piece {
    base::Time when;
    std::size_t end = 0;  // of the bytes in `body`
  };
  base::Time due;   // latencies count from here
  base::Time sent;  // the same in a closed loop
  base::Time ended;
  std::vector<Piece> pieces;
  std::string body;
  HttpEnd end;
};

struct Outcome {
  enum class Kind : std::uint8_t {
    kOk,
    kRefused,     // 429 or 503: the server said no
    kFailed,      // anything else that is no whole answer
    kUnfinished,  // the run was interrupted
  };
  Kind kind = Kind::kFailed;
  std::string error;  // of the refused and failed, shortened
  base::Time due;
  base::Time sent;
  base::Time ended;
  // Seconds; only of kOk.
  double ttft = 0;  // to the first piece of text
  double total = 0;
  std::vector<double> gaps;  // between two pieces of text
  std::int64_t prompt_tokens = 0;
  std::int64_t output_tokens = 0;
  std::optional<std::int64_t> cached_tokens;

  double mean_gap() const;
};

Outcome ReadOutcome(const ExchangeRecord& record, bool stream);

}  // namespace lares::cli
