// SPDX-License-Identifier: Apache-2.0
//
// One client's connection: reads requests, has them judged and handled, writes answers, in turn. It lives on
// one I/O thread from its first byte to its last; every member is called there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/exchange.h"
#include "http/front_door.h"
#include "http/http_metrics.h"
#include "http/io_loop.h"
#include "http/options.h"
#include "http/request_parser.h"
#include "http/response_head.h"
#include "http/stream.h"

namespace lares::http {

class Connection final : public Sweepable, public std::enable_shared_from_this<Connection> {
 public:
  struct Context {
    const FrontDoor& front_door;
    const Limits& limits;
    const base::Clock& clock;
    HttpMetrics& metrics;
  };

  Connection(std::shared_ptr<IoLoop> loop, Context context, int fd, SslPtr ssl, std::string peer);
  ~Connection() override;

  // Runs the connection to its end; owns it meanwhile.
  static void Spawn(std::shared_ptr<Connection> connection);

  void Sweep(base::Time now) override;
  void Drain() override;
  void Abort() override;

 private:
  // What the connection is doing, for its time limits.
  enum class Phase : std::uint8_t { kHandshake, kIdle, kHead, kBody, kServing, kLinger };
  enum class Got : std::uint8_t { kIt, kClosed, kProblem };
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;

  // The coroutines take no arguments and leave their results in members: g++ 12 destroys temporaries within a
  // co_await expression twice.
  static Awaitable<void> Run(std::shared_ptr<Connection> self);
  Awaitable<bool> Handshake();
  Awaitable<bool> ServeOne();  // false: no further request on this connection
  Awaitable<Got> ReadHead();
  Awaitable<Got> ReadBody();
  Awaitable<bool> ReadMore();       // false: the client has ended, or time is up
  Awaitable<bool> Handle();         // verdict_ -> answer
  Awaitable<bool> WriteResponse();  // response_
  Awaitable<bool> WriteStream();    // exchange_'s parts as they come
  Awaitable<bool> WriteOutput();    // output_
  Awaitable<void> Linger();
  Awaitable<void> WaitWake();
  Awaitable<void> WaitWritable();

  void ArmRead(boost::asio::posix::stream_descriptor::wait_type what =
                   boost::asio::posix::stream_descriptor::wait_read);
  void OnReadable();
  void ReadAhead();  // while a request is served: is the client still there?
  void OnExchangeChanged();
  void StartExchange();
  void EndExchange();
  void Wake() { wake_.cancel(); }
  void Interrupt();
  void GiveBackOutput();  // output_ has been written, or will not be
  void Enter(Phase phase, base::Duration limit);
  void Expire();
  void SetProblem(int status, const char* reason, const char* message);
  void TakeProblem();
  bool CollectOutput();  // exchange_'s output into output_; true when that was the last of it
  void FlushNow();       // writes what can be written at once, without a turn of the loop
  void ObserveWritten();
  bool interrupted() const;

  const std::shared_ptr<IoLoop> loop_;
  const Context context_;
  const std::string peer_;
  Stream stream_;
  boost::asio::posix::stream_descriptor waiter_;  // waits for stream_'s descriptor; does not own it
  boost::asio::steady_timer wake_;

  Phase phase_ = Phase::kHandshake;
  base::Time deadline_ = base::Time::max();
  base::Time write_deadline_ = base::Time::max();  // set while bytes wait for the reader
  base::Time last_write_{};
  bool read_armed_ = false;
  bool readable_ = false;
  bool client_ended_ = false;  // it sends no more
  bool expired_ = false;       // a limit on reading has passed
  bool aborted_ = false;
  bool draining_ = false;
  bool unread_ = false;        // what the client still sends will not be read
  bool stream_idle_ = false;   // a stream has nothing to write and waits for more
  bool stream_ended_ = false;  // its last bytes are written

  std::string input_;   // read, not yet parsed
  std::string output_;  // to be written
  std::optional<RequestParser> parser_;
  std::optional<RequestParser::Problem> problem_;
  Verdict verdict_;
  Response response_;
  Framing framing_;
  bool head_only_ = false;
  base::Time oldest_made_{};            // of what is in output_
  std::shared_ptr<Exchange> exchange_;  // while a handler is at work
};

}  // namespace lares::http
