// SPDX-License-Identifier: Apache-2.0
#include "base/terminal_text.h"

#include <gtest/gtest.h>

namespace lares::base {
namespace {

TEST(ForTerminal, DropsControlCharacters) {
  EXPECT_EQ(ForTerminal("a\tb\nc"), "a\tb\nc");
  EXPECT_EQ(ForTerminal("\033[31mred\033[0m\a\r"), "[31mred[0m");
  EXPECT_EQ(ForTerminal("\xC2\x9B"
                        "1m你好é"),
            "1m你好é");
}

TEST(ForTerminal, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(ForTerminal("messages \xB7}\n"), "messages \uFFFD}\n");
  EXPECT_EQ(ForTerminal("cut \xC2"), "cut \uFFFD");
}

}  // namespace
}  // namespace lares::base
