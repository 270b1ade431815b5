// SPDX-License-Identifier: Apache-2.0
//
// When a lazy grammar begins: at a word, a token, or a regular expression in the answer so far. Looks only at
// the end of the answer, so that each token costs the same. What the model thinks aloud does not count. Pure;
// one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "base/error.h"

namespace lares::backend::llama {

class Trigger {
 public:
  // kInvalidArgument when an expression is none.
  static base::Result<Trigger> Make(const Grammar& grammar);

  // `token` with its text came next. When the grammar begins now, the tokens it has to be fed with, of which
  // the first may begin before it; empty otherwise. Not to be called again after that.
  std::vector<core::TokenId> Feed(core::TokenId token, std::string_view text);

 private:
  struct Piece {
    core::TokenId token = 0;
    std::size_t begin = 0;  // within window_
  };
  bool FindStart(std::size_t& start) const;
  void Trim();
  void FollowReasoning();
  void Restart();

  std::string reasoning_start_;
  std::vector<std::string> reasoning_ends_;
  bool reasoning_ = false;  // the answer is between the two now
  std::vector<core::TokenId> tokens_;
  std::vector<std::string> words_;
  std::vector<std::regex> patterns_;
  std::string window_;        // the end of the answer
  std::deque<Piece> pieces_;  // the tokens behind it
  bool whole_ = true;         // window_ is the whole answer
};

}  // namespace lares::backend::llama
