// SPDX-License-Identifier: Apache-2.0
#include "app/settings.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace lares::app {
namespace {

const Setting& At(std::string_view key) {
  const Setting* setting = FindByKey(key);
  EXPECT_NE(setting, nullptr) << key;
  return *setting;
}

TEST(Settings, NamesAreUniqueAndWellFormed) {
  std::set<std::string> names;
  for (const Setting& setting : AllSettings()) {
    EXPECT_TRUE(names.insert(std::string(setting.key)).second) << setting.key;
    EXPECT_TRUE(names.insert(std::string(setting.flag)).second) << setting.flag;
    EXPECT_TRUE(names.insert(EnvironmentName(setting)).second) << setting.flag;
    EXPECT_TRUE(setting.flag.starts_with("--")) << setting.flag;
    EXPECT_FALSE(setting.help.empty()) << setting.key;
    EXPECT_FALSE(setting.help.ends_with('.')) << setting.key;
  }
}

TEST(Settings, SectionsStandTogether) {
  std::set<std::string> seen;
  std::string last;
  for (const Setting& setting : AllSettings()) {
    const std::string section(setting.key.substr(0, setting.key.find('.')));
    if (section != last) {
      EXPECT_TRUE(seen.insert(section).second) << setting.key;
    }
    last = section;
  }
}

// A default that its own setting would refuse could never be written down in a file.
TEST(Settings, DefaultsAreAllowedAndSurviveBeingWritten) {
  for (const Setting& setting : AllSettings()) {
    if (std::holds_alternative<SecretKind>(setting.kind)) continue;
    Config config;
    const std::string text = Format(setting, config);
    if (text.empty()) continue;
    const auto assigned = Assign(setting, text, config);
    EXPECT_TRUE(assigned) << setting.key << ": " << assigned.error().message();
    EXPECT_EQ(Format(setting, config), text) << setting.key;
  }
}

TEST(Settings, EveryPlaceIsItsOwn) {
  for (const Setting& setting : AllSettings()) {
    const auto* number = std::get_if<IntegerKind>(&setting.kind);
    if (number == nullptr) continue;
    Config config;
    number->at(config) = 12'345;
    for (const Setting& other : AllSettings()) {
      const auto* different = std::get_if<IntegerKind>(&other.kind);
      if (different == nullptr || other.key == setting.key) continue;
      EXPECT_NE(different->at(config), 12'345) << setting.key << " and " << other.key;
    }
  }
}

TEST(Assign, KeepsToTheBounds) {
  Config config;
  EXPECT_TRUE(Assign(At("server.port"), "65535", config));
  EXPECT_EQ(config.server.port, 65'535);
  for (const auto* text : {"65536", "-1", "", "80a"}) {
    const auto assigned = Assign(At("server.port"), text, config);
    ASSERT_FALSE(assigned) << text;
    EXPECT_NE(assigned.error().message().find("0 to 65535"), std::string::npos) << assigned.error().message();
  }
  EXPECT_EQ(config.server.port, 65'535);
}

TEST(Assign, ReadsEveryKind) {
  Config config;
  EXPECT_TRUE(Assign(At("limits.body"), "2MiB", config));
  EXPECT_EQ(config.limits.body, 2 * kMiB);
  EXPECT_TRUE(Assign(At("scheduling.itl_p99"), "80ms", config));
  EXPECT_EQ(config.scheduling.itl_p99, std::chrono::milliseconds(80));
  EXPECT_TRUE(Assign(At("security.insecure"), "yes", config));
  EXPECT_TRUE(config.security.insecure);
  EXPECT_TRUE(Assign(At("model.served_names"), "a, b", config));
  EXPECT_EQ(config.model.served_names, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(Assign(At("scheduling.fixed_costs"), "decode=5ms:200us,prefill=2ms:150us:12.5", config));
  ASSERT_TRUE(config.scheduling.fixed_costs.has_value());
  EXPECT_EQ(config.scheduling.fixed_costs->prefill.per_row, std::chrono::microseconds(150));
  EXPECT_EQ(Format(At("scheduling.fixed_costs"), config), "decode=5ms:200us,prefill=2ms:150us:12.5");
  EXPECT_FALSE(Assign(At("model.kv_type"), "q3", config));
  EXPECT_FALSE(Assign(At("model.path"), "a\nb", config));
  EXPECT_FALSE(Assign(At("model.path"), "\xC3", config));
}

TEST(Format, HidesSecrets) {
  Config config;
  EXPECT_EQ(Format(At("client.api_key"), config), "");
  EXPECT_TRUE(Assign(At("client.api_key"), "sk-very-secret", config));
  EXPECT_EQ(Format(At("client.api_key"), config), "(hidden)");
}

TEST(NearestKey, FindsTypingErrorsAndWrongSections) {
  EXPECT_EQ(NearestKey("server.prot"), "server.port");
  EXPECT_EQ(NearestKey("port"), "server.port");
  EXPECT_EQ(NearestKey("model.tls_cert"), "security.tls_cert");
  EXPECT_EQ(NearestKey("completely.different_thing"), "");
}

}  // namespace
}  // namespace lares::app
