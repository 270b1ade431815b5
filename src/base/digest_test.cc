// SPDX-License-Identifier: Apache-2.0
#include "base/digest.h"

#include <cstdio>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace lares::base {
namespace {

// FIPS 180-4 examples, and the empty message.
TEST(Sha256, GivesThePublishedAnswers) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

class Sha256OfFile : public testing::Test {
 protected:
  void SetUp() override { path_ = testing::TempDir() + "lares_digest_test_" + std::to_string(getpid()); }
  void TearDown() override { std::remove(path_.c_str()); }
  void Write(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
  std::string path_;
};

TEST_F(Sha256OfFile, EqualsThatOfTheBytes) {
  for (const std::size_t size : {0U, 1U, (1U << 20U) - 1, 1U << 20U, (1U << 20U) + 1}) {
    const std::string bytes(size, 'x');
    Write(bytes);
    EXPECT_EQ(Sha256HexOfFile(path_).value(), Sha256Hex(bytes)) << size;
  }
}

TEST_F(Sha256OfFile, CanBeStopped) {
  Write("abc");
  const std::atomic<bool> stop{true};
  EXPECT_EQ(Sha256HexOfFile(path_, &stop).error().code(), Code::kCancelled);
}

TEST_F(Sha256OfFile, ErrorsNameThePath) {
  const auto missing = Sha256HexOfFile(path_);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code(), Code::kNotFound);
  EXPECT_NE(missing.error().message().find(path_), std::string::npos);
  // A folder opens and then cannot be read.
  EXPECT_EQ(Sha256HexOfFile(testing::TempDir()).error().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace lares::base
