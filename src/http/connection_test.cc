// SPDX-License-Identifier: Apache-2.0
//
// One connection over a socket pair, turned by the test itself: what no real client can be made to do on
// time.
#include "http/connection.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

namespace lares::http {
namespace {

constexpr const char* kRequest = "GET /thing HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct Bed {
  explicit Bed(Handler handler)
      : log(*logger, /*log_content=*/false),
        front_door({}, RouterFor(std::move(handler)), authenticator, log, clock),
        loop(std::make_shared<IoLoop>(0, clock, std::chrono::seconds(1))) {
    int fds[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) ADD_FAILURE();
    client = fds[0];
    server = fds[1];
  }
  ~Bed() { close(client); }

  static Router RouterFor(Handler handler) {
    return Router(
        {Route(Method::kGet, "/thing", service::operations::kLiveness, BodyKind::kNone, std::move(handler))});
  }

  // Leaves no room for a single byte to the client.
  void FillTheWayToTheClient() const {
    const std::string junk(64 * 1024, 'x');
    for (std::size_t size = junk.size(); size > 0;) {
      if (send(server, junk.data(), size, MSG_NOSIGNAL) < 0) size /= 2;
    }
  }
  std::weak_ptr<Connection> Serve() {
    auto connection = std::make_shared<Connection>(
        loop,
        Connection::Context{.front_door = front_door, .limits = limits, .clock = clock, .metrics = metrics},
        server, nullptr, "127.0.0.1");
    std::weak_ptr<Connection> weak = connection;
    Connection::Spawn(std::move(connection));
    return weak;
  }
  void Turn() const { loop->context().poll(); }

  base::ManualClock clock{base::Time{std::chrono::hours(1)}};
  std::unique_ptr<base::Logger> logger = base::Logger::Silent();
  base::Metrics registry;
  HttpMetrics metrics{registry};
  service::Authenticator authenticator;
  service::RequestLog log;
  Limits limits;
  FrontDoor front_door;
  std::shared_ptr<IoLoop> loop;
  int client = -1;
  int server = -1;  // the connection's
};

TEST(Connection, AnswersAndEndsWithItsClient) {
  Bed bed([](const std::shared_ptr<Exchange>& exchange) { exchange->Respond(Response{.body = "{}"}); });
  const auto connection = bed.Serve();
  ASSERT_GT(send(bed.client, kRequest, std::string(kRequest).size(), MSG_NOSIGNAL), 0);
  bed.Turn();
  std::string answer(4096, '\0');
  const ssize_t size = recv(bed.client, answer.data(), answer.size(), 0);
  ASSERT_GT(size, 0);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  shutdown(bed.client, SHUT_WR);
  bed.Turn();
  EXPECT_TRUE(connection.expired());
}

// A server that stops in the very turn in which an answer comes must not wait for a reader that does not
// read: nobody is left to end that wait.
TEST(Connection, AnAbortInTheTurnOfTheAnswerEndsItWhenTheSocketIsFull) {
  std::weak_ptr<Connection> connection;
  Bed bed([&connection](const std::shared_ptr<Exchange>& exchange) {
    connection.lock()->Abort();
    exchange->Respond(Response{.body = "{}"});
  });
  bed.FillTheWayToTheClient();
  connection = bed.Serve();
  ASSERT_GT(send(bed.client, kRequest, std::string(kRequest).size(), MSG_NOSIGNAL), 0);
  bed.Turn();
  EXPECT_TRUE(connection.expired());
  EXPECT_EQ(bed.loop->connections(), 0U);
}

}  // namespace
}  // namespace lares::http
