// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/gguf_tensors.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <vector>

#include <ggml.h>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

struct Tensor {
  std::string name;
  std::array<std::uint64_t, GGML_MAX_DIMS> dims{1, 1, 1, 1};
  ggml_type type = GGML_TYPE_F32;
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;
};

bool Multiply(std::uint64_t a, std::uint64_t b, std::uint64_t& out) {
  return !__builtin_mul_overflow(a, b, &out) && out <= std::numeric_limits<std::int64_t>::max();
}

void ReadDims(GgufCursor& cursor, Tensor& tensor) {
  const std::uint32_t dims = cursor.U32();
  if (dims > GGML_MAX_DIMS) {
    return cursor.Fail(
        Sentence("tensor '", tensor.name, "' has ", dims, " dimensions; at most 4 are possible"));
  }
  tensor.elements = 1;
  for (std::uint32_t i = 0; i < dims && cursor.ok(); ++i) {
    tensor.dims[i] = cursor.U64();
    if (cursor.ok() && tensor.dims[i] == 0) cursor.Fail(Sentence("tensor '", tensor.name, "' is empty"));
    if (!Multiply(tensor.elements, tensor.dims[i], tensor.elements)) {
      cursor.Fail(Sentence("tensor '", tensor.name, "' has impossibly many elements"));
    }
  }
}

void ReadForm(GgufCursor& cursor, Tensor& tensor) {
  const std::uint32_t type = cursor.U32();
  if (!cursor.ok()) return;
  // Forms that were withdrawn have a number, but no block size.
  if (type >= GGML_TYPE_COUNT || ggml_blck_size(static_cast<ggml_type>(type)) <= 0) {
    return cursor.Fail(
        Sentence("tensor '", tensor.name, "' has the form number ", type,
                 ", which this version does not know: the file is damaged, too old or too new"));
  }
  tensor.type = static_cast<ggml_type>(type);
  const auto block = static_cast<std::uint64_t>(ggml_blck_size(tensor.type));
  if (tensor.dims[0] % block != 0) {
    return cursor.Fail(Sentence("tensor '", tensor.name, "' has rows of ", tensor.dims[0],
                                " elements, no multiple of ", block, " as ", ggml_type_name(tensor.type),
                                " needs"));
  }
  if (!Multiply(tensor.elements / block, ggml_type_size(tensor.type), tensor.bytes)) {
    cursor.Fail(Sentence("tensor '", tensor.name, "' is impossibly large"));
  }
}

Tensor ReadTensor(GgufCursor& cursor, std::uint64_t index) {
  Tensor tensor;
  cursor.Reading(Sentence("the description of tensor ", index));
  tensor.name = cursor.String(GGML_MAX_NAME - 1);
  ReadDims(cursor, tensor);
  ReadForm(cursor, tensor);
  tensor.offset = cursor.U64();
  return tensor;
}

std::uint64_t RoundUp(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

// Tensors lie one behind the other, each from the next multiple of the alignment on.
void CheckPlaces(GgufCursor& cursor, const std::vector<Tensor>& tensors, std::uint64_t alignment) {
  const std::uint64_t start = RoundUp(cursor.offset(), alignment);
  const std::uint64_t end = cursor.offset() + cursor.left();
  std::uint64_t expected = 0;
  for (const Tensor& tensor : tensors) {
    if (tensor.offset != expected) {
      return cursor.Fail(Sentence("tensor '", tensor.name, "' is at byte ", tensor.offset,
                                  " of the data instead of ", expected, ": the file is damaged"));
    }
    if (start > end || tensor.offset > end - start || tensor.bytes > end - start - tensor.offset) {
      return cursor.Fail(Sentence("the file ends at byte ", end, " but tensor '", tensor.name, "' needs ",
                                  tensor.bytes, " bytes from byte ", start + tensor.offset,
                                  " on: the download is incomplete"));
    }
    expected = RoundUp(tensor.offset + tensor.bytes, alignment);
  }
}

void Describe(const std::vector<Tensor>& tensors, GgufTensors& out) {
  std::array<std::uint64_t, GGML_TYPE_COUNT> bytes_of{};
  for (const Tensor& tensor : tensors) {
    out.parameters += tensor.elements;
    out.bytes += tensor.bytes;
    bytes_of[tensor.type] += tensor.bytes;
  }
  const auto most = std::ranges::max_element(bytes_of);
  const auto main = static_cast<ggml_type>(most - bytes_of.begin());
  out.main_form = tensors.empty() ? "" : ggml_type_name(main);
  out.quantised = !tensors.empty() && ggml_is_quantized(main);
}

}  // namespace

GgufTensors ReadGgufTensors(GgufCursor& cursor, std::uint64_t count, std::uint64_t alignment) {
  std::vector<Tensor> tensors;
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < count && cursor.ok(); ++i) {
    tensors.push_back(ReadTensor(cursor, i));
    if (cursor.ok() && !names.insert(tensors.back().name).second) {
      cursor.Fail(Sentence("tensor '", tensors.back().name, "' is there twice"));
    }
  }
  GgufTensors out{.count = count};
  if (!cursor.ok()) return out;
  CheckPlaces(cursor, tensors, alignment);
  // Only what lies within the file is added up: no overflow.
  if (cursor.ok()) Describe(tensors, out);
  out.has_head = names.contains("cls.weight") || names.contains("cls.output.weight");
  return out;
}

}  // namespace lares::backend::llama
