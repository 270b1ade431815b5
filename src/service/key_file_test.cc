// SPDX-License-Identifier: Apache-2.0
#include "service/key_file.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/digest.h"
#include "service/authenticator.h"

namespace lares::service {
namespace {

std::string Line(const std::string& id, const std::string& key, const std::string& rest) {
  return id + " " + base::Sha256Hex(key) + " " + rest + "\n";
}

std::string Problem(const std::string& text) {
  const auto keys = ParseKeyFile(text);
  return keys ? "" : keys.error().message();
}

TEST(KeyFile, ReadsKeys) {
  const auto keys =
      ParseKeyFile("# keys of the house\n\n" + Line("alice", "a", "research\tgenerate,embed # hers") +
                   "\r\n" + Line("root@x", "b", "- all"));
  ASSERT_TRUE(keys) << keys.error().message();
  ASSERT_EQ(keys->size(), 2U);
  const core::Principal& alice = (*keys)[0].principal;
  EXPECT_EQ(alice.id, "alice");
  EXPECT_EQ(alice.tenant, "research");
  EXPECT_TRUE(core::Holds(alice.permissions, core::Permission::kGenerate));
  EXPECT_TRUE(core::Holds(alice.permissions, core::Permission::kEmbed));
  EXPECT_FALSE(core::Holds(alice.permissions, core::Permission::kReadMetrics));
  EXPECT_EQ((*keys)[0].digest, DigestOfKey("a"));
  EXPECT_EQ((*keys)[1].principal.tenant, "default");
  EXPECT_EQ((*keys)[1].principal.permissions, core::kAllPermissions);
}

TEST(KeyFile, SaysWhatIsWrongAndWhere) {
  EXPECT_NE(Problem("").find("no key"), std::string::npos);
  EXPECT_NE(Problem("# nothing\n").find("no key"), std::string::npos);
  EXPECT_NE(Problem("\nroot my-secret-key - all").find("line 2"), std::string::npos);
  EXPECT_EQ(Problem("root my-secret-key - all").find("my-secret-key"), std::string::npos)
      << "a key that stands there by mistake is not shown";
  EXPECT_NE(Problem("root").find("4 fields"), std::string::npos);
  EXPECT_NE(Problem(Line("a b", "x", "- all")).find("4 fields"), std::string::npos);
  EXPECT_NE(Problem(Line("a\"", "x", "- all")).find("the id"), std::string::npos);
  EXPECT_NE(Problem(Line("a", "x", "te/nant all")).find("tenant"), std::string::npos);
  EXPECT_NE(Problem(Line("a", "x", "- everything")).find("generate, embed"), std::string::npos);
  EXPECT_NE(Problem(Line("a", "x", "- ,")).find("no permission"), std::string::npos);
  EXPECT_NE(Problem(Line("a", "x", "- all") + Line("a", "y", "- all")).find("line 2: this id"),
            std::string::npos);
  EXPECT_NE(Problem(Line("a", "x", "- all") + Line("b", "x", "- all")).find("line 2: this key"),
            std::string::npos);
}

TEST(KeyFile, IsBounded) { EXPECT_NE(Problem(std::string(kMaxKeyFileBytes + 1, '#')), ""); }

TEST(Authenticator, WithoutKeysEveryoneIsLocal) {
  const Authenticator open;
  EXPECT_FALSE(open.requires_key());
  const auto principal = open.Authenticate(std::nullopt);
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->id, "local");
  EXPECT_EQ(principal->permissions, core::kAllPermissions);
}

TEST(Authenticator, KnowsItsKeysAndNoOthers) {
  const Authenticator keys(*ParseKeyFile(Line("a", "key-a", "- generate") + Line("b", "key-b", "t all")));
  EXPECT_TRUE(keys.requires_key());
  EXPECT_EQ(keys.key_count(), 2U);
  EXPECT_EQ(keys.Authenticate("key-a")->id, "a");
  EXPECT_EQ(keys.Authenticate("key-b")->tenant, "t");
  EXPECT_EQ(keys.Authenticate(std::nullopt).error().reason(), "missing_api_key");
  EXPECT_EQ(keys.Authenticate("").error().reason(), "missing_api_key");
  for (const char* wrong : {"key-", "key-aa", "KEY-A", "c"}) {
    const auto principal = keys.Authenticate(wrong);
    ASSERT_FALSE(principal) << wrong;
    EXPECT_EQ(principal.error().code(), base::Code::kUnauthenticated);
    EXPECT_EQ(principal.error().message().find(wrong), std::string::npos) << "keys are not repeated";
  }
  EXPECT_EQ(Authenticator::Anonymous().permissions, 0U);
}

TEST(Authenticator, ReadsItsFileAgain) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("lares-keys-" + std::to_string(getpid()))).string();
  std::ofstream(path) << Line("a", "key-a", "- all");
  auto keys = Authenticator::FromFile(path);
  ASSERT_TRUE(keys) << keys.error().message();
  std::ofstream(path) << Line("b", "key-b", "- all");
  EXPECT_TRUE((*keys)->Reload());
  EXPECT_FALSE((*keys)->Authenticate("key-a"));
  EXPECT_TRUE((*keys)->Authenticate("key-b"));
  std::ofstream(path) << "broken";
  const auto reloaded = (*keys)->Reload();
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().message().find(path), std::string::npos);
  EXPECT_NE(reloaded.error().message().find("line 1"), std::string::npos);
  EXPECT_TRUE((*keys)->Authenticate("key-b")) << "the old keys stay in force";
  std::filesystem::remove(path);
  EXPECT_FALSE((*keys)->Reload());
  EXPECT_TRUE((*keys)->Authenticate("key-b"));
  EXPECT_FALSE(Authenticator::FromFile(path));
}

}  // namespace
}  // namespace lares::service
