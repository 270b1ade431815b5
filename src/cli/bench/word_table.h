// SPDX-License-Identifier: Apache-2.0
//
// Words with their lengths in tokens, and sentences made of them: what prompts of a wanted length are put
// together from. The counts come from the server's own /tokenize.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/transport.h"

namespace lares::cli {

// Split at blanks into sentences of 5 to 60 words that end with . ; or :. Pure.
std::vector<std::vector<std::string>> SplitSentences(std::string_view text);

// The text of `file`, or of the licences every Debian system has, or else a few sentences of our own.
base::Result<std::string> CorpusText(const std::string& file);

struct WordTable {
  std::vector<std::vector<std::string>> sentences;
  std::map<std::string, double, std::less<>> tokens;  // of " word"; also of the digits
  std::vector<std::string> fillers;                   // plain words of exactly one token
  bool exact = true;                                  // false: the server has no /tokenize, a mean was used

  // Words in `sentences` and the digits, each once.
  std::vector<std::string> Words() const;
  // Fills `fillers` from `tokens`.
  void FindFillers();
};

// Asks the server for every word that `known` lacks, many at a time. Where there is no /tokenize, one
// completion is asked for and its usage gives a mean. `interrupted`, when given, is asked several times a
// second; kCancelled when it says so.
base::Status CountTokens(Transport& transport, const std::string& model, std::map<std::string, double> known,
                         const std::function<bool()>& interrupted, WordTable& table);

// The file that keeps counts between runs: {"word": tokens}. A missing file has none.
base::Result<std::map<std::string, double>> ReadWordCounts(const std::string& file);
base::Status WriteWordCounts(const std::string& file, const WordTable& table);

}  // namespace lares::cli
