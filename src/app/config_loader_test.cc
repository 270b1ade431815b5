// SPDX-License-Identifier: Apache-2.0
#include "app/config_loader.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_print.h"

namespace lares::app {
namespace {

using ::testing::HasSubstr;

const Environment kHome = {{"HOME", "/home/ada"}};

Environment With(std::string name, std::string value) {
  Environment environment = kHome;
  environment[std::move(name)] = std::move(value);
  return environment;
}

std::string ErrorOf(const base::Result<LoadedConfig>& loaded) {
  return loaded ? "no error" : loaded.error().message();
}

TEST(MergeConfig, LaterSourcesWin) {
  const std::string file = "server:\n  port: 1\n  host: a\n  io_threads: 5\n";
  Environment environment = With("LARES_PORT", "2");
  environment["LARES_HOST"] = "b";
  const auto loaded = MergeConfig(file, "/etc/l.yaml", environment, {{"server.port", "3"}});
  ASSERT_TRUE(loaded) << ErrorOf(loaded);
  EXPECT_EQ(loaded->config.server.port, 3);
  EXPECT_EQ(loaded->config.server.host, "b");
  EXPECT_EQ(loaded->config.server.io_threads, 5);
  EXPECT_EQ(loaded->origins.at("server.port"), "--port");
  EXPECT_EQ(loaded->origins.at("server.host"), "LARES_HOST");
  EXPECT_EQ(loaded->origins.at("server.io_threads"), "/etc/l.yaml:4");
  EXPECT_FALSE(loaded->origins.contains("server.listen"));
}

TEST(MergeConfig, AWrongValueNamesSettingOriginAndRange) {
  EXPECT_EQ(ErrorOf(MergeConfig("server:\n  port: 70000\n", "l.yaml", kHome, {})),
            "server.port (from l.yaml:2): \"70000\" does not fit: allowed is 0 to 65535");
  EXPECT_THAT(
      ErrorOf(MergeConfig("", "", With("LARES_ITL_P99", "fast"), {})),
      HasSubstr("scheduling.itl_p99 (from LARES_ITL_P99): \"fast\" does not fit: expected a duration"));
  EXPECT_THAT(ErrorOf(MergeConfig("", "", kHome, {{"model.kv_type", "q9"}})),
              HasSubstr("model.kv_type (from --kv-type): \"q9\" does not fit: allowed is f32, f16"));
}

TEST(MergeConfig, ASecretIsNotInTheError) {
  const auto loaded = MergeConfig("", "", With("LARES_API_KEY", "sk-secret\x01"), {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(ErrorOf(loaded).find("sk-secret"), std::string::npos);
}

TEST(MergeConfig, AMistypedVariableIsAnError) {
  EXPECT_EQ(ErrorOf(MergeConfig("", "", With("LARES_PROT", "1"), {})),
            "unknown environment variable LARES_PROT; did you mean LARES_PORT?");
  EXPECT_THAT(ErrorOf(MergeConfig("", "", With("LARES_CTX_SZIE", "1"), {})), HasSubstr("LARES_CTX_SIZE"));
}

TEST(MergeConfig, OthersMayUseThePrefixToo) {
  for (const auto* name : {"LARES_LLAMA_PREFIX", "LARES_CUDA", "LARES_CACHE", "LARES_CONFIG"}) {
    EXPECT_TRUE(MergeConfig("", "", With(name, "x"), {})) << name;
  }
}

TEST(MergeConfig, KubernetesMayCallItsServiceLares) {
  const auto loaded = MergeConfig("", "", With("LARES_PORT", "tcp://10.0.0.1:80"), {});
  ASSERT_TRUE(loaded) << ErrorOf(loaded);
  EXPECT_EQ(loaded->config.server.port, 8080);
}

TEST(MergeConfig, PathsInAFileCountFromItsFolder) {
  const auto loaded = MergeConfig("model:\n  path: ../m/a.gguf\nlog:\n  file: ~/l.txt\n", "/etc/lares/l.yaml",
                                  kHome, {{"security.tls_cert", "c.pem"}});
  ASSERT_TRUE(loaded) << ErrorOf(loaded);
  EXPECT_EQ(loaded->config.model.path, "/etc/m/a.gguf");
  EXPECT_EQ(loaded->config.log.file, "/home/ada/l.txt");
  EXPECT_EQ(loaded->config.security.tls_cert, "c.pem");
}

TEST(MergeConfig, AFakeModelIsNoPath) {
  const auto loaded = MergeConfig("model:\n  path: fake:slots=2\n", "/etc/l.yaml", kHome, {});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.model.path, "fake:slots=2");
}

TEST(MergeConfig, KnowsWhereDataGoes) {
  EXPECT_EQ(MergeConfig("", "", kHome, {})->config.data_directory, "/home/ada/.local/share/lares");
  EXPECT_EQ(MergeConfig("", "", With("XDG_DATA_HOME", "/d"), {})->config.data_directory, "/d/lares");
  EXPECT_EQ(MergeConfig("", "", With("XDG_DATA_HOME", "relative"), {})->config.data_directory,
            "/home/ada/.local/share/lares");
  EXPECT_THAT(ErrorOf(MergeConfig("", "", {}, {})), HasSubstr("--data DIR"));
  EXPECT_EQ(MergeConfig("", "", {}, {{"data", "/x"}})->config.data_directory, "/x");
}

TEST(LoadConfig, ReadsFilesInTheirOrder) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "lares_config_loader_test";
  std::filesystem::create_directories(folder / "lares");
  std::ofstream(folder / "lares" / "config.yaml") << "server:\n  port: 1\n";
  std::ofstream(folder / "named.yaml") << "server:\n  port: 2\n";
  Environment environment = With("XDG_CONFIG_HOME", folder.string());
  EXPECT_EQ(LoadConfig({}, environment, {})->config.server.port, 1);
  EXPECT_EQ(LoadConfig((folder / "named.yaml").string(), environment, {})->config.server.port, 2);
  environment["LARES_CONFIG"] = (folder / "named.yaml").string();
  EXPECT_EQ(LoadConfig({}, environment, {})->config.server.port, 2);
  EXPECT_THAT(ErrorOf(LoadConfig((folder / "missing.yaml").string(), environment, {})),
              HasSubstr("missing.yaml"));
  EXPECT_THAT(ErrorOf(LoadConfig(folder.string(), environment, {})), HasSubstr("not a configuration file"));
  EXPECT_EQ(LoadConfig({}, kHome, {})->config.server.port, 8080);
  std::filesystem::remove_all(folder);
}

TEST(PrintConfig, IsAConfigurationFileAgain) {
  const std::string file =
      "model:\n  path: 'a \"b\" \\ c: #d'\n  served_names: ['*', x]\nlimits:\n  body: 2MiB\n";
  const auto loaded =
      MergeConfig(file, "/e/l.yaml", With("LARES_API_KEY", "sk-secret"), {{"server.port", "7"}});
  ASSERT_TRUE(loaded) << ErrorOf(loaded);
  const std::string printed = PrintConfig(*loaded);
  EXPECT_THAT(printed, HasSubstr("File: /e/l.yaml"));
  EXPECT_THAT(printed, HasSubstr("--port"));
  EXPECT_THAT(printed, HasSubstr("# /e/l.yaml:5"));
  EXPECT_EQ(printed.find("sk-secret"), std::string::npos);
  const auto again = MergeConfig(printed, "/e/l.yaml", kHome, {});
  ASSERT_TRUE(again) << ErrorOf(again);
  EXPECT_EQ(again->config.model.path, loaded->config.model.path);
  EXPECT_EQ(again->config.model.served_names, loaded->config.model.served_names);
  EXPECT_EQ(again->config.limits.body, 2 * kMiB);
  EXPECT_EQ(again->config.server.port, 7);
}

TEST(ConfigurationPage, IsUpToDate) {
  const std::string path = std::string(LARES_SOURCE_DIR) + "/docs/configuration.md";
  std::ifstream in(path);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_TRUE(text == ConfigurationPage()) << "run `lares config --markdown > docs/configuration.md`";
}

}  // namespace
}  // namespace lares::app
