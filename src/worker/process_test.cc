// SPDX-License-Identifier: Apache-2.0
#include "worker/process.h"

#include <array>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace lares::worker {
namespace {

using std::chrono::seconds;

ProcessOptions Shell(const std::string& script) {
  return {.program = "/bin/sh",
          .arguments = {"sh", "-c", script},
          .environment = {"NAME=value"},
          .descriptors = {}};
}

std::string EndOf(const ProcessOptions& options) {
  auto process = Process::Spawn(options);
  if (!process) return process.error().message();
  return (*process)->Ended(seconds(60)).value_or("still runs");
}

// What the script writes to its descriptor 3.
std::string WrittenBy(const std::string& script) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ProcessOptions options = Shell(script);
  options.descriptors = {ends[1]};
  auto process = Process::Spawn(options);
  ::close(ends[1]);
  EXPECT_TRUE(process);
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  return text;
}

TEST(Process, SaysHowItEnded) {
  EXPECT_EQ(EndOf(Shell("exit 0")), "exit 0");
  EXPECT_EQ(EndOf(Shell("exit 3")), "exit 3");
  EXPECT_EQ(EndOf(Shell("kill -ABRT $$")), "signal 6 (Aborted)");
}

TEST(Process, AProgramThatIsNotThereIsAnErrorAtOnce) {
  EXPECT_EQ(
      EndOf({.program = "/nowhere/lares", .arguments = {"lares"}, .environment = {}, .descriptors = {}}),
      "/nowhere/lares cannot be started: No such file or directory");
}

TEST(Process, RunsUntilItIsToldToEnd) {
  auto process = Process::Spawn(Shell("exec sleep 600"));
  ASSERT_TRUE(process);
  EXPECT_FALSE((*process)->Ended(base::Duration::zero()));
  (*process)->Signal(SIGTERM);
  EXPECT_EQ((*process)->Ended(seconds(60)), "signal 15 (Terminated)");
  EXPECT_EQ((*process)->Ended(seconds(60)), "signal 15 (Terminated)");
  (*process)->Signal(SIGTERM);  // nobody is meant any more
}

TEST(Process, GetsItsDescriptorsAndNoOthers) {
  const int ours = ::open("/dev/null", O_RDONLY);  // without close-on-exec, as a library may leave it
  ASSERT_GE(ours, 0);
  // The shell opens the folder itself; what it opened for that is no descriptor that it was given.
  const std::string open =
      WrittenBy("for f in /proc/self/fd/*; do n=${f##*/}; [ -e /proc/$$/fd/$n ] && echo $n >&3; done");
  ::close(ours);
  EXPECT_EQ(open, "0\n1\n2\n3\n");
}

TEST(Process, DescriptorsComeInTheirOrderWhereverTheyWere) {
  std::array<int, 2> first{}, second{};
  ASSERT_EQ(::pipe2(first.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(second.data(), O_CLOEXEC), 0);
  ProcessOptions options = Shell("echo three >&3; echo four >&4");
  options.descriptors = {second[1], first[1]};
  ASSERT_EQ(EndOf(options), "exit 0");
  std::array<char, 16> buffer{};
  EXPECT_EQ(::read(second[0], buffer.data(), buffer.size()), 6);
  EXPECT_EQ(std::string_view(buffer.data(), 6), "three\n");
  EXPECT_EQ(::read(first[0], buffer.data(), buffer.size()), 5);
  for (const int end : {first[0], first[1], second[0], second[1]}) ::close(end);
}

TEST(Process, GetsItsEnvironmentOnlyAndTheRootAsItsFolder) {
  EXPECT_EQ(WrittenBy("echo $NAME $HOME >&3; pwd >&3"), "value\n/\n");
}

TEST(Process, EndsWithTheThreadThatStartedIt) {
  std::unique_ptr<Process> process;
  std::thread([&] {
    auto spawned = Process::Spawn(Shell("exec sleep 600"));
    ASSERT_TRUE(spawned);
    process = std::move(*spawned);
  }).join();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->Ended(seconds(60)), "signal 9 (Killed)");
}

}  // namespace
}  // namespace lares::worker
