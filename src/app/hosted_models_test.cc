// SPDX-License-Identifier: Apache-2.0
#include "app/hosted_models.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_loader.h"
#include "app/config_print.h"

namespace lares::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class HostedModelsTest : public testing::Test {
 protected:
  HostedModelsTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("lares-hosted-" + std::to_string(testing::UnitTest::GetInstance()->random_seed()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(folder_);
  }
  ~HostedModelsTest() override { std::filesystem::remove_all(folder_); }

  void Touch(const std::string& name) const { std::ofstream(folder_ / name) << "x"; }

  static std::vector<std::string> Names(const std::vector<HostedModel>& models) {
    std::vector<std::string> names;
    for (const HostedModel& model : models) names.push_back(model.spec.name + (model.pinned ? "!" : ""));
    return names;
  }

  const std::filesystem::path folder_;
};

TEST_F(HostedModelsTest, AFoldersFilesAreModelsByTheirNames) {
  for (const char* name : {"b.gguf", "a.gguf", "notes.txt", "mmproj-a.gguf", "big-00001-of-00002.gguf",
                           "big-00002-of-00002.gguf"}) {
    Touch(name);
  }
  Config config;
  config.models.folder = folder_;
  config.models.pinned = {"b.gguf"};
  const auto models = HostedModels(config);
  ASSERT_TRUE(models) << models.error().message();
  EXPECT_THAT(Names(*models), ElementsAre("a", "b!", "big-00001-of-00002"));
  config.models.pinned = {"c"};
  EXPECT_THAT(HostedModels(config).error().message(), HasSubstr("\"c\" does not exist"));
}

TEST_F(HostedModelsTest, ASplitModelIsAllOfItsParts) {
  EXPECT_THAT(
      DescribeModel({.path = "/m/big-00001-of-00003.gguf"}).files,
      ElementsAre("/m/big-00001-of-00003.gguf", "/m/big-00002-of-00003.gguf", "/m/big-00003-of-00003.gguf"));
  EXPECT_THAT(DescribeModel({.path = "/m/a.gguf"}).files, ElementsAre("/m/a.gguf"));
}

TEST_F(HostedModelsTest, NoModelIsAnErrorThatSaysWhatToDo) {
  Config config;
  EXPECT_THAT(HostedModels(config).error().message(), HasSubstr("lares serve --models DIR"));
  config.models.folder = folder_;
  EXPECT_THAT(HostedModels(config).error().message(), HasSubstr("no GGUF file in"));
  config.models.folder = folder_ / "nowhere";
  EXPECT_THAT(HostedModels(config).error().message(), HasSubstr("cannot read the folder"));
}

TEST_F(HostedModelsTest, ACatalogueHasItsOwnSettingsAndNames) {
  Touch("a.gguf");
  Touch("b.gguf");
  const std::string text = R"(model:
  threads: 3
  context: 2048
models:
  folder: .
  unload_after: 5min
  catalogue:
    chat.v1:
      path: a.gguf
      served_names: [default, gpt-4o]
      context: 4096
      pinned: true
)";
  const auto loaded = MergeConfig(text, (folder_ / "lares.yaml").string(), {{"HOME", "/h"}}, {});
  ASSERT_TRUE(loaded) << loaded.error().message();
  const auto models = HostedModels(loaded->config);
  ASSERT_TRUE(models) << models.error().message();
  EXPECT_THAT(Names(*models), ElementsAre("chat.v1!", "b"));
  EXPECT_THAT(models->front().spec.aliases, ElementsAre("default", "gpt-4o"));
  EXPECT_EQ(models->front().settings.context, 4096);
  EXPECT_EQ(models->front().settings.threads, 3);
  EXPECT_EQ(models->back().settings.context, 2048);
  EXPECT_EQ(models->front().settings.path, (folder_ / "a.gguf").string());

  // What `lares config` prints says the same again.
  const auto again = MergeConfig(PrintConfig(*loaded), "/elsewhere/lares.yaml", {{"HOME", "/h"}}, {});
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->config.models.catalogue, loaded->config.models.catalogue);
}

TEST_F(HostedModelsTest, WhatIsWrongInACatalogueIsNamedWithItsLine) {
  const auto error = [](const std::string& text) {
    const auto loaded = MergeConfig(text, "f.yaml", {{"HOME", "/h"}}, {});
    return loaded ? std::string("fine") : loaded.error().message();
  };
  EXPECT_THAT(error("models:\n  catalogue:\n    a:\n      contxt: 5\n"),
              testing::AllOf(HasSubstr("f.yaml:4"), HasSubstr("did you mean \"model.context\"")));
  EXPECT_THAT(error("models:\n  catalogue:\n    a:\n      context: 5\n"),
              HasSubstr("\"a\" of the catalogue has no path"));
  EXPECT_THAT(error("models:\n  catalogue:\n    a:\n      path: x\n      pinned: maybe\n"),
              HasSubstr("f.yaml:5"));
  EXPECT_THAT(error("models:\n  catalogue:\n    a: x.gguf\n"), HasSubstr("below its name"));
  EXPECT_THAT(error("models:\n  catalogue: [a]\n"), HasSubstr("catalogue is a section"));
  EXPECT_THAT(error("models:\n  catalogue:\n    a:\n      path: x\n      path: y\n"),
              HasSubstr("second time"));
}

TEST_F(HostedModelsTest, OneNameForTwoIsRefused) {
  Config config;
  config.model.path = "/m/a.gguf";
  config.models.catalogue = {{.name = "b", .settings = {.path = "/m/b.gguf", .served_names = {"a"}}}};
  EXPECT_THAT(HostedModels(config).error().message(), HasSubstr("two models are called \"a\""));
}

}  // namespace
}  // namespace lares::app
