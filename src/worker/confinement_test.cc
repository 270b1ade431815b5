// SPDX-License-Identifier: Apache-2.0
//
// What a confined process can and cannot do, tried from inside: each test is a child of its own.
#include "worker/confinement.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lares::worker {
namespace {

using testing::ElementsAre;

std::string Name(int result) {
  return result >= 0 ? "done" : errno == EPERM || errno == EACCES ? "refused" : "failed";
}

// What `work` answers in a process of its own; a process that dies answers nothing.
std::vector<std::string> InAChild(const std::function<std::vector<std::string>()>& work) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string all;
    for (const std::string& word : work()) all += word + "\n";
    if (::write(ends[1], all.data(), all.size()) < 0) ::_exit(1);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << "the child died: " << status;
  std::vector<std::string> words;
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    words.push_back(text.substr(at, end - at));
  }
  return words;
}

// The sanitizer asks for memory to be looked at through a pipe, which nobody confined can make, and takes the
// refusal for an error of ours.
constexpr bool SanitizerNeedsPipes() {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
  return true;
#endif
#endif
  return false;
}

class ConfinementTest : public testing::Test {
 protected:
  void SetUp() override {
    // Where the kernel has neither, there is nothing to be had: said in the log and in /health.
    const auto missing = InAChild([] { return Confine({}); });
    if (!missing.empty()) GTEST_SKIP() << missing.front();
    std::snprintf(path_, sizeof path_, "/tmp/lares-confinement-%d", ::getpid());
    given_ = ::open(path_, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    ASSERT_GE(given_, 0);
  }
  void TearDown() override {
    if (given_ >= 0) ::close(given_);
    ::unlink(path_);
  }
  char path_[64] = "";
  int given_ = -1;
};

TEST_F(ConfinementTest, OnlyWhatWasGivenCanBeOpened) {
  const std::string parent = "/proc/" + std::to_string(::getpid()) + "/environ";
  EXPECT_THAT(InAChild([&] {
                Confine({.files = {given_}});
                return std::vector{Name(::open(path_, O_RDONLY)),
                                   Name(::open(path_, O_RDWR)),
                                   Name(::open("/etc/passwd", O_RDONLY)),
                                   Name(::open("/proc/meminfo", O_RDONLY)),
                                   Name(::open(parent.c_str(), O_RDONLY)),
                                   Name(::open("/tmp/lares-new", O_CREAT | O_WRONLY, 0600)),
                                   Name(::unlink(path_))};
              }),
              ElementsAre("done", "refused", "refused", "done", "refused", "refused", "refused"));
}

TEST_F(ConfinementTest, NoSocketNoProgramNoOtherProcess) {
  EXPECT_THAT(InAChild([parent = ::getpid()] {
                Confine({});
                char* const nothing[] = {nullptr};
                return std::vector{Name(::socket(AF_INET, SOCK_STREAM, 0)),
                                   Name(::socket(AF_UNIX, SOCK_STREAM, 0)),
                                   Name(::socket(AF_NETLINK, SOCK_RAW, 0)),
                                   Name(::execve("/bin/true", nothing, nothing)),
                                   Name(::fork()),
                                   Name(::kill(parent, 0)),
                                   Name(static_cast<int>(::syscall(SYS_memfd_create, "x", 0U)))};
              }),
              ElementsAre("refused", "refused", "refused", "refused", "refused", "refused", "refused"));
}

TEST_F(ConfinementTest, WhatAModelNeedsGoesOn) {
  if (SanitizerNeedsPipes()) GTEST_SKIP() << "not under a sanitizer";
  EXPECT_THAT(InAChild([this] {
                Confine({.files = {given_}});
                std::string thread = "no thread";
                std::thread([&] { thread = "thread"; }).join();
                void* memory =
                    ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                int type = 0;
                socklen_t size = sizeof type;
                ::getsockopt(given_, SOL_SOCKET, SO_TYPE, &type, &size);
                return std::vector<std::string>{thread, memory == MAP_FAILED ? "no memory" : "memory",
                                                errno == ENOTSOCK ? "sockets" : "no sockets"};
              }),
              ElementsAre("thread", "memory", "sockets"));
}

TEST_F(ConfinementTest, OnceClosedNoFileAtAllInAnyThread) {
  if (SanitizerNeedsPipes()) GTEST_SKIP() << "not under a sanitizer";
  EXPECT_THAT(InAChild([this] {
                Confine({.files = {given_}});
                std::vector<std::string> words{Name(::open(path_, O_RDONLY))};
                std::thread other([&] {
                  for (const std::string& missing : CloseFiles()) words.push_back(missing);
                });
                other.join();
                words.push_back(Name(::open(path_, O_RDONLY)));
                words.push_back(Name(::open("/proc/meminfo", O_RDONLY)));
                return words;
              }),
              ElementsAre("done", "refused", "refused"));
}

}  // namespace
}  // namespace lares::worker
