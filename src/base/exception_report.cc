// SPDX-License-Identifier: Apache-2.0
#include "base/exception_report.h"

#include <cstdlib>
#include <memory>
#include <typeinfo>

#include <cxxabi.h>

namespace lares::base {

std::string CurrentExceptionType() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "unknown";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type->name();
}

void ExceptionReport::Caught(std::string_view where) noexcept {
  try {
    const std::string kind = CurrentExceptionType();
    {
      const std::lock_guard lock(mutex_);
      if (seen_.size() >= kMaxKinds || !seen_.insert(std::string(where) + ' ' + kind).second) return;
    }
    log_.Error("an exception ended a piece of work; more of this kind are not logged",
               {{"where", where}, {"kind", kind}});
  } catch (...) {
    // Without memory even for a line: what matters is to go on.
  }
}

}  // namespace lares::base
