// SPDX-License-Identifier: Apache-2.0
#include "app/data_directory.h"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lares::app {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class DataDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "lares_data_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    path_ = root_ + "/deep/er/data";
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string root_;
  std::string path_;
};

TEST_F(DataDirectoryTest, IsCreatedForItsOwnerOnly) {
  const auto data = DataDirectory::Open(path_);
  ASSERT_TRUE(data) << data.error().message();
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat((path_ + "/server.lock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(DataDirectoryTest, ASecondServerIsToldAboutTheFirst) {
  const auto first = DataDirectory::Open(path_);
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->Publish("http://127.0.0.1:8080", "m"));
  const auto second = DataDirectory::Open(path_ + "/");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), base::Code::kFailedPrecondition);
  EXPECT_THAT(second.error().message(), HasSubstr("process " + std::to_string(::getpid())));
  EXPECT_THAT(second.error().message(), HasSubstr("http://127.0.0.1:8080"));
  EXPECT_THAT(second.error().message(), HasSubstr("--data"));
}

TEST_F(DataDirectoryTest, ClientsFindTheServer) {
  EXPECT_EQ(FindRunningServer(path_).value(), std::nullopt);  // no folder at all
  {
    const auto data = DataDirectory::Open(path_);
    ASSERT_TRUE(data);
    auto found = FindRunningServer(path_).value();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->url, "");
    ASSERT_TRUE(data->Publish("unix:/run/a \"b\".sock", "m"));
    found = FindRunningServer(path_).value();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->url, "unix:/run/a \"b\".sock");
    EXPECT_EQ(found->model, "m");
    EXPECT_EQ(found->pid, ::getpid());
    EXPECT_FALSE(found->started.empty());
  }
  EXPECT_EQ(FindRunningServer(path_).value(), std::nullopt);
}

TEST_F(DataDirectoryTest, MovesWithItsLock) {
  auto first = DataDirectory::Open(path_);
  ASSERT_TRUE(first);
  const DataDirectory moved = std::move(*first);
  EXPECT_FALSE(DataDirectory::Open(path_));
  EXPECT_EQ(moved.path(), path_);
}

// The lock is the kernel's: it must not survive a server that was killed, whatever its file says.
TEST_F(DataDirectoryTest, AKilledServerLeavesNoLock) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto data = DataDirectory::Open(path_);
    const bool published = data && data->Publish("http://127.0.0.1:1", "m");
    const char answer = published ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  const auto refused = DataDirectory::Open(path_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("process " + std::to_string(child)));
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(FindRunningServer(path_).value(), std::nullopt);
  EXPECT_TRUE(DataDirectory::Open(path_));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(DataDirectoryTest, RubbishInTheFileIsNotBelieved) {
  const auto data = DataDirectory::Open(path_);
  ASSERT_TRUE(data);
  for (const auto* text : {"", "[1]", "{\"pid\": \"x\", \"url\": 7}", "{", "\xFF\xFE"}) {
    std::ofstream(path_ + "/server.lock", std::ios::trunc) << text;
    const auto found = FindRunningServer(path_).value();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->url, "");
    EXPECT_FALSE(DataDirectory::Open(path_));
  }
}

TEST_F(DataDirectoryTest, AFileInTheWayIsNamed) {
  const std::string file = root_ + "/file";
  std::ofstream(file) << "x";
  const auto data = DataDirectory::Open(file);
  ASSERT_FALSE(data);
  EXPECT_THAT(data.error().message(), HasSubstr(file));
}

}  // namespace
}  // namespace lares::app
