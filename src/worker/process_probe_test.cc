// SPDX-License-Identifier: Apache-2.0
#include "worker/process_probe.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/process.h"

namespace lares::worker {
namespace {

TEST(ProcessProbe, SeesAStoppedProcess) {
  auto process = Process::Spawn(
      {.program = "/bin/sleep", .arguments = {"sleep", "600"}, .environment = {}, .descriptors = {}});
  ASSERT_TRUE(process);
  const pid_t pid = (*process)->pid();
  EXPECT_FALSE(ProbeProcess(pid)->stopped);
  (*process)->Signal(SIGSTOP);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WNOWAIT), 0);
  EXPECT_TRUE(ProbeProcess(pid)->stopped);
}

TEST(ProcessProbe, TimeThatWaitsForACpuOnlyGrows) {
  const auto before = ProbeProcess(::getpid());
  ASSERT_TRUE(before);
  const auto after = ProbeProcess(::getpid());
  ASSERT_TRUE(after);
  EXPECT_GE(after->waited_for_cpu, before->waited_for_cpu);
  EXPECT_FALSE(after->stopped);
}

TEST(ProcessProbe, AProcessThatIsGoneIsNothing) {
  auto process =
      Process::Spawn({.program = "/bin/true", .arguments = {"true"}, .environment = {}, .descriptors = {}});
  ASSERT_TRUE(process);
  const pid_t pid = (*process)->pid();
  ASSERT_TRUE((*process)->Ended(std::chrono::seconds(60)));
  EXPECT_FALSE(ProbeProcess(pid));
}

}  // namespace
}  // namespace lares::worker
