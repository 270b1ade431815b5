// SPDX-License-Identifier: Apache-2.0
//
// Writes small GGUF files for tests: right by default, wrong where a test says so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lares::backend::llama {

class GgufWriter {
 public:
  // A tiny model of architecture "llama": two layers, four tokens, two tensors.
  static GgufWriter Model();

  GgufWriter& Text(const std::string& key, std::string_view value);
  GgufWriter& U32(const std::string& key, std::uint32_t value);
  GgufWriter& U16(const std::string& key, std::uint16_t value);
  GgufWriter& F32(const std::string& key, float value);
  GgufWriter& Bool(const std::string& key, bool value);
  GgufWriter& Texts(const std::string& key, const std::vector<std::string>& values);
  GgufWriter& U32s(const std::string& key, const std::vector<std::uint32_t>& values);
  GgufWriter& I32s(const std::string& key, const std::vector<std::int32_t>& values);
  GgufWriter& Remove(const std::string& key);
  // `offset` below zero: where it belongs.
  GgufWriter& Tensor(const std::string& name, const std::vector<std::uint64_t>& dims, std::uint32_t type,
                     std::int64_t offset = -1);

  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::int64_t extra_tensors = 0;  // claimed, but not there
  std::int64_t extra_keys = 0;

  std::vector<std::uint8_t> Bytes() const;

 private:
  struct Pair {
    std::string key;
    std::string bytes;  // type and value
  };
  struct TensorInfo {
    std::string name;
    std::vector<std::uint64_t> dims;
    std::uint32_t type;
    std::uint64_t offset;
    std::uint64_t bytes;
  };
  GgufWriter& Put(const std::string& key, std::string bytes);

  std::vector<Pair> pairs_;
  std::vector<TensorInfo> tensors_;
};

}  // namespace lares::backend::llama
