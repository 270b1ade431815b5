// SPDX-License-Identifier: Apache-2.0
//
// Takes new connections from the listening socket and deals them out to the I/O threads in turn. Lives on the
// first loop; Start and Stop are called there, or before it runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.h"
#include "http/connection.h"
#include "http/io_loop.h"
#include "http/listening_socket.h"
#include "http/tls_context.h"

namespace lares::http {

class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(ListeningSocket socket, std::vector<std::shared_ptr<IoLoop>> loops, Connection::Context context,
           const TlsContext* tls, base::Logger& logger);
  ~Acceptor();

  void Start();
  void Stop();  // closes the socket: connecting is refused from now on

 private:
  void Wait();
  void AcceptAll();
  void Pause();
  void Give(ListeningSocket::Accepted accepted);

  std::optional<ListeningSocket> socket_;
  const std::vector<std::shared_ptr<IoLoop>> loops_;
  const Connection::Context context_;
  const TlsContext* const tls_;
  base::Logger& logger_;
  boost::asio::posix::stream_descriptor waiter_;
  boost::asio::steady_timer pause_;
  const std::string refusal_;  // what a client beyond the limit is told
  std::size_t next_ = 0;
};

}  // namespace lares::http
