// SPDX-License-Identifier: Apache-2.0
//
// Values as people write them: 4GiB, 500ms, true. Pure. Each parser takes the whole text or fails; the error
// says in half a sentence what was expected ("expected a duration such as 500ms or 30s"). Each formatter's
// text parses back to the same value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace lares::app {

base::Result<std::int64_t> ParseInteger(std::string_view text);

// Bytes: a whole number alone or followed by B, KiB, MiB, GiB, TiB (powers of 1024; K, M, G, T for short) or
// kB, MB, GB, TB (powers of 1000). A fraction is fine with a unit ("1.5GiB").
base::Result<std::uint64_t> ParseSize(std::string_view text);
std::string FormatSize(std::uint64_t bytes);

// A number and a unit: ns, us, ms, s, min, h. "0" needs none.
base::Result<base::Duration> ParseDuration(std::string_view text);
std::string FormatDuration(base::Duration duration);

// true, yes, on, 1 and their opposites.
base::Result<bool> ParseBool(std::string_view text);

// Parts between commas, without the blanks around them; empty parts are dropped.
std::vector<std::string> SplitList(std::string_view text);

std::string_view Trim(std::string_view text);

}  // namespace lares::app
