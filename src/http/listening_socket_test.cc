// SPDX-License-Identifier: Apache-2.0
#include "http/listening_socket.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/test_client.h"

namespace lares::http {
namespace {

std::string TestPath(const char* name) {
  return (std::filesystem::temp_directory_path() / (std::string(name) + std::to_string(getpid()))).string();
}

TEST(ListeningSocket, TakesAFreePortAndTellsIt) {
  auto socket = ListeningSocket::Open({.port = 0});
  ASSERT_TRUE(socket) << socket.error().message();
  EXPECT_NE(socket->port(), 0);
  EXPECT_TRUE(socket->loopback());
  EXPECT_EQ(socket->Name(), "127.0.0.1:" + std::to_string(socket->port()));
  EXPECT_EQ(socket->Accept().error, EAGAIN);
  const TestClient client(socket->port());
  const auto accepted = socket->Accept();
  ASSERT_GE(accepted.fd, 0);
  EXPECT_EQ(accepted.peer, "127.0.0.1");
  close(accepted.fd);
}

TEST(ListeningSocket, ABusyPortNamesWhoHoldsIt) {
  auto first = ListeningSocket::Open({.port = 0});
  ASSERT_TRUE(first);
  const auto second = ListeningSocket::Open({.port = first->port()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), base::Code::kAlreadyExists);
  EXPECT_EQ(second.error().reason(), "address_in_use");
  EXPECT_NE(second.error().message().find("pid " + std::to_string(getpid())), std::string::npos)
      << second.error().message();
  EXPECT_NE(second.error().message().find("--port"), std::string::npos);
}

TEST(ListeningSocket, BeyondLoopbackIsKnown) {
  auto socket = ListeningSocket::Open({.host = "0.0.0.0", .port = 0});
  ASSERT_TRUE(socket);
  EXPECT_FALSE(socket->loopback());
}

TEST(ListeningSocket, AnUnknownHostIsAnError) {
  const auto socket = ListeningSocket::Open({.host = "256.1.1.1.invalid", .port = 0});
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().reason(), "cannot_listen");
}

TEST(ListeningSocket, AUnixSocketIsItsOwnersAndIsRemoved) {
  const std::string path = TestPath("lares-socket-");
  const mode_t mask = umask(022);
  {
    auto socket = ListeningSocket::Open({.unix_path = path});
    ASSERT_TRUE(socket) << socket.error().message();
    struct stat info{};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0660U) << "for owner and group whatever the umask, nothing for others";
    const TestClient client(path);
    const auto accepted = socket->Accept();
    ASSERT_GE(accepted.fd, 0);
    EXPECT_EQ(accepted.peer, "unix");
    close(accepted.fd);
    const auto second = ListeningSocket::Open({.unix_path = path});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().reason(), "address_in_use");
  }
  umask(mask);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ListeningSocket, AStaleUnixSocketIsReplacedAndAFileIsNot) {
  const std::string path = TestPath("lares-stale-");
  {
    auto socket = ListeningSocket::Open({.unix_path = path});
    ASSERT_TRUE(socket);
    // What a killed server leaves behind: the name without the server.
    std::filesystem::rename(path, path + ".left");
  }
  EXPECT_TRUE(ListeningSocket::Open({.unix_path = path + ".left"}));
  std::ofstream(path) << "data";
  EXPECT_FALSE(ListeningSocket::Open({.unix_path = path}));
  EXPECT_TRUE(std::filesystem::exists(path));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace lares::http
