// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/gguf_check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

#include "backend/llama/byte_source.h"
#include "backend/llama/gguf_cursor.h"
#include "backend/llama/gguf_describe.h"
#include "backend/llama/gguf_keys.h"
#include "backend/llama/gguf_metadata.h"
#include "backend/llama/gguf_tensors.h"
#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using base::Status;

constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kMaxAlignment = 1U << 20U;

// What people save instead of a model, by its first bytes.
struct Impostor {
  std::string_view start;
  std::string_view says;
};
constexpr std::array kImpostors = {
    Impostor{"version https://git-lfs",
             "it is a Git LFS pointer; fetch the model itself with `git lfs pull`"},
    Impostor{"<!DOCTYPE", "it is a web page; the download address leads to a page, not to the file"},
    Impostor{"<html", "it is a web page; the download address leads to a page, not to the file"},
    Impostor{"PK\x03\x04", "it is a ZIP archive (or a PyTorch file); unpack or convert it first"},
    Impostor{"ggjt", "it is in a format older than GGUF; convert it with llama.cpp's tools"},
};

Status CheckMagic(const ByteSource& source) {
  std::array<std::uint8_t, 32> head{};
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(head.size(), source.size()));
  if (!source.Read(0, std::span(head).first(count))) return Fail(Code::kInvalidArgument, "it cannot be read");
  const std::string_view start(reinterpret_cast<const char*>(head.data()), count);
  if (start.starts_with("GGUF")) return {};
  for (const Impostor& impostor : kImpostors) {
    if (start.starts_with(impostor.start)) {
      return Fail(Code::kInvalidArgument, Sentence("this is no GGUF file: ", impostor.says));
    }
  }
  if (count < 4) return Fail(Code::kDataLoss, Sentence("the file has only ", count, " bytes"));
  return Fail(Code::kInvalidArgument, "this is no GGUF file: it does not begin with 'GGUF'");
}

void CheckVersion(GgufCursor& cursor) {
  cursor.Reading("the header");
  cursor.U32();  // the magic
  const std::uint32_t version = cursor.U32();
  if (!cursor.ok() || version == 2 || version == 3) return;
  if ((version & 0xffffU) == 0 && version != 0) {
    return cursor.Fail("the file was written for a big-endian machine");
  }
  cursor.Fail(Sentence("the file has GGUF version ", version, "; versions 2 and 3 can be read"));
}

std::uint64_t Count(GgufCursor& cursor, const char* what, std::uint64_t limit) {
  const std::uint64_t count = cursor.U64();
  if (count > limit)
    cursor.Fail(Sentence("the file claims ", count, " ", what, "; at most ", limit, " are plausible"));
  return cursor.ok() ? count : 0;
}

std::uint64_t Alignment(GgufCursor& cursor, const GgufMetadata& metadata) {
  const std::uint64_t alignment = metadata.U32("general.alignment").value_or(kDefaultAlignment);
  if (std::has_single_bit(alignment) && alignment <= kMaxAlignment) return alignment;
  cursor.Fail(
      Sentence("key 'general.alignment' is ", alignment, ", which is no power of two up to ", kMaxAlignment));
  return kDefaultAlignment;
}

Status CheckKind(const GgufMetadata& metadata, const std::string& architecture) {
  if (architecture.empty()) return Fail(Code::kInvalidArgument, "key 'general.architecture' is missing");
  const std::string type = metadata.Text("general.type");
  if (architecture == "clip" || type == "mmproj") {
    return Fail(Code::kInvalidArgument, "this is a projector for images or audio, not a language model");
  }
  if (type == "adapter") return Fail(Code::kInvalidArgument, "this is an adapter (LoRA), not a whole model");
  return {};
}

Status CheckPart(const GgufMetadata& metadata, GgufSummary& summary) {
  if (const GgufValue* count = metadata.Find("split.count")) {
    summary.part_count = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(count->number));
  }
  if (const GgufValue* part = metadata.Find("split.no"))
    summary.part = static_cast<std::uint32_t>(part->number);
  if (summary.part < summary.part_count) return {};
  return Fail(Code::kInvalidArgument,
              Sentence("the file says it is part ", summary.part + 1, " of ", summary.part_count));
}

}  // namespace

Result<GgufSummary> CheckGguf(const ByteSource& source) {
  if (auto ok = CheckMagic(source); !ok) return Fail(ok.error());
  GgufCursor cursor(source);
  CheckVersion(cursor);
  const std::uint64_t tensor_count = Count(cursor, "tensors", kMaxGgufTensors);
  const std::uint64_t pair_count = Count(cursor, "keys", kMaxGgufPairs);
  GgufMetadata metadata;
  metadata.Read(cursor, pair_count);
  if (!cursor.ok()) return Fail(*cursor.error());
  if (auto ok = CheckGgufKeyTypes(metadata); !ok) return Fail(ok.error());
  GgufSummary summary;
  summary.architecture = metadata.Text("general.architecture");
  summary.file_bytes = source.size();
  if (auto ok = CheckPart(metadata, summary); !ok) return Fail(ok.error());
  if (summary.part == 0) {
    if (auto ok = CheckKind(metadata, summary.architecture); !ok) return Fail(ok.error());
    if (auto ok = CheckGgufModelKeys(metadata, summary.architecture); !ok) return Fail(ok.error());
  }
  const GgufTensors tensors = ReadGgufTensors(cursor, tensor_count, Alignment(cursor, metadata));
  if (!cursor.ok()) return Fail(*cursor.error());
  if (tensors.count == 0 && summary.part_count == 1)
    return Fail(Code::kInvalidArgument, "the file has no weights");
  if (summary.part == 0) DescribeGgufModel(metadata, tensors, summary);
  summary.tensor_count = tensors.count;
  summary.tensor_bytes = tensors.bytes;
  summary.parameters = tensors.parameters;
  summary.quantised = tensors.quantised;
  summary.form = GgufForm(metadata, tensors);
  return summary;
}

}  // namespace lares::backend::llama
