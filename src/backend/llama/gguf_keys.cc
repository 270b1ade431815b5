// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/gguf_keys.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <string_view>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Fail;
using base::Status;

constexpr std::uint32_t kMaxLayers = 512;  // as the model library
constexpr std::uint32_t kMaxExperts = 1024;

struct KeyType {
  std::string_view key;
  GgufType type;
  GgufType item = GgufType::kU8;  // of an array
};

constexpr std::array kFixed = {
    KeyType{"general.architecture", GgufType::kString},
    KeyType{"general.name", GgufType::kString},
    KeyType{"general.type", GgufType::kString},
    KeyType{"general.alignment", GgufType::kU32},
    KeyType{"general.file_type", GgufType::kU32},
    KeyType{"general.quantization_version", GgufType::kU32},
    KeyType{"split.no", GgufType::kU16},
    KeyType{"split.count", GgufType::kU16},
    KeyType{"split.tensors.count", GgufType::kI32},
    KeyType{"tokenizer.chat_template", GgufType::kString},
    KeyType{"tokenizer.ggml.model", GgufType::kString},
    KeyType{"tokenizer.ggml.pre", GgufType::kString},
    KeyType{"tokenizer.ggml.tokens", GgufType::kArray, GgufType::kString},
    KeyType{"tokenizer.ggml.merges", GgufType::kArray, GgufType::kString},
    KeyType{"tokenizer.ggml.token_type", GgufType::kArray, GgufType::kI32},
    KeyType{"tokenizer.ggml.bos_token_id", GgufType::kU32},
    KeyType{"tokenizer.ggml.eos_token_id", GgufType::kU32},
    KeyType{"tokenizer.ggml.eot_token_id", GgufType::kU32},
    KeyType{"tokenizer.ggml.padding_token_id", GgufType::kU32},
    KeyType{"tokenizer.ggml.add_bos_token", GgufType::kBool},
    KeyType{"tokenizer.ggml.add_eos_token", GgufType::kBool},
    KeyType{"tokenizer.ggml.add_space_prefix", GgufType::kBool},
};

// Below the architecture's name.
constexpr std::array kOfModel = {
    KeyType{"context_length", GgufType::kU32},
    KeyType{"embedding_length", GgufType::kU32},
    KeyType{"block_count", GgufType::kU32},
    KeyType{"vocab_size", GgufType::kU32},
    KeyType{"pooling_type", GgufType::kU32},
    KeyType{"expert_count", GgufType::kU32},
    KeyType{"attention.key_length", GgufType::kU32},
    KeyType{"attention.value_length", GgufType::kU32},
    KeyType{"attention.causal", GgufType::kBool},
    KeyType{"attention.sliding_window", GgufType::kU32},
    KeyType{"attention.layer_norm_epsilon", GgufType::kF32},
    KeyType{"attention.layer_norm_rms_epsilon", GgufType::kF32},
    KeyType{"rope.dimension_count", GgufType::kU32},
    KeyType{"rope.freq_base", GgufType::kF32},
};

std::string Describe(GgufType type, GgufType item) {
  if (type != GgufType::kArray) return std::string(GgufTypeName(type));
  return Sentence("array of ", GgufTypeName(item));
}

Status CheckType(const GgufMetadata& metadata, const std::string& key, const KeyType& expected) {
  const GgufValue* value = metadata.Find(key);
  if (value == nullptr) return {};
  const bool same =
      value->type == expected.type && (value->type != GgufType::kArray || value->item_type == expected.item);
  if (same) return {};
  return Fail(Code::kInvalidArgument,
              Sentence("key '", key, "' is of type ", Describe(value->type, value->item_type), " instead of ",
                       Describe(expected.type, expected.item)));
}

Status CheckRange(const GgufMetadata& metadata, const std::string& key, std::uint32_t low, std::uint32_t high,
                  bool required) {
  const auto value = metadata.U32(key);
  if (!value && !required) return {};
  if (!value) return Fail(Code::kInvalidArgument, Sentence("key '", key, "' is missing"));
  if (*value >= low && *value <= high) return {};
  return Fail(Code::kInvalidArgument,
              Sentence("key '", key, "' is ", *value, "; plausible are ", low, " to ", high));
}

