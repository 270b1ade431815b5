// SPDX-License-Identifier: Apache-2.0
#include "scheduler/prefix_tree.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lares::scheduler {

struct PrefixTree::Node {
  Node* parent = nullptr;
  std::uint64_t salt = 0;
  std::size_t start = 0;  // depth of the label's first symbol
  std::vector<core::Symbol> label;
  std::unordered_map<std::int64_t, std::unique_ptr<Node>> children;  // by the key of their first symbol
  std::vector<Entry> entries;                                        // that end within this label

  std::size_t end() const { return start + label.size(); }
};

PrefixTree::PrefixTree() = default;
PrefixTree::~PrefixTree() = default;

PrefixTree::Node* PrefixTree::Root(std::uint64_t salt) {
  auto& root = roots_[salt];
  if (!root) {
    root = std::make_unique<Node>();
    root->salt = salt;
  }
  return root.get();
}

void PrefixTree::AddTo(Node* node, Entry entry) { node->entries.push_back(entry); }

void PrefixTree::RemoveFrom(Node* node, Entry entry) {
  const auto found = std::ranges::find(node->entries, entry);
  LARES_CHECK(found != node->entries.end());
  *found = node->entries.back();
  node->entries.pop_back();
}

// Follows `symbols` from a place as far as the tree goes.
PrefixTree::Place PrefixTree::Walk(Place from, Symbols symbols, std::size_t* matched) {
  Node* node = from.node;
  std::size_t depth = from.depth;
  std::size_t i = 0;
  while (i < symbols.size()) {
    if (depth == node->end()) {
      const auto child = node->children.find(symbols[i].key);
      if (child == node->children.end()) break;
      node = child->second.get();
    }
    const core::Symbol* label = node->label.data() + (depth - node->start);
    const std::size_t most = std::min(node->end() - depth, symbols.size() - i);
    std::size_t same = 0;
    while (same < most && label[same].key == symbols[i + same].key) ++same;
    depth += same;
    i += same;
    if (same < most) break;
  }
  *matched = i;
  return {node, depth};
}

// Makes `at` the end of its node: what is behind becomes a child.
void PrefixTree::Split(Place at) {
  Node* upper = at.node;
  if (at.depth == upper->end()) return;
  auto lower = std::make_unique<Node>();
  const auto cut = upper->label.begin() + static_cast<std::ptrdiff_t>(at.depth - upper->start);
  lower->parent = upper;
  lower->salt = upper->salt;
  lower->start = at.depth;
  lower->label.assign(cut, upper->label.end());
  upper->label.erase(cut, upper->label.end());
  lower->children = std::move(upper->children);
  upper->children.clear();
  for (auto& [key, child] : lower->children) child->parent = lower.get();
  upper->children.emplace(lower->label.front().key, std::move(lower));
}

// Makes sure that `symbols` hang below `from`; gives their end. Entries stay where they are.
PrefixTree::Place PrefixTree::Grow(Place from, Symbols symbols) {
  std::size_t matched = 0;
  Place at = Walk(from, symbols, &matched);
  const Symbols rest = symbols.subspan(matched);
  if (rest.empty()) return at;
  Node* node = at.node;
  const bool at_end = at.depth == node->end();
  if (at_end && node->children.empty() && node->parent != nullptr) {
    node->label.insert(node->label.end(), rest.begin(), rest.end());
    return {node, node->end()};
  }
  if (!at_end) {
    Split(at);
    // Entries beyond the cut belong to the lower half.
    Node* lower = node->children.begin()->second.get();
    std::vector<Entry> stay;
    for (const Entry entry : node->entries) {
      Record& record = records_.at(entry);
      if (record.length > at.depth) {
        record.node = lower;
        lower->entries.push_back(entry);
      } else {
        stay.push_back(entry);
      }
    }
    node->entries = std::move(stay);
  }
  auto leaf = std::make_unique<Node>();
  leaf->parent = node;
  leaf->salt = node->salt;
  leaf->start = at.depth;
  leaf->label.assign(rest.begin(), rest.end());
  Node* added = leaf.get();
  node->children.emplace(rest.front().key, std::move(leaf));
  return {added, added->end()};
}

void PrefixTree::Insert(Entry entry, std::uint64_t salt, Symbols symbols) {
  LARES_CHECK(!records_.contains(entry));
  const Place end = Grow({Root(salt), 0}, symbols);
  records_.emplace(entry, Record{end.node, end.depth});
  AddTo(end.node, entry);
}

void PrefixTree::Extend(Entry entry, Symbols more) {
  Record& record = records_.at(entry);
  Node* before = record.node;
  const Place end = Grow({record.node, record.length}, more);
  // Growing may have split the edge this entry ends on, but never moved the entry: it ends where growth
  // began.
  record = {end.node, end.depth};
  if (before == end.node) return;
  RemoveFrom(before, entry);
  AddTo(end.node, entry);
}

void PrefixTree::Truncate(Entry entry, std::size_t length) {
  Record& record = records_.at(entry);
  LARES_CHECK(length <= record.length);
  Node* before = record.node;
  Node* node = before;
  while (node->parent != nullptr && node->start >= length) node = node->parent;
  record = {node, length};
  if (node != before) {
    RemoveFrom(before, entry);
    AddTo(node, entry);
  }
  Shrink(before);
}

