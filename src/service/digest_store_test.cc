// SPDX-License-Identifier: Apache-2.0
#include "service/digest_store.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace lares::service {
namespace {

const std::string kDigest(64, 'a');

class DigestStoreTest : public testing::Test {
 protected:
  DigestStoreTest()
      : folder_(testing::TempDir() + "lares-digests-" +
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
    Write("model", "weights");
  }
  ~DigestStoreTest() override { std::filesystem::remove_all(folder_); }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  void Write(const std::string& name, const std::string& text) const { std::ofstream(Path(name)) << text; }

  const std::string folder_;
};

TEST_F(DigestStoreTest, RemembersAFileAsLongAsItStaysTheSame) {
  {
    DigestStore store(Path("digests"));
    EXPECT_FALSE(store.Find(Path("model")));
    store.Remember(Path("model"), DigestStore::Identity(Path("model")), kDigest);
  }
  const DigestStore again(Path("digests"));
  EXPECT_EQ(again.Find(Path("model")), kDigest);
  Write("model", "other weights");
  EXPECT_FALSE(again.Find(Path("model")));
  EXPECT_FALSE(again.Find(Path("nothing")));
}

TEST_F(DigestStoreTest, WhatChangedWhileItWasReadIsNotRemembered) {
  DigestStore store(Path("digests"));
  const std::string before = DigestStore::Identity(Path("model"));
  Write("model", "longer weights");
  store.Remember(Path("model"), before, kDigest);
  EXPECT_FALSE(store.Find(Path("model")));
}

TEST_F(DigestStoreTest, RubbishIsForgotten) {
  Write("digests", DigestStore::Identity(Path("model")) + " short\n1:2:3 " + kDigest + "\nhalf");
  const DigestStore store(Path("digests"));
  EXPECT_FALSE(store.Find(Path("model")));
  DigestStore nowhere("");
  nowhere.Remember(Path("model"), DigestStore::Identity(Path("model")), kDigest);
  EXPECT_EQ(nowhere.Find(Path("model")), kDigest);
}

}  // namespace
}  // namespace lares::service
