// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/gguf_describe.h"

#include <algorithm>
#include <string_view>

#include <llama.h>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

// "Q4_K - Medium" -> "Q4_K_M"; "IQ4_XS - 4.25 bpw" -> "IQ4_XS".
std::string ShortForm(std::string_view name) {
  const std::size_t dash = name.find(" - ");
  std::string form(name.substr(0, dash));
  if (form.starts_with("all ")) form.erase(0, 4);
  std::ranges::replace(form, ' ', '_');
  if (dash == std::string_view::npos) return form;
  const char size = name[dash + 3];
  if (size == 'S' || size == 'M' || size == 'L') form += Sentence("_", std::string_view(&size, 1));
  return form;
}

std::uint32_t Largest(const GgufMetadata& metadata, const std::string& key) {
  const GgufValue* value = metadata.Find(key);
  if (value == nullptr) return 0;
  if (value->type != GgufType::kArray) return static_cast<std::uint32_t>(value->number);
  return value->numbers.empty() ? 0 : *std::ranges::max_element(value->numbers);
}

// Keys and values of one token over all layers.
std::uint64_t KvValues(const GgufMetadata& metadata, const std::string& prefix, const GgufSummary& summary) {
  if (summary.head_count == 0) return 0;
  const std::uint64_t head = summary.embedding_length / summary.head_count;
  const std::uint64_t width = metadata.U32(prefix + "attention.key_length").value_or(head) +
                              metadata.U32(prefix + "attention.value_length").value_or(head);
  std::string key = prefix + "attention.head_count_kv";
  if (!metadata.Has(key)) key = prefix + "attention.head_count";
  const GgufValue* heads = metadata.Find(key);
  if (heads->type != GgufType::kArray) return heads->number * summary.block_count * width;
  std::uint64_t all = 0;
  for (const std::uint32_t layer : heads->numbers) all += layer;
  return all * width;
}

bool IsCausal(const GgufMetadata& metadata, const std::string& prefix) {
  const GgufValue* causal = metadata.Find(prefix + "attention.causal");
  return causal == nullptr || causal->number != 0;
}

// What the file says; else, where it has a head, that: many files of models that rank say nothing.
std::uint32_t PoolingType(const GgufMetadata& metadata, const std::string& prefix, bool has_head) {
  const std::uint32_t said = metadata.U32(prefix + "pooling_type").value_or(LLAMA_POOLING_TYPE_NONE);
  if (said != LLAMA_POOLING_TYPE_NONE) return said;
  const bool ranks = has_head || metadata.Has(prefix + "classifier.output_labels");
  return ranks ? LLAMA_POOLING_TYPE_RANK : LLAMA_POOLING_TYPE_NONE;
}

// A file that says how its tokens become one vector was made for that, also where its model could generate.
core::ModelPurpose Purpose(std::uint32_t pooling, bool causal) {
  if (pooling == LLAMA_POOLING_TYPE_RANK) return core::ModelPurpose::kRank;
  if (pooling != LLAMA_POOLING_TYPE_NONE || !causal) return core::ModelPurpose::kEmbed;
  return core::ModelPurpose::kGenerate;
}

GgufSummary::Pooling Pooling(std::uint32_t type) {
  switch (type) {
    case LLAMA_POOLING_TYPE_CLS:
      return GgufSummary::Pooling::kFirst;
    case LLAMA_POOLING_TYPE_LAST:
      return GgufSummary::Pooling::kLast;
    case LLAMA_POOLING_TYPE_RANK:
      return GgufSummary::Pooling::kRank;
    default:
      return GgufSummary::Pooling::kMean;
  }
}

}  // namespace

std::string GgufForm(const GgufMetadata& metadata, const GgufTensors& tensors) {
  const auto file_type = metadata.U32("general.file_type");
  if (file_type && *file_type < LLAMA_FTYPE_GUESSED) {
    const std::string_view name = llama_ftype_name(static_cast<llama_ftype>(*file_type));
    if (!name.starts_with("unknown")) return ShortForm(name);
  }
  std::string form = tensors.main_form;
  std::ranges::transform(form, form.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return form;
}

void DescribeGgufModel(const GgufMetadata& metadata, const GgufTensors& tensors, GgufSummary& summary) {
  const std::string prefix = summary.architecture + ".";
  summary.name = metadata.Text("general.name");
  summary.causal = IsCausal(metadata, prefix);
  const std::uint32_t pooling = PoolingType(metadata, prefix, tensors.has_head);
  summary.pooling = Pooling(pooling);
  summary.purpose = Purpose(pooling, summary.causal);
  summary.block_count = metadata.U32(prefix + "block_count").value_or(0);
  summary.context_length = metadata.U32(prefix + "context_length").value_or(0);
  summary.embedding_length = metadata.U32(prefix + "embedding_length").value_or(0);
  summary.feed_forward_length = Largest(metadata, prefix + "feed_forward_length");
  summary.head_count = Largest(metadata, prefix + "attention.head_count");
  summary.head_count_kv = Largest(metadata, prefix + "attention.head_count_kv");
  if (summary.head_count_kv == 0) summary.head_count_kv = summary.head_count;
  summary.kv_values_per_token = KvValues(metadata, prefix, summary);
  summary.has_chat_template = metadata.Has("tokenizer.chat_template");
  if (const GgufValue* tokens = metadata.Find("tokenizer.ggml.tokens")) {
    summary.vocabulary = static_cast<std::uint32_t>(tokens->count);
  }
}

}  // namespace lares::backend::llama
