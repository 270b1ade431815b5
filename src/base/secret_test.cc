// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace lares::base {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);

TEST(Secret, MovesAndLeavesNothingBehind) {
  Secret a(std::string("correct horse battery staple"));
  Secret b(std::move(a));
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): this is what is tested
  EXPECT_EQ(b.Reveal(), "correct horse battery staple");
  Secret c(std::string("x"));
  c = std::move(b);
  EXPECT_TRUE(b.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(c.Reveal(), "correct horse battery staple");
}

// Short strings live inside the object, where a destroyed object's bytes can still be looked at.
TEST(Secret, IsWipedWhenItGoes) {
  alignas(Secret) unsigned char place[sizeof(Secret)];
  auto* secret = new (place) Secret(std::string("hunter2"));
  const std::string_view inside = secret->Reveal();
  const auto* const bytes = reinterpret_cast<const volatile unsigned char*>(inside.data());
  const bool in_place = bytes >= place && bytes < place + sizeof place;
  secret->~Secret();
  if (!in_place) GTEST_SKIP() << "this library keeps short strings elsewhere";
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(bytes[i], 0) << i;
}

TEST(ConstantTimeEqual, ComparesLikeEquality) {
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_TRUE(ConstantTimeEqual("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "Abc"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "ab"));
  EXPECT_FALSE(ConstantTimeEqual(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

}  // namespace
}  // namespace lares::base
