// SPDX-License-Identifier: Apache-2.0
#include "scheduler/prefix_tree.h"

#include <algorithm>
#include <map>
#include <random>
#include <string_view>

#include <gtest/gtest.h>

#include "scheduler/played_engine.h"

namespace lares::scheduler {
namespace {

using Entry = PrefixTree::Entry;
using Symbols = std::vector<core::Symbol>;

Symbols Text(std::string_view text) {
  Symbols symbols;
  for (const char c : text) symbols.push_back(core::Symbol::Token(c));
  return symbols;
}

std::vector<Entry> Sorted(std::vector<Entry> entries) {
  std::ranges::sort(entries);
  return entries;
}

TEST(PrefixTree, FindsTheLongestCommonPrefixAndWhoSharesIt) {
  PrefixTree tree;
  tree.Insert(1, 7, Text("hello world"));
  tree.Insert(2, 7, Text("hello there"));
  tree.Insert(3, 7, Text("help"));
  const auto match = tree.Longest(7, Text("hello thanks"));
  EXPECT_EQ(match.length, 8U);
  EXPECT_EQ(match.entries, std::vector<Entry>{2});
  EXPECT_EQ(Sorted(tree.Longest(7, Text("hello x")).entries), (std::vector<Entry>{1, 2}));
  EXPECT_EQ(Sorted(tree.Longest(7, Text("hel")).entries), (std::vector<Entry>{1, 2, 3}));
  EXPECT_TRUE(tree.Longest(7, Text("xyz")).entries.empty());
  EXPECT_EQ(tree.Longest(8, Text("hello world")).length, 0U) << "another salt";
}

TEST(PrefixTree, EntriesThatAreWhollyContainedComeShortestFirst) {
  PrefixTree tree;
  tree.Insert(1, 7, Text("abcd"));
  tree.Insert(2, 7, Text("ab"));
  tree.Insert(3, 7, Text("abcdef"));
  tree.Insert(4, 7, Text("abx"));
  EXPECT_EQ(tree.PrefixesOf(7, Text("abcde")), (std::vector<Entry>{2, 1}));
}

TEST(PrefixTree, OneThatGrowsOverAnotherAndShrinksAgainLeavesNothingBehind) {
  PrefixTree tree;
  tree.Insert(1, 7, Text("ab"));
  tree.Insert(2, 7, Text("abcd"));
  tree.Extend(1, Text("cx"));
  tree.CheckInvariants();
  EXPECT_EQ(tree.SymbolsOf(1), Text("abcx"));
  EXPECT_EQ(tree.Longest(7, Text("abcx")).entries, std::vector<Entry>{1});
  tree.Truncate(1, 1);
  tree.CheckInvariants();
  EXPECT_EQ(tree.LongestLength(7, Text("abcx")), 3U);
  tree.Remove(2);
  EXPECT_EQ(tree.LongestLength(7, Text("abcx")), 1U);
  tree.Remove(1);
  tree.CheckInvariants();
  EXPECT_EQ(tree.size(), 0U);
}

// Against a plain list of all entries.
class Model {
 public:
  struct Content {
    std::uint64_t salt = 0;
    Symbols symbols;
  };
  std::map<Entry, Content> entries;

  static std::size_t Common(const Symbols& a, const Symbols& b) {
    return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  }
  PrefixTree::Match Longest(std::uint64_t salt, const Symbols& symbols) const {
    PrefixTree::Match match;
    for (const auto& [entry, content] : entries) {
      if (content.salt != salt) continue;
      const std::size_t common = Common(content.symbols, symbols);
      if (common > match.length) match = {.length = common, .entries = {}};
      if (common == match.length && common > 0) match.entries.push_back(entry);
    }
    return match;
  }
  std::vector<Entry> PrefixesOf(std::uint64_t salt, const Symbols& symbols) const {
    std::vector<Entry> found;
    for (const auto& [entry, content] : entries) {
      const bool whole = Common(content.symbols, symbols) == content.symbols.size();
      if (content.salt == salt && whole) found.push_back(entry);
    }
    return found;
  }
};

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) {}

  void Run(int operations) {
    for (int i = 0; i < operations; ++i) {
      Change();
      tree_.CheckInvariants();
      Compare();
      if (testing::Test::HasFailure()) return;
    }
    for (const auto& [entry, content] : model_.entries) tree_.Remove(entry);
    tree_.CheckInvariants();
    EXPECT_EQ(tree_.size(), 0U);
  }

 private:
  std::size_t In(std::size_t low, std::size_t high) {
    return std::uniform_int_distribution<std::size_t>(low, high)(random_);
  }
  // Few letters, so that much is shared.
  Symbols Any(std::size_t most) {
    Symbols symbols(In(0, most));
    for (core::Symbol& symbol : symbols) symbol = core::Symbol::Token(static_cast<core::TokenId>(In(1, 2)));
    return symbols;
  }

  void Change() {
    const auto kind = In(0, 3);
    if (kind == 0 || model_.entries.empty()) {
      const Model::Content content{.salt = In(1, 2), .symbols = Any(12)};
      tree_.Insert(next_, content.salt, content.symbols);
      model_.entries.emplace(next_++, content);
      return;
    }
    const auto chosen =
        std::next(model_.entries.begin(), static_cast<std::ptrdiff_t>(In(0, model_.entries.size() - 1)));
    Symbols& symbols = chosen->second.symbols;
    if (kind == 1) {
      const Symbols more = Any(4);
      tree_.Extend(chosen->first, more);
      symbols.insert(symbols.end(), more.begin(), more.end());
    } else if (kind == 2) {
      symbols.resize(In(0, symbols.size()));
      tree_.Truncate(chosen->first, symbols.size());
    } else if (model_.entries.size() > 8) {
      tree_.Remove(chosen->first);
      model_.entries.erase(chosen);
    }
  }

  void Compare() {
    for (const auto& [entry, content] : model_.entries) {
      EXPECT_EQ(tree_.Length(entry), content.symbols.size());
      EXPECT_EQ(tree_.SymbolsOf(entry), content.symbols);
    }
    const Symbols asked = Any(14);
    const std::uint64_t salt = In(1, 2);
    const auto expected = model_.Longest(salt, asked);
    const auto match = tree_.Longest(salt, asked);
    EXPECT_EQ(match.length, expected.length);
    EXPECT_EQ(Sorted(match.entries), expected.entries);
    EXPECT_EQ(tree_.LongestLength(salt, asked), expected.length);
    const auto prefixes = tree_.PrefixesOf(salt, asked);
    EXPECT_TRUE(std::ranges::is_sorted(prefixes, {}, [&](Entry entry) { return tree_.Length(entry); }));
    EXPECT_EQ(Sorted(prefixes), model_.PrefixesOf(salt, asked));
  }

  std::mt19937_64 random_;
  PrefixTree tree_;
  Model model_;
  Entry next_ = 1;
};

TEST(PrefixTreeProperty, IsAListOfEntriesThatIsFastToSearch) {
  const int seeds = std::getenv("LARES_SEED") ? 1 : FullTier() ? 2000 : 60;
  for (int i = 0; i < seeds; ++i) {
    const std::uint64_t seed = TestSeed(300 + static_cast<std::uint64_t>(i));
    SCOPED_TRACE("repeat with LARES_SEED=" + std::to_string(seed));
    Walk(seed).Run(200);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace lares::scheduler
