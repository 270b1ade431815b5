// SPDX-License-Identifier: Apache-2.0
//
// Certificate and key, as new connections use them. Thread safe: Reload may run while connections start.
#pragma once

#include <memory>
#include <mutex>

#include "base/error.h"
#include "http/options.h"

struct ssl_ctx_st;
struct ssl_st;

namespace lares::http {

struct SslFree {
  void operator()(ssl_st* ssl) const;
};
using SslPtr = std::unique_ptr<ssl_st, SslFree>;

class TlsContext {
 public:
  // TLS 1.2 or newer. An error names the file and what is wrong with it.
  static base::Result<std::unique_ptr<TlsContext>> Load(const TlsFiles& files);

  // Reads the files again. With an error what is in force stays in force.
  base::Status Reload();

  // A server's end over the non-blocking socket `fd`, which it does not own. Null when out of memory.
  SslPtr NewConnection(int fd) const;

 private:
  explicit TlsContext(TlsFiles files) : files_(std::move(files)) {}

  const TlsFiles files_;
  mutable std::mutex mutex_;
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace lares::http
