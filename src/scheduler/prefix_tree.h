// SPDX-License-Identifier: Apache-2.0
//
// A radix tree over symbols: many lists (entries), and for a new list the ones that begin like it. An entry
// may end anywhere on an edge, so a running sequence grows by a symbol per step at O(1), and the tree never
// holds a node that no entry reaches. Entries of different salts never meet. A symbol's `key` is its
// identity.
//
// It only finds; who owns an entry (SlotTable, HostCache) knows its age and who refers to it. Not thread
// safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/symbol.h"

namespace lares::scheduler {

class PrefixTree {
 public:
  using Entry = std::uint64_t;  // named by the caller
  using Symbols = std::span<const core::Symbol>;

  PrefixTree();
  ~PrefixTree();
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  // `entry` must not be there yet.
  void Insert(Entry entry, std::uint64_t salt, Symbols symbols);
  // The following need `entry` to be there.
  void Extend(Entry entry, Symbols more);
  void Truncate(Entry entry, std::size_t length);  // to at most its present length
  void Remove(Entry entry);

  bool Contains(Entry entry) const { return records_.contains(entry); }
  std::size_t Length(Entry entry) const;
  std::vector<core::Symbol> SymbolsOf(Entry entry) const;  // O(length)
  std::size_t size() const { return records_.size(); }

  struct Match {
    std::size_t length = 0;      // of the longest common prefix with any entry
    std::vector<Entry> entries;  // all that share it; empty when length is 0
  };
  Match Longest(std::uint64_t salt, Symbols symbols) const;
  // Only the length.
  std::size_t LongestLength(std::uint64_t salt, Symbols symbols) const;
  // Entries whose whole content is a prefix of `symbols`, shortest first.
  std::vector<Entry> PrefixesOf(std::uint64_t salt, Symbols symbols) const;

  // Aborts when the structure is broken. O(everything).
  void CheckInvariants() const;

 private:
  struct Node;
  struct Record {
    Node* node = nullptr;
    std::size_t length = 0;  // symbols; ends within node's label, or at the root when 0
  };
  struct Place {
    Node* node = nullptr;
    std::size_t depth = 0;
  };

  Node* Root(std::uint64_t salt);
  static Place Walk(Place from, Symbols symbols, std::size_t* matched);
  Place Grow(Place from, Symbols symbols);
  static void Split(Place at);
  static void AddTo(Node* node, Entry entry);
  static void RemoveFrom(Node* node, Entry entry);
  std::size_t DeepestIn(const Node* node) const;
  void Shrink(Node* node);
  void MergeOnlyChild(Node* node);
  void Collect(const Node* node, std::size_t at_least, std::vector<Entry>& out) const;
  void CheckNode(const Node* node) const;

  std::unordered_map<std::uint64_t, std::unique_ptr<Node>> roots_;  // by salt
  std::unordered_map<Entry, Record> records_;
};

}  // namespace lares::scheduler
