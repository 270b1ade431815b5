// SPDX-License-Identifier: Apache-2.0
#include "app/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lares::app {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(std::string_view text) {
  const auto entries = ReadConfigText(text, "lares.yaml");
  return entries ? "no error" : entries.error().message();
}

TEST(ReadConfigText, FlattensSectionsAndKeepsLines) {
  const auto entries = ReadConfigText(
      "# mine\nserver:\n  port: 9000\n  host: \"::1\"\n\nmodel:\n  served_names: [a, b]\nlog:\ndata: /srv\n",
      "f");
  ASSERT_TRUE(entries) << entries.error().message();
  ASSERT_EQ(entries->size(), 4U);
  EXPECT_EQ((*entries)[0].key, "server.port");
  EXPECT_EQ((*entries)[0].value, "9000");
  EXPECT_EQ((*entries)[0].line, 3);
  EXPECT_EQ((*entries)[1].value, "::1");
  EXPECT_EQ((*entries)[2].value, "a,b");
  EXPECT_EQ((*entries)[3].key, "data");
  EXPECT_EQ((*entries)[3].line, 9);
}

TEST(ReadConfigText, AnEmptyFileIsFine) {
  EXPECT_TRUE(ReadConfigText("", "f"));
  EXPECT_TRUE(ReadConfigText("# nothing\n", "f"));
}

TEST(ReadConfigText, NamesTheLineAndTheNearestKey) {
  EXPECT_EQ(ErrorOf("server:\n  host: a\n  prot: 1\n"),
            "lares.yaml:3: unknown key \"server.prot\"; did you mean \"server.port\"?");
  EXPECT_EQ(ErrorOf("\n\nsevrer:\n  port: 1\n"),
            "lares.yaml:3: unknown key \"sevrer\"; `lares config` lists them all");
  EXPECT_EQ(ErrorOf("ctx_size: 1\n"),
            "lares.yaml:1: unknown key \"ctx_size\"; `lares config` lists them all");
  EXPECT_EQ(ErrorOf("port: 1\n"), "lares.yaml:1: unknown key \"port\"; did you mean \"server.port\"?");
}

TEST(ReadConfigText, RefusesWrongShapes) {
  EXPECT_THAT(ErrorOf("server: 8080\n"), HasSubstr("is a section"));
  EXPECT_THAT(ErrorOf("server:\n  port: [1, 2]\n"),
              HasSubstr("lares.yaml:2: \"server.port\" takes one value"));
  EXPECT_THAT(ErrorOf("server:\n  port:\n"), HasSubstr("takes one value"));
  EXPECT_THAT(ErrorOf("model:\n  served_names: [[a]]\n"), HasSubstr("a list of values"));
  EXPECT_THAT(ErrorOf("- a\n"), HasSubstr("key: value"));
  EXPECT_THAT(ErrorOf("server:\n  port: 1\n  port: 2\n"),
              HasSubstr("lares.yaml:3: \"server.port\" stands here a second"));
  EXPECT_THAT(ErrorOf("server:\n  host: [a\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(ErrorOf("{[a]: b}"), HasSubstr("a key must be a word"));
  EXPECT_THAT(ErrorOf(std::string(kMaxConfigBytes + 1, '#')), HasSubstr("1 MiB"));
}

TEST(ReadConfigText, SurvivesDeepNestingAndAliases) {
  EXPECT_NE(ErrorOf(std::string(100'000, '[')), "no error");
  std::string nested;
  for (int depth = 0; depth < 2000; ++depth)
    nested += std::string(static_cast<std::size_t>(depth), ' ') + "a:\n";
  EXPECT_NE(ErrorOf(nested), "no error");
  EXPECT_NE(ErrorOf("server: &s\n  host: *s\n"), "no error");
}

}  // namespace
}  // namespace lares::app