void PrefixTree::Remove(Entry entry) {
  const auto found = records_.find(entry);
  LARES_CHECK(found != records_.end());
  Node* node = found->second.node;
  records_.erase(found);
  RemoveFrom(node, entry);
  Shrink(node);
}

std::size_t PrefixTree::DeepestIn(const Node* node) const {
  std::size_t deepest = node->start;
  for (const Entry entry : node->entries) deepest = std::max(deepest, records_.at(entry).length);
  return deepest;
}

// Takes away what no entry reaches any more, from `node` upwards.
void PrefixTree::Shrink(Node* node) {
  while (true) {
    Node* parent = node->parent;
    if (node->children.empty() && parent != nullptr) {
      node->label.resize(DeepestIn(node) - node->start);
      if (node->entries.empty()) {
        // The label is empty by now, so its key is looked up by address.
        const auto self = std::ranges::find_if(parent->children,
                                               [&](const auto& child) { return child.second.get() == node; });
        LARES_CHECK(self != parent->children.end());
        parent->children.erase(self);
        node = parent;
        continue;
      }
    }
    if (parent == nullptr) {
      const std::uint64_t salt = node->salt;
      if (node->children.empty() && node->entries.empty()) roots_.erase(salt);
    } else if (node->children.size() == 1) {
      MergeOnlyChild(node);
    }
    return;
  }
}

void PrefixTree::MergeOnlyChild(Node* node) {
  const std::unique_ptr<Node> child = std::move(node->children.begin()->second);
  node->children = std::move(child->children);
  node->label.insert(node->label.end(), child->label.begin(), child->label.end());
  for (auto& [key, grandchild] : node->children) grandchild->parent = node;
  for (const Entry entry : child->entries) {
    records_.at(entry).node = node;
    AddTo(node, entry);
  }
}

std::size_t PrefixTree::Length(Entry entry) const { return records_.at(entry).length; }

std::vector<core::Symbol> PrefixTree::SymbolsOf(Entry entry) const {
  const Record& record = records_.at(entry);
  std::vector<core::Symbol> symbols(record.length);
  std::size_t end = record.length;
  for (const Node* node = record.node; node->parent != nullptr; node = node->parent) {
    std::copy_n(node->label.begin(), end - node->start,
                symbols.begin() + static_cast<std::ptrdiff_t>(node->start));
    end = node->start;
  }
  return symbols;
}

void PrefixTree::Collect(const Node* node, std::size_t at_least, std::vector<Entry>& out) const {
  for (const Entry entry : node->entries) {
    if (records_.at(entry).length >= at_least) out.push_back(entry);
  }
  for (const auto& [key, child] : node->children) Collect(child.get(), at_least, out);
}

PrefixTree::Match PrefixTree::Longest(std::uint64_t salt, Symbols symbols) const {
  Match match;
  const auto root = roots_.find(salt);
  if (root == roots_.end()) return match;
  const Place end = Walk({root->second.get(), 0}, symbols, &match.length);
  if (match.length > 0) Collect(end.node, match.length, match.entries);
  return match;
}

std::size_t PrefixTree::LongestLength(std::uint64_t salt, Symbols symbols) const {
  const auto root = roots_.find(salt);
  std::size_t length = 0;
  if (root != roots_.end()) Walk({root->second.get(), 0}, symbols, &length);
  return length;
}

std::vector<PrefixTree::Entry> PrefixTree::PrefixesOf(std::uint64_t salt, Symbols symbols) const {
  std::vector<Entry> found;
  const auto root = roots_.find(salt);
  if (root == roots_.end()) return found;
  std::size_t matched = 0;
  const Place end = Walk({root->second.get(), 0}, symbols, &matched);
  for (const Node* node = end.node; node != nullptr; node = node->parent) {
    for (const Entry entry : node->entries) {
      if (records_.at(entry).length <= matched) found.push_back(entry);
    }
  }
  std::ranges::sort(found, {}, [&](Entry entry) { return records_.at(entry).length; });
  return found;
}

void PrefixTree::CheckNode(const Node* node) const {
  if (node->parent == nullptr) {
    LARES_CHECK(node->start == 0 && node->label.empty());
    LARES_CHECK(!node->children.empty() || !node->entries.empty());
  } else {
    LARES_CHECK(!node->label.empty());
    LARES_CHECK(node->start == node->parent->end());
    LARES_CHECK(node->children.size() != 1);
    LARES_CHECK(!node->children.empty() || DeepestIn(node) == node->end());
  }
  for (const Entry entry : node->entries) {
    const Record& record = records_.at(entry);
    LARES_CHECK(record.node == node);
    LARES_CHECK(record.length <= node->end());
    LARES_CHECK(record.length > node->start || node->parent == nullptr);
  }
  for (const auto& [key, child] : node->children) {
    LARES_CHECK(child->parent == node && child->salt == node->salt);
    LARES_CHECK(child->label.front().key == key);
    CheckNode(child.get());
  }
}

void PrefixTree::CheckInvariants() const {
  std::size_t entries = 0;
  for (const auto& [salt, root] : roots_) {
    LARES_CHECK(root->salt == salt);
    CheckNode(root.get());
    std::vector<Entry> below;
    Collect(root.get(), 0, below);
    entries += below.size();
  }
  LARES_CHECK(entries == records_.size());
}

}  // namespace lares::scheduler
