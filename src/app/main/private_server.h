// SPDX-License-Identifier: Apache-2.0
//
// A server for one command: `lares run MODEL.gguf` without a running server starts one in a child process, on
// a Unix socket in a folder only this user can enter. It ends with this process, however that ends.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace lares::app {

// `flags` are added to its command line; it reads no LARES_ variables. Answers its address ("unix:/...") as
// soon as it listens; its model may still be loading.
base::Result<std::string> StartPrivateServer(const std::string& model_path,
                                             const std::vector<std::string>& flags);

}  // namespace lares::app
