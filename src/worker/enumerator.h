// SPDX-License-Identifier: Apache-2.0
//
// A number from a message as an enumerator, when it is one. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace lares::worker {

// Enumerators run from `first` to `last` without a gap.
template <class Enum>
base::Result<Enum> Enumerator(std::int32_t number, Enum first, Enum last, const char* what) {
  if (number < static_cast<std::int32_t>(first) || number > static_cast<std::int32_t>(last)) {
    return base::Fail(base::Code::kInvalidArgument,
                      std::string("a message of the worker protocol names the unknown ") + what + ' ' +
                          std::to_string(number));
  }
  return static_cast<Enum>(number);
}

}  // namespace lares::worker
