// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <string.h>

namespace lares::base {

void Secret::Wipe() { explicit_bzero(value_.data(), value_.size()); }

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(
        difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  }
  return difference == 0;
}

}  // namespace lares::base
