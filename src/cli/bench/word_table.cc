// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/word_table.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

namespace lares::cli {
namespace {

using base::Code;
using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kMaxCorpusBytes = 4U << 20U;
constexpr const char* kLicences = "/usr/share/common-licenses";
constexpr std::size_t kFewestWords = 5;
constexpr std::size_t kMostWords = 60;

constexpr std::string_view kOwnText =
    R"(The lar of a house keeps watch over those who live in it and asks for little.
Every morning the kitchen gives him a share of the bread; in the evening somebody lights a small lamp.
When the family moves to another town the old people carry his figure wrapped in a woollen cloth.
Nobody remembers who made it, but the wood is dark from many hands and many winters.
A guest who greets him first is told the best stories of the valley:
how the river once ran backwards for a day, how the mill was built twice, and why the bridge has three arches.
Children believe that he counts their steps on the stairs and knows which of them skipped a lesson.
The grandmother says that he only listens; she has never heard him answer in all her years.)";

std::string ReadUpTo(const fs::path& path, std::size_t most) {
  std::ifstream in(path, std::ios::binary);
  std::string text(most, '\0');
  in.read(text.data(), static_cast<std::streamsize>(most));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return text;
}

bool EndsSentence(std::string_view word) {
  return word.ends_with('.') || word.ends_with(';') || word.ends_with(':');
}

bool IsAscii(std::string_view word) {
  return std::ranges::all_of(word, [](unsigned char c) { return c > 0x20 && c < 0x7F; });
}

bool IsAlphabetic(std::string_view word) {
  return std::ranges::all_of(word, [](unsigned char c) { return (c | 0x20U) >= 'a' && (c | 0x20U) <= 'z'; });
}

}  // namespace

std::vector<std::vector<std::string>> SplitSentences(std::string_view text) {
  std::vector<std::vector<std::string>> sentences;
  std::vector<std::string> current;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    // A word the tokeniser takes apart byte by byte tells nothing about prompts.
    if (!IsAscii(word) || word.size() > 32) continue;
    current.push_back(word);
    if (!EndsSentence(word)) continue;
    if (current.size() >= kFewestWords && current.size() <= kMostWords)
      sentences.push_back(std::move(current));
    current.clear();
  }
  return sentences;
}

base::Result<std::string> CorpusText(const std::string& file) {
  std::error_code error;
  if (!file.empty()) {
    if (!fs::is_regular_file(file, error))
      return base::Fail(Code::kNotFound, "there is no text file " + file);
    return ReadUpTo(file, kMaxCorpusBytes);
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kLicences, error)) {
    if (entry.is_regular_file(error) && !entry.is_symlink(error)) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::string text;
  for (const fs::path& path : files)
    text += ReadUpTo(path, kMaxCorpusBytes - std::min(text.size(), kMaxCorpusBytes)) + "\n";
  return text.empty() ? std::string(kOwnText) : text;
}

std::vector<std::string> WordTable::Words() const {
  std::set<std::string> words;
  for (const auto& sentence : sentences) words.insert(sentence.begin(), sentence.end());
  for (char digit = '0'; digit <= '9'; ++digit) words.insert(std::string(1, digit));
  return {words.begin(), words.end()};
}

void WordTable::FindFillers() {
  fillers.clear();
  for (const auto& [word, count] : tokens) {
    if (count == 1 && IsAlphabetic(word)) fillers.push_back(word);
  }
}

base::Result<std::map<std::string, double>> ReadWordCounts(const std::string& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return std::map<std::string, double>{};
  const Json json = Json::parse(ReadUpTo(file, kMaxCorpusBytes), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return base::Fail(Code::kInvalidArgument, file + " holds no counts of words");
  std::map<std::string, double> counts;
  for (const auto& [word, count] : json.items()) {
    if (count.is_number()) counts[word] = count.get<double>();
  }
  return counts;
}

base::Status WriteWordCounts(const std::string& file, const WordTable& table) {
  Json json = Json::object();
  for (const auto& [word, count] : table.tokens) json[word] = count;
  std::ofstream out(file, std::ios::binary);
  out << json.dump() << "\n";
  out.flush();
  if (out) return {};
  return base::Fail(Code::kInternal, "cannot write " + file);
}

}  // namespace lares::cli
