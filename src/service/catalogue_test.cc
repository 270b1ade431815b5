// SPDX-License-Identifier: Apache-2.0
#include "service/catalogue.h"

#include <filesystem>
#include <fstream>
#include <future>
#include <latch>
#include <utility>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/digest.h"
#include "service/lifecycle.h"
#include "service/operation.h"
#include "service/scripted_engine.h"

namespace lares::service {
namespace {

const base::SystemClock kClock;

Model MakeModel(std::string name, std::vector<std::string> aliases = {},
                std::vector<std::string> files = {}) {
  return {.spec = {.name = std::move(name), .aliases = std::move(aliases), .files = std::move(files)},
          .engine = std::make_shared<ScriptedEngine>(kClock)};
}

std::string Found(const Catalogue& catalogue, const std::string& name) {
  const auto model = catalogue.Find(name);
  return model ? (*model)->spec.name : "error: " + model.error().reason();
}

TEST(Catalogue, FindsByNameFileAndAlias) {
  const Catalogue catalogue({MakeModel("one", {"a", "b"}), MakeModel("two")}, kClock);
  EXPECT_EQ(Found(catalogue, "one"), "one");
  EXPECT_EQ(Found(catalogue, "one.gguf"), "one");
  EXPECT_EQ(Found(catalogue, "b"), "one");
  EXPECT_EQ(Found(catalogue, "two"), "two");
  EXPECT_EQ(Found(catalogue, "three"), "error: model_not_found");
  EXPECT_EQ(Found(catalogue, ""), "error: model_not_found") << "with two, a name is needed";
  EXPECT_EQ(Found(catalogue, "*"), "error: model_not_found");
  EXPECT_NE(catalogue.Find("three").error().message().find("one, a, b, two"), std::string::npos);
}

TEST(Catalogue, TheOnlyModelNeedsNoName) {
  const Catalogue catalogue({MakeModel("one")}, kClock);
  EXPECT_EQ(Found(catalogue, ""), "one");
  EXPECT_EQ(Found(catalogue, "two"), "error: model_not_found");
}

TEST(Catalogue, AnAliasMayCatchAll) {
  const Catalogue catalogue({MakeModel("one"), MakeModel("two", {"*"})}, kClock);
  EXPECT_EQ(Found(catalogue, "one"), "one");
  EXPECT_EQ(Found(catalogue, "anything"), "two");
  EXPECT_EQ(Found(catalogue, ""), "two");
}

TEST(Catalogue, ComputesDigestsInTheBackground) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("lares-digest-" + std::to_string(getpid()))).string();
  std::ofstream(path) << "weights";
  const auto logger = base::Logger::Silent();
  Catalogue catalogue({MakeModel("one", {}, {path})}, kClock);
  EXPECT_EQ(catalogue.List()[0].digest, "");
  std::latch done(1);
  base::ThreadPool pool({.threads = 1});
  catalogue.ComputeDigests(pool, *logger);
  catalogue.ComputeDigests(pool, *logger);
  ASSERT_TRUE(pool.TryRun([&] { done.count_down(); }));
  done.wait();
  EXPECT_EQ(catalogue.List()[0].digest, base::Sha256Hex("weights"));
  std::filesystem::remove(path);
}

TEST(Operation, PermissionsAreChecked) {
  const core::Principal reader{
      .id = "r", .permissions = static_cast<core::PermissionSet>(core::Permission::kReadModels)};
  EXPECT_TRUE(Permit(reader, operations::kListModels));
  EXPECT_TRUE(Permit(reader, operations::kLiveness)) << "open to everyone";
  const auto denied = Permit(reader, operations::kChat);
  ASSERT_FALSE(denied);
  EXPECT_NE(denied.error().message().find("generate"), std::string::npos);
}

TEST(Lifecycle, WorkIsUnderWayUntilItGoes) {
  Lifecycle lifecycle;
  {
    auto work = lifecycle.Begin();
    ASSERT_TRUE(work);
    const Lifecycle::Work elsewhere = std::move(*work);
    EXPECT_EQ(lifecycle.in_flight(), 1);
  }
  EXPECT_EQ(lifecycle.in_flight(), 0);
  lifecycle.RefuseNew();
  EXPECT_FALSE(lifecycle.Begin());
  EXPECT_EQ(lifecycle.in_flight(), 0);
}

TEST(Lifecycle, CountsAndRefuses) {
  Lifecycle lifecycle;
  EXPECT_TRUE(lifecycle.Enter());
  lifecycle.AnnounceDrain();
  EXPECT_TRUE(lifecycle.Enter()) << "announced, but still served";
  lifecycle.RefuseNew();
  lifecycle.AnnounceDrain();
  EXPECT_EQ(lifecycle.phase(), Lifecycle::Phase::kRefusing) << "never back";
  EXPECT_FALSE(lifecycle.Enter());
  EXPECT_EQ(lifecycle.in_flight(), 2);
  EXPECT_FALSE(lifecycle.WaitIdle({}));
  auto idle = std::async(std::launch::async, [&] { return lifecycle.WaitIdle(std::chrono::seconds(60)); });
  lifecycle.Leave();
  lifecycle.Leave();
  EXPECT_TRUE(idle.get());
}

}  // namespace
}  // namespace lares::service
