// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/host_resources.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace lares::backend::llama {
namespace {

constexpr std::uint64_t kMiB = 1U << 20U;

class HostResourcesTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("lares_host_" + std::to_string(::getpid()));
    std::filesystem::remove_all(root_);
    Put("proc/meminfo", "MemTotal:       16384000 kB\nMemFree: 1 kB\nMemAvailable:    8192000 kB\n");
    Put("proc/self/status", "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t0-3,6,8-9\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  HostResources Read() const { return ReadHostResources(root_.string() + "/"); }

  std::filesystem::path root_;
};

TEST_F(HostResourcesTest, WithoutGroupsTheMachineCounts) {
  const auto host = Read();
  EXPECT_EQ(host.memory_total, 16384000U * 1024ULL);
  EXPECT_EQ(host.memory_free, 8192000U * 1024ULL);
  EXPECT_EQ(host.cpus, 7);
  EXPECT_FALSE(host.memory_limited);
  EXPECT_FALSE(host.cpus_limited);
}

TEST_F(HostResourcesTest, VersionTwoTakesTheTightestOfAllLevels) {
  Put("proc/self/cgroup", "0::/user.slice/app.service\n");
  Put("sys/fs/cgroup/user.slice/app.service/memory.max", "max\n");
  Put("sys/fs/cgroup/user.slice/app.service/cpu.max", "350000 100000\n");
  Put("sys/fs/cgroup/user.slice/memory.max", std::to_string(2048 * kMiB) + "\n");
  Put("sys/fs/cgroup/user.slice/memory.current", std::to_string(1024 * kMiB) + "\n");
  Put("sys/fs/cgroup/user.slice/memory.stat", "anon 1\ninactive_file " + std::to_string(512 * kMiB) + "\n");
  Put("sys/fs/cgroup/user.slice/cpu.max", "max 100000\n");
  const auto host = Read();
  EXPECT_TRUE(host.memory_limited);
  EXPECT_EQ(host.memory_total, 2048 * kMiB);
  EXPECT_EQ(host.memory_free, (2048 - 1024 + 512) * kMiB) << "page cache is given back";
  EXPECT_EQ(host.cpus, 3) << "3.5 CPUs are three threads";
  EXPECT_TRUE(host.cpus_limited);
}

TEST_F(HostResourcesTest, VersionOneWithinAContainer) {
  // The paths are the host's; within the container the mount's root is the group itself.
  Put("proc/self/cgroup", "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/x\n");
  Put("sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(1024 * kMiB) + "\n");
  Put("sys/fs/cgroup/memory/memory.usage_in_bytes", std::to_string(100 * kMiB) + "\n");
  Put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
  Put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  const auto host = Read();
  EXPECT_EQ(host.memory_free, 924 * kMiB);
  EXPECT_EQ(host.cpus, 1) << "never none";
}

TEST_F(HostResourcesTest, NoLimitAndNonsenseChangeNothing) {
  Put("proc/self/cgroup", "4:memory:/a\n5:cpu:/a\nrubbish\n0::/../outside\n");
  Put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
  Put("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
  Put("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  const auto host = Read();
  EXPECT_FALSE(host.memory_limited);
  EXPECT_EQ(host.cpus, 7);
}

TEST(HostResources, ThisMachineHasSome) {
  const auto host = ReadHostResources();
  EXPECT_GT(host.memory_total, 64 * kMiB);
  EXPECT_GE(host.cpus, 1);
}

}  // namespace
}  // namespace lares::backend::llama
