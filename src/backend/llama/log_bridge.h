// SPDX-License-Identifier: Apache-2.0
//
// Routes the library's log, which is global, into ours while an object of this class lives. The newest object
// wins; when it goes, the one before it speaks again. Thread safe.
//
// The library's own "info" is a page of numbers per load: it becomes debug. Its debug lines quote prompts and
// answers: they are dropped. `logger` must outlive the object.
#pragma once

#include "base/log.h"

namespace lares::backend::llama {

class LogBridge {
 public:
  explicit LogBridge(base::Logger& logger);
  ~LogBridge();
  LogBridge(const LogBridge&) = delete;
  LogBridge& operator=(const LogBridge&) = delete;

 private:
  base::Logger* logger_;
};

}  // namespace lares::backend::llama