// One number for all layers, or one per layer.
Status CheckPerLayer(const GgufMetadata& metadata, const std::string& key, std::uint32_t layers,
                     std::uint32_t low, std::uint32_t high) {
  const GgufValue* value = metadata.Find(key);
  if (value == nullptr || value->type == GgufType::kU32) return CheckRange(metadata, key, low, high, false);
  if (value->type != GgufType::kArray ||
      (value->item_type != GgufType::kU32 && value->item_type != GgufType::kI32)) {
    return Fail(Code::kInvalidArgument,
                Sentence("key '", key, "' is neither a u32 nor an array of integers"));
  }
  if (value->count != layers || value->numbers.size() != layers) {
    return Fail(Code::kInvalidArgument,
                Sentence("key '", key, "' has ", value->count, " items for ", layers, " layers"));
  }
  // Zero is right here: a layer without attention.
  const bool plausible = std::ranges::all_of(value->numbers, [&](std::uint32_t n) { return n <= high; });
  if (plausible) return {};
  return Fail(Code::kInvalidArgument, Sentence("key '", key, "' holds a number above ", high));
}

Status CheckTokenizer(const GgufMetadata& metadata) {
  const GgufValue* tokens = metadata.Find("tokenizer.ggml.tokens");
  if (tokens == nullptr) {
    return metadata.Text("tokenizer.ggml.model") == "none"
               ? Status{}
               : Fail(Code::kInvalidArgument,
                      "key 'tokenizer.ggml.tokens' is missing: the file has no vocabulary");
  }
  if (tokens->count == 0) return Fail(Code::kInvalidArgument, "the file's vocabulary is empty");
  for (const std::string key : {"tokenizer.ggml.scores", "tokenizer.ggml.token_type"}) {
    const GgufValue* value = metadata.Find(key);
    if (value == nullptr) continue;
    const bool numbers = value->type == GgufType::kArray &&
                         (value->item_type == GgufType::kF32 || value->item_type == GgufType::kI32);
    if (numbers && value->count >= tokens->count) continue;
    return Fail(Code::kInvalidArgument,
                Sentence("key '", key, "' has ", value->count, " numbers for ", tokens->count, " tokens"));
  }
  for (const std::string key : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"}) {
    const auto high = static_cast<std::uint32_t>(tokens->count - 1);
    if (auto ok = CheckRange(metadata, key, 0, high, false); !ok) return ok;
  }
  return {};
}

Status CheckExperts(const GgufMetadata& metadata, const std::string& prefix, std::uint32_t layers) {
  if (auto ok = CheckRange(metadata, prefix + "expert_count", 0, kMaxExperts, false); !ok) return ok;
  const std::uint32_t experts = metadata.U32(prefix + "expert_count").value_or(0);
  if (auto ok = CheckPerLayer(metadata, prefix + "expert_used_count", layers, experts > 0 ? 1 : 0, experts);
      !ok) {
    return ok;
  }
  if (experts > 0 && !metadata.Has(prefix + "expert_used_count")) {
    return Fail(Code::kInvalidArgument, Sentence("key '", prefix, "expert_used_count' is missing"));
  }
  return {};
}

}  // namespace

Status CheckGgufKeyTypes(const GgufMetadata& metadata) {
  for (const KeyType& expected : kFixed) {
    if (auto ok = CheckType(metadata, std::string(expected.key), expected); !ok) return ok;
  }
  return {};
}

Status CheckGgufModelKeys(const GgufMetadata& metadata, const std::string& architecture) {
  const std::string prefix = architecture + ".";
  for (const KeyType& expected : kOfModel) {
    if (auto ok = CheckType(metadata, prefix + std::string(expected.key), expected); !ok) return ok;
  }
  const auto range = [&](const char* name, std::uint32_t low, std::uint32_t high, bool required) {
    return CheckRange(metadata, prefix + name, low, high, required);
  };
  if (auto ok = range("block_count", 1, kMaxLayers, true); !ok) return ok;
  if (auto ok = range("embedding_length", 1, 1U << 20U, true); !ok) return ok;
  if (auto ok = range("context_length", 1, 1U << 30U, true); !ok) return ok;
  if (auto ok = range("attention.key_length", 1, 1U << 16U, false); !ok) return ok;
  if (auto ok = range("attention.value_length", 1, 1U << 16U, false); !ok) return ok;
  const std::uint32_t layers = *metadata.U32(prefix + "block_count");
  const std::uint32_t width = *metadata.U32(prefix + "embedding_length");
  // Recurrent models have no heads; where there are any, the library divides by their number.
  for (const char* name : {"attention.head_count", "attention.head_count_kv"}) {
    if (auto ok = CheckPerLayer(metadata, prefix + name, layers, 0, width); !ok) return ok;
  }
  if (auto ok = CheckPerLayer(metadata, prefix + "feed_forward_length", layers, 0, 1U << 24U); !ok) return ok;
  if (auto ok = CheckExperts(metadata, prefix, layers); !ok) return ok;
  return CheckTokenizer(metadata);
}

}  // namespace lares::backend::llama
