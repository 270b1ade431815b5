// SPDX-License-Identifier: Apache-2.0
//
// Against folders that look like a cgroup file system; tests/e2e/test_worker.py sees the real one.
#include "worker/memory_group.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace lares::worker {
namespace {

namespace fs = std::filesystem;

class MemoryGroupTest : public testing::Test {
 protected:
  MemoryGroupTest() {
    root = fs::temp_directory_path() / ("lares-groups-" + std::to_string(::getpid()));
    fs::remove_all(root);
  }
  ~MemoryGroupTest() override { fs::remove_all(root); }

  void Put(const fs::path& path, const std::string& text = "") const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  std::string Get(const fs::path& path) const {
    std::ifstream file(root / path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // What the kernel makes in a new group.
  void Fill(const fs::path& group, const std::string& limit) const {
    Put(group / "cgroup.procs");
    Put(group / limit);
  }
  base::Result<MemoryGroups> Find() const { return MemoryGroups::Find(root.string() + "/"); }

  fs::path root;
};

TEST_F(MemoryGroupTest, SaysWhyThereIsNone) {
  Put("proc/self/cgroup", "0::/a\n");
  Put("sys/fs/cgroup/a/cgroup.controllers", "cpu io\n");
  const auto none = Find();
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message(), testing::HasSubstr("limits memory"));
}

TEST_F(MemoryGroupTest, LimitsOneProcessInVersionOne) {
  Put("proc/self/cgroup", "4:memory:/a\n");
  Put("sys/fs/cgroup/memory/a/memory.limit_in_bytes");
  const auto groups = Find();
  ASSERT_TRUE(groups) << groups.error().message();
  const fs::path group = "sys/fs/cgroup/memory/a/lares-worker-77";
  Fill(group, "memory.limit_in_bytes");
  const auto made = groups->Make(77);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(Get(group / "cgroup.procs"), "77");
  EXPECT_TRUE((*made)->Limit(1000));
  EXPECT_EQ(Get(group / "memory.limit_in_bytes"), "1000");
}

TEST_F(MemoryGroupTest, RemovesWhatAKilledGatewayLeft) {
  Put("proc/self/cgroup", "4:memory:/a\n");
  const fs::path own = "sys/fs/cgroup/memory/a";
  Put(own / "memory.limit_in_bytes");
  fs::create_directories(root / own / "lares-worker-7");
  fs::create_directories(root / own / "another");
  Put(own / "lares-worker-8/still-there");
  ASSERT_TRUE(Find());
  EXPECT_FALSE(fs::exists(root / own / "lares-worker-7"));
  EXPECT_TRUE(fs::exists(root / own / "lares-worker-8"));
  EXPECT_TRUE(fs::exists(root / own / "another"));
}

TEST_F(MemoryGroupTest, LeavesTheGroupThatItDividesInVersionTwo) {
  Put("proc/self/cgroup", "0::/\n");
  Put("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  Put("sys/fs/cgroup/cgroup.subtree_control");
  Fill("sys/fs/cgroup/lares-gateway", "memory.max");
  const auto groups = Find();
  ASSERT_TRUE(groups) << groups.error().message();
  EXPECT_EQ(Get("sys/fs/cgroup/lares-gateway/cgroup.procs"), std::to_string(::getpid()));
  EXPECT_EQ(Get("sys/fs/cgroup/cgroup.subtree_control"), "+memory");
  const fs::path group = "sys/fs/cgroup/lares-worker-77";
  Fill(group, "memory.max");
  const auto made = groups->Make(77);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE((*made)->Limit(1000));
  EXPECT_EQ(Get(group / "memory.max"), "1000");
}

TEST_F(MemoryGroupTest, ComesBackWhereTheGroupCannotBeDivided) {
  Put("proc/self/cgroup", "0::/\n");
  Put("sys/fs/cgroup/cgroup.controllers", "memory\n");
  Put("sys/fs/cgroup/cgroup.procs");
  Fill("sys/fs/cgroup/lares-gateway", "memory.max");
  const auto refused = Find();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("subtree_control"));
  EXPECT_EQ(Get("sys/fs/cgroup/cgroup.procs"), std::to_string(::getpid()));
}

// Root may write there, but systemd would not know of it.
TEST_F(MemoryGroupTest, DividesNoGroupThatWasNotGivenAway) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may write to what is not root's to divide";
  Put("proc/self/cgroup", "0::/system.slice/lares.service\n");
  const fs::path own = "sys/fs/cgroup/system.slice/lares.service";
  Put(own / "cgroup.controllers", "memory\n");
  Put(own / "cgroup.subtree_control");
  const auto refused = Find();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("Delegate=memory"));
  EXPECT_FALSE(fs::exists(root / own / "lares-gateway"));
  if (::setxattr((root / own).c_str(), "trusted.delegate", "1", 1, 0) != 0) return;
  Fill(own / "lares-gateway", "memory.max");
  EXPECT_TRUE(Find());
}

}  // namespace
}  // namespace lares::worker
