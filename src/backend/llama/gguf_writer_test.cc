// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/gguf_writer_test.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include <ggml.h>
#include <gtest/gtest.h>

namespace lares::backend::llama {
namespace {

template <class T>
void Append(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

void AppendText(std::string& out, std::string_view text) {
  Append<std::uint64_t>(out, text.size());
  out += text;
}

constexpr std::uint64_t kAlignment = 32;

std::uint64_t Padded(std::uint64_t value) { return (value + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

GgufWriter GgufWriter::Model() {
  GgufWriter file;
  file.Text("general.architecture", "llama")
      .Text("general.name", "Tiny")
      .U32("general.file_type", 7)
      .U32("llama.block_count", 2)
      .U32("llama.context_length", 128)
      .U32("llama.embedding_length", 64)
      .U32("llama.attention.head_count", 4)
      .U32("llama.attention.head_count_kv", 2)
      .F32("llama.attention.layer_norm_rms_epsilon", 1e-5F)
      .Text("tokenizer.ggml.model", "gpt2")
      .Texts("tokenizer.ggml.tokens", {"a", "b", "c", "<|end|>"})
      .U32("tokenizer.ggml.eos_token_id", 3)
      .Text("tokenizer.chat_template", "{{ messages }}");
  file.Tensor("token_embd.weight", {64, 4}, GGML_TYPE_Q8_0).Tensor("output_norm.weight", {64}, GGML_TYPE_F32);
  return file;
}

GgufWriter& GgufWriter::Put(const std::string& key, std::string bytes) {
  pairs_.push_back({key, std::move(bytes)});
  return *this;
}

GgufWriter& GgufWriter::Text(const std::string& key, std::string_view value) {
  std::string bytes;
  Append<std::uint32_t>(bytes, 8);
  AppendText(bytes, value);
  return Put(key, bytes);
}

GgufWriter& GgufWriter::U32(const std::string& key, std::uint32_t value) {
  std::string bytes;
  Append<std::uint32_t>(bytes, 4);
  Append(bytes, value);
  return Put(key, bytes);
}

GgufWriter& GgufWriter::U16(const std::string& key, std::uint16_t value) {
  std::string bytes;
  Append<std::uint32_t>(bytes, 2);
  Append(bytes, value);
  return Put(key, bytes);
}

GgufWriter& GgufWriter::F32(const std::string& key, float value) {
  std::string bytes;
  Append<std::uint32_t>(bytes, 6);
  Append(bytes, value);
  return Put(key, bytes);
}

GgufWriter& GgufWriter::Bool(const std::string& key, bool value) {
  std::string bytes;
  Append<std::uint32_t>(bytes, 7);
  Append<std::uint8_t>(bytes, value ? 1 : 0);
  return Put(key, bytes);
}

GgufWriter& GgufWriter::Texts(const std::string& key, const std::vector<std::string>& values) {
  std::string bytes;
  Append<std::uint32_t>(bytes, 9);
  Append<std::uint32_t>(bytes, 8);
  Append<std::uint64_t>(bytes, values.size());
  for (const std::string& value : values) AppendText(bytes, value);
  return Put(key, bytes);
}

GgufWriter& GgufWriter::U32s(const std::string& key, const std::vector<std::uint32_t>& values) {
  std::string bytes;
  Append<std::uint32_t>(bytes, 9);
  Append<std::uint32_t>(bytes, 4);
  Append<std::uint64_t>(bytes, values.size());
  for (const std::uint32_t value : values) Append(bytes, value);
  return Put(key, bytes);
}

GgufWriter& GgufWriter::I32s(const std::string& key, const std::vector<std::int32_t>& values) {
  std::string bytes;
  Append<std::uint32_t>(bytes, 9);
  Append<std::uint32_t>(bytes, 5);
  Append<std::uint64_t>(bytes, values.size());
  for (const std::int32_t value : values) Append(bytes, value);
  return Put(key, bytes);
}

GgufWriter& GgufWriter::Remove(const std::string& key) {
  std::erase_if(pairs_, [&](const Pair& pair) { return pair.key == key; });
  return *this;
}

GgufWriter& GgufWriter::Tensor(const std::string& name, const std::vector<std::uint64_t>& dims,
                               std::uint32_t type, std::int64_t offset) {
  std::uint64_t next = 0;
  if (!tensors_.empty()) next = Padded(tensors_.back().offset + tensors_.back().bytes);
  std::uint64_t elements = 1;
  for (const std::uint64_t dim : dims) elements *= dim;
  std::uint64_t bytes = 0;
  if (type < GGML_TYPE_COUNT && ggml_blck_size(static_cast<ggml_type>(type)) > 0) {
    bytes = elements / static_cast<std::uint64_t>(ggml_blck_size(static_cast<ggml_type>(type))) *
            ggml_type_size(static_cast<ggml_type>(type));
  }
  tensors_.push_back({name, dims, type, offset < 0 ? next : static_cast<std::uint64_t>(offset), bytes});
  return *this;
}

std::vector<std::uint8_t> GgufWriter::Bytes() const {
  std::string out = magic;
  Append(out, version);
  Append<std::int64_t>(out, static_cast<std::int64_t>(tensors_.size()) + extra_tensors);
  Append<std::int64_t>(out, static_cast<std::int64_t>(pairs_.size()) + extra_keys);
  for (const Pair& pair : pairs_) {
    AppendText(out, pair.key);
    out += pair.bytes;
  }
  std::uint64_t end = 0;
  for (const TensorInfo& tensor : tensors_) {
    AppendText(out, tensor.name);
    Append<std::uint32_t>(out, static_cast<std::uint32_t>(tensor.dims.size()));
    for (const std::uint64_t dim : tensor.dims) Append(out, dim);
    Append(out, tensor.type);
    Append(out, tensor.offset);
    end = std::max(end, tensor.offset + tensor.bytes);
  }
  if (!tensors_.empty()) out.resize(Padded(out.size()) + end, '\x11');
  return {out.begin(), out.end()};
}

// Makes the seeds of tests/fuzz/corpus/gguf_check_fuzz again: run with LARES_WRITE_CORPUS=that folder.
TEST(GgufWriter, WritesSeeds) {
  const char* dir = std::getenv("LARES_WRITE_CORPUS");
  if (dir == nullptr) GTEST_SKIP() << "only on demand";
  auto experts = GgufWriter::Model();
  experts.U32("llama.expert_count", 4)
      .U32("llama.expert_used_count", 2)
      .U16("split.no", 0)
      .U16("split.count", 2);
  GgufWriter part;
  part.U16("split.no", 1).U16("split.count", 2).Tensor("blk.0.weight", {32, 2}, 0);
  const std::pair<const char*, std::vector<std::uint8_t>> seeds[] = {
      {"model.gguf", GgufWriter::Model().Bytes()},
      {"first_part.gguf", experts.Bytes()},
      {"second_part.gguf", part.Bytes()},
      {"header.gguf", GgufWriter().Bytes()},
  };
  for (const auto& [name, bytes] : seeds) {
    std::ofstream(std::filesystem::path(dir) / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
}

}  // namespace lares::backend::llama
