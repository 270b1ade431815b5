// SPDX-License-Identifier: Apache-2.0
//
// A model on disk: one file, or several parts by the model library's naming.
#include <array>
#include <string>

#include <llama.h>

#include "backend/llama/byte_source.h"
#include "backend/llama/gguf_check.h"
#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using base::Status;

Result<GgufSummary> CheckOneFile(const std::string& path) {
  auto source = OpenFileSource(path);
  if (!source) return Fail(source.error());
  auto summary = CheckGguf(**source);
  if (summary) return summary;
  return Fail(summary.error().code(), Sentence(path, ": ", summary.error().message()));
}

// "dir/name-00001-of-00003.gguf" -> "dir/name"; empty when it is named otherwise.
std::string SplitPrefix(const std::string& path, std::uint32_t part, std::uint32_t count) {
  std::array<char, 4096> prefix{};
  const auto length = llama_split_prefix(prefix.data(), prefix.size(), path.c_str(), static_cast<int>(part),
                                         static_cast<int>(count));
  return length > 0 ? std::string(prefix.data(), static_cast<std::size_t>(length)) : std::string();
}

Status AddPart(const std::string& path, std::uint32_t part, GgufSummary& whole) {
  auto summary = CheckOneFile(path);
  if (!summary) return Fail(summary.error());
  if (summary->part != part || summary->part_count != whole.part_count) {
    return Fail(Code::kInvalidArgument, Sentence(path, " is not part ", part + 1, " of ", whole.part_count));
  }
  whole.file_bytes += summary->file_bytes;
  whole.tensor_count += summary->tensor_count;
  whole.tensor_bytes += summary->tensor_bytes;
  whole.parameters += summary->parameters;
  return {};
}

}  // namespace

Result<GgufSummary> CheckGgufFile(const std::string& path) {
  auto summary = CheckOneFile(path);
  if (!summary || summary->part_count == 1) return summary;
  const std::string prefix = SplitPrefix(path, summary->part, summary->part_count);
  if (summary->part != 0 || prefix.empty()) {
    return Fail(
        Code::kInvalidArgument,
        Sentence(path, " is part ", summary->part + 1, " of ", summary->part_count,
                 ": name the first part, called NAME-00001-of-0000N.gguf, with the others beside it"));
  }
  for (std::uint32_t part = 1; part < summary->part_count; ++part) {
    std::array<char, 4096> name{};
    llama_split_path(name.data(), name.size(), prefix.c_str(), static_cast<int>(part),
                     static_cast<int>(summary->part_count));
    if (auto ok = AddPart(name.data(), part, *summary); !ok) return Fail(ok.error());
  }
  return summary;
}

}  // namespace lares::backend::llama
